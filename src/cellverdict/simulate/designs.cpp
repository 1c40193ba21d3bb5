#include <cellverdict/simulate/designs.h>

#include <cellverdict/base/random.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace {

// Batch of each donor, 0 … n_batches - 1.
std::vector<int> deal_batches(const SimulateOptions& options, const std::vector<char>& diseased, std::uint64_t seed) {
  std::vector<int> batches;
  int next[2] = {0, options.n_batches / 2};  // the labels start at different batches: fewer donors than batches still spread
  Random random(seed, "confounding");
  for (const char ill : diseased) {
    int batch = next[ill != 0]++ % options.n_batches;
    const bool follows = random.uniform() < options.confounding;
    const int own = ill ? (options.n_batches + 1) / 2 : options.n_batches / 2;  // batches 0, 2, … or 1, 3, …
    const int pick = own > 0 ? static_cast<int>(random.below(static_cast<std::uint64_t>(own))) : 0;
    if (follows && own > 0) batch = 2 * pick + (ill ? 0 : 1);
    batches.push_back(batch);
  }
  return batches;
}

}  // namespace

void plan_cohort(const SimulateOptions& options, std::uint64_t seed, StudyPlan& plan) {
  plan.label_name = "disease";
  plan.diseased_labels = {"disease"};
  if (options.n_diseases > 1) plan.diseased_labels.clear();
  for (int k = 1; k <= options.n_diseases && options.n_diseases > 1; ++k)
    plan.diseased_labels.push_back(fmt::format("disease {}", k));
  plan.control_label = "control";
  const auto n_diseased = static_cast<std::int64_t>(std::llround(options.diseased * options.n_donors));
  std::vector<char> diseased(static_cast<std::size_t>(options.n_donors), 0);
  std::fill_n(diseased.begin(), n_diseased, 1);
  Random(seed, "labels").shuffle(std::span(diseased));
  const auto batches = deal_batches(options, diseased, seed);

  std::vector<int> disease;  // [donors] in turn among the ill
  for (int n_ill = 0; const char ill : diseased) disease.push_back(ill != 0 ? n_ill++ % options.n_diseases + 1 : 1);
  for (int d = 0; d < options.n_donors; ++d)
    for (int day = 0; day < options.n_days; ++day) {
      SimulatedLibrary library;
      library.donor = fmt::format("D{:02d}", d + 1);
      library.name = library.donor;
      library.diseased = diseased[d] != 0;
      library.disease = disease[d];
      library.batch = fmt::format("B{}", batches[d] + 1);
      if (options.n_days > 1) {
        library.day = day;
        library.name += fmt::format("_d{}", day);
      }
      plan.libraries.push_back(std::move(library));
    }
}

void plan_lmna(StudyPlan& plan) {
  struct Row {
    const char* name;
    bool diseased;
    double day;
    const char* replicate;
  };
  static constexpr Row kRows[] = {
      {"GSM8325046", false, 0, "A"}, {"GSM8325047", false, 2, "A"},  {"GSM8325048", false, 4, "A"},  {"GSM8325049", false, 9, "A"},
      {"GSM8325050", false, 9, "B"}, {"GSM8325051", false, 16, "A"}, {"GSM8325052", false, 19, "A"}, {"GSM8325053", false, 30, "A"},
      {"GSM8325054", true, 0, "A"},  {"GSM8325055", true, 9, "B"},   {"GSM8325056", true, 16, "A"},  {"GSM8325057", true, 19, "A"},
  };
  plan.label_name = "genotype";
  plan.diseased_labels = {"Patient"};
  plan.control_label = "Control";
  for (const Row& row : kRows) {
    SimulatedLibrary library;
    library.name = library.batch = row.name;
    library.donor = row.diseased ? "patient" : "sister";
    library.replicate = row.replicate;
    library.diseased = row.diseased;
    library.day = row.day;
    plan.libraries.push_back(std::move(library));
  }
}

}  // namespace cellverdict
