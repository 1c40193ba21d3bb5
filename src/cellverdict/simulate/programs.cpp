#include <cellverdict/simulate/programs.h>

#include <cellverdict/base/random.h>

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <numeric>
#include <set>

namespace cellverdict {

namespace {

class Maker {
 public:
  Maker(const StudyPlan& plan, const SimulateOptions& options, std::uint64_t seed) : plan_(plan), options_(options), seed_(seed) {
    expressed_.resize(plan.log_expression.size());
    std::iota(expressed_.begin(), expressed_.end(), 0);
    std::stable_sort(expressed_.begin(), expressed_.end(),
                     [&](std::int32_t a, std::int32_t b) { return plan.log_expression[a] > plan.log_expression[b]; });
    expressed_.resize(static_cast<std::size_t>(std::ceil(options.expressed_share * static_cast<double>(expressed_.size()))));
    std::sort(expressed_.begin(), expressed_.end());
  }

  std::vector<Program> make() {
    const std::int64_t n_wide = std::llround(options_.program_share * static_cast<double>(plan_.genes.size()));
    for (std::size_t k = 0; k < plan_.cell_types.size(); ++k)
      add_normal(Program::Kind::cell_type, plan_.cell_types[k], static_cast<int>(k), n_wide, options_.cell_type_effect);
    add_diseases();
    add_days(n_wide);
    for (const auto& donor : levels(&SimulatedLibrary::donor))
      add_normal(Program::Kind::donor, donor, -1, n_wide, options_.donor_effect);
    const auto batches = levels(&SimulatedLibrary::batch);
    if (batches.size() > 1)
      for (const auto& batch : batches) add_normal(Program::Kind::batch, batch, -1, n_wide, options_.batch_effect);
    return std::move(programs_);
  }

 private:
  // `count` genes of `pool`, ascending.
  std::vector<std::int32_t> draw_genes(Random& random, const std::vector<std::int32_t>& pool, std::int64_t count,
                                       const std::string& option) const {
    if (count > static_cast<std::int64_t>(pool.size()))
      throw UsageError({.where = "[simulate] " + option,
                        .found = fmt::format("{} genes to change", count),
                        .expected = fmt::format("at most the {} expressed genes left", pool.size()),
                        .advice = "raise n_genes or expressed_share, or change fewer genes"});
    std::vector<std::int32_t> genes;
    for (const std::int64_t i : sample_without_replacement(random, static_cast<std::int64_t>(pool.size()), count))
      genes.push_back(pool[i]);
    return genes;
  }

  void add(Program program) {
    std::erase_if(program.effects, [](const GeneEffect& effect) { return effect.log_fold_change == 0; });
    if (!program.effects.empty()) programs_.push_back(std::move(program));
  }

  void add_normal(Program::Kind kind, const std::string& level, int cell_type, std::int64_t count, double sd) {
    Random random(seed_, program_name(kind) + " program", level);
    boost::random::normal_distribution<double> normal;
    Program program{kind, level, cell_type, {}};
    for (const std::int32_t gene : draw_genes(random, expressed_, count, "program_share"))
      program.effects.push_back({gene, sd * normal(random)});
    add(std::move(program));
  }

  // ± size · Uniform(1 − spread, 1 + spread) each.
  static void append_signed(Random& random, const std::vector<std::int32_t>& genes, double size, double spread,
                            std::vector<GeneEffect>& out) {
    for (const std::int32_t gene : genes) {
      const double sign = random.below(2) == 0 ? 1 : -1;
      out.push_back({gene, sign * size * (1 - spread + 2 * spread * random.uniform())});
    }
  }

  void add_diseases() {
    for (const auto& label : plan_.diseased_labels) add_disease(label);
  }

  void add_disease(const std::string& label) {
    // One disease alone keeps the genes it had before there could be several.
    const std::string which = plan_.diseased_labels.size() > 1 ? label + ", " : "";
    const std::int64_t n_shared = std::llround(options_.shared_disease * static_cast<double>(options_.n_disease_genes));
    Random random(seed_, "disease program", which + "shared");
    const auto shared = draw_genes(random, expressed_, n_shared, "n_disease_genes");
    std::vector<GeneEffect> shared_effects;
    append_signed(random, shared, options_.effect, options_.effect_spread, shared_effects);
    std::vector<std::int32_t> others;
    std::set_difference(expressed_.begin(), expressed_.end(), shared.begin(), shared.end(), std::back_inserter(others));

    const auto asked = static_cast<std::size_t>(options_.n_disease_types);
    const std::size_t n_types = asked == 0 ? plan_.cell_types.size() : std::min(asked, plan_.cell_types.size());
    for (std::size_t k = 0; k < n_types; ++k) {
      Random own(seed_, "disease program", which + plan_.cell_types[k]);
      Program program{Program::Kind::disease, label, static_cast<int>(k), shared_effects};
      append_signed(own, draw_genes(own, others, options_.n_disease_genes - n_shared, "n_disease_genes"), options_.effect,
                    options_.effect_spread, program.effects);
      std::sort(program.effects.begin(), program.effects.end(),
                [](const GeneEffect& a, const GeneEffect& b) { return a.gene < b.gene; });
      add(std::move(program));
    }
  }

  void add_days(std::int64_t n_smooth) {
    std::set<double> days;
    for (const auto& library : plan_.libraries)
      if (library.day) days.insert(*library.day);
    if (days.size() < 2) return;

    Random random(seed_, "day program", "smooth");
    boost::random::normal_distribution<double> normal(0, options_.day_effect);
    struct Course {
      std::int32_t gene;
      double size, centre;
      bool passing;  // rises and falls again
    };
    std::vector<Course> courses;
    for (const std::int32_t gene : draw_genes(random, expressed_, n_smooth, "program_share")) {
      const double size = options_.day_effect == 0 ? 0 : normal(random);
      const double centre = random.uniform();
      courses.push_back({gene, size, centre, random.below(2) == 1});
    }
    for (const double day : days) {
      const double t = std::log1p(day) / std::log1p(*days.rbegin());
      Program smooth{Program::Kind::day, day_text(day), -1, {}};
      for (const auto& [gene, size, centre, passing] : courses) {
        const double distance = (t - centre) / 0.2;
        smooth.effects.push_back({gene, size * (passing ? std::exp(-0.5 * distance * distance) : t)});
      }
      add(std::move(smooth));

      Random own(seed_, "day program", day_text(day));
      Program only{Program::Kind::day_only, day_text(day), -1, {}};
      append_signed(own, draw_genes(own, expressed_, options_.n_day_genes, "n_day_genes"), options_.day_effect, 0.5, only.effects);
      add(std::move(only));
    }
  }

  // Distinct values in the libraries' order.
  std::vector<std::string> levels(std::string SimulatedLibrary::* member) const {
    std::vector<std::string> out;
    for (const auto& library : plan_.libraries)
      if (std::find(out.begin(), out.end(), library.*member) == out.end()) out.push_back(library.*member);
    return out;
  }

  const StudyPlan& plan_;
  const SimulateOptions& options_;
  std::uint64_t seed_;
  std::vector<std::int32_t> expressed_;
  std::vector<Program> programs_;
};

}  // namespace

std::vector<Program> make_programs(const StudyPlan& plan, const SimulateOptions& options, std::uint64_t seed) {
  return Maker(plan, options, seed).make();
}

}  // namespace cellverdict
