#pragma once
// Small studies in memory, and the sentence of an error.

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/split/split.h>

#include <iostream>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cellverdict::testing {

struct ExampleUnit {
  std::string name, donor, label;
  double day = 0;
  int n_cells = 10;
};

// The twelve libraries of the LMNA study: two people, seven days.
inline std::vector<ExampleUnit> lmna_units(int n_cells = 10) {
  const auto control = [&](const char* name, double day) { return ExampleUnit{name, "sister", "Control", day, n_cells}; };
  const auto patient = [&](const char* name, double day) { return ExampleUnit{name, "patient", "Patient", day, n_cells}; };
  return {control("GSM8325046", 0), control("GSM8325047", 2),  control("GSM8325048", 4),  control("GSM8325049", 9),
          control("GSM8325050", 9), control("GSM8325051", 16), control("GSM8325052", 19), control("GSM8325053", 30),
          patient("GSM8325054", 0), patient("GSM8325055", 9),  patient("GSM8325056", 16), patient("GSM8325057", 19)};
}

// The paper's split by lists (its section 2.3.2).
inline SplitOptions lmna_lists() {
  return {.scheme = "lists",
          .train = {"GSM8325046", "GSM8325047", "GSM8325048", "GSM8325050", "GSM8325051", "GSM8325053", "GSM8325055", "GSM8325057"},
          .validation = {"GSM8325049", "GSM8325054"},
          .test = {"GSM8325052", "GSM8325056"}};
}

// `n_per_class` units of each class, every one another donor.
inline std::vector<ExampleUnit> many_units(const std::vector<std::string>& classes, int n_per_class, int n_cells = 10) {
  std::vector<ExampleUnit> units;
  for (const auto& name : classes)
    for (int i = 0; i < n_per_class; ++i)
      units.push_back({name + std::to_string(i), "donor-" + name + std::to_string(i), name, static_cast<double>(i), n_cells});
  return units;
}

struct ExampleOptions {
  std::int64_t n_genes = 20;
  float signal = 0;                // added to genes 0 to 2 of every class but the first
  std::set<std::string> poisoned;  // units whose counts are not numbers
  CohortRoles roles = {.label = "genotype", .unit = "library", .donor = "donor", .positive = ""};
};

// Counts are a function of the cell's number alone. Gene 3 is in every cell.
inline std::shared_ptr<const CellTable> make_example_table(const std::vector<ExampleUnit>& units,
                                                           const ExampleOptions& options = {}) {
  GeneList genes;
  for (std::int64_t g = 0; g < options.n_genes; ++g) {
    genes.ids.push_back("ENSG" + std::to_string(g));
    genes.symbols.push_back("GENE" + std::to_string(g));
  }
  Frame obs;
  std::vector<std::string> library, donor, label;
  std::vector<double> day, totals;
  CsrBlock block;
  for (const auto& unit : units)
    for (int i = 0; i < unit.n_cells; ++i) {
      const auto number = static_cast<std::uint64_t>(obs.index.size());
      Random random(7, "example counts", {}, number);
      obs.index.push_back("cell" + std::to_string(number));
      library.push_back(unit.name);
      donor.push_back(unit.donor);
      label.push_back(unit.label);
      day.push_back(unit.day);
      double total = 0;
      for (std::int64_t g = 0; g < options.n_genes; ++g) {
        float x = random.below(3) == 0 ? static_cast<float>(random.below(6)) : 0.0F;
        if (g == 3) x += 1;
        if (g < 3 && unit.label != units[0].label) x += options.signal;
        if (x == 0) continue;
        total += x;
        block.push(static_cast<std::int32_t>(g),
                   options.poisoned.contains(unit.name) ? std::numeric_limits<float>::quiet_NaN() : x);
      }
      totals.push_back(options.poisoned.contains(unit.name) ? std::numeric_limits<double>::quiet_NaN() : total);
      block.end_row();
    }
  obs.set("library", make_text_column(library));
  obs.set("donor", make_text_column(donor));
  obs.set("genotype", make_text_column(label));
  obs.set("day", make_number_column(day));
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(std::move(block)));
  return std::make_shared<const CellTable>(std::move(genes), std::move(obs), std::move(totals), std::move(shards));
}

inline std::shared_ptr<const Cohort> make_example(const std::vector<ExampleUnit>& units, const ExampleOptions& options = {},
                                                  std::optional<UnitGeneSums> sums = {}) {
  return std::make_shared<const Cohort>(make_cohort(make_example_table(units, options), options.roles, std::move(sums)));
}

inline Split split_example(const std::shared_ptr<const Cohort>& cohort, const SplitOptions& options, std::uint64_t seed = 42) {
  RunContext context;
  context.seed = seed;
  return Split::make(context, cohort, options);
}

// The sentence of the error of this kind that `action` throws; "" when it throws none.
template <class Kind, class Action>
std::string sentence(Action action) {
  try {
    action();
  } catch (const Kind& error) {
    return error.what();
  }
  return {};
}

inline bool says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  std::cerr << "not in: " << text << '\n';
  return false;
}
inline bool says(const std::vector<std::string>& texts, const std::string& part) {
  for (const auto& text : texts)
    if (text.find(part) != std::string::npos) return true;
  for (const auto& text : texts) std::cerr << "not in: " << text << '\n';
  return false;
}

}  // namespace cellverdict::testing
