#include <cellverdict/simulate/plan.h>

#include <cellverdict/base/random.h>
#include <cellverdict/simulate/designs.h>
#include <cellverdict/simulate/programs.h>

#include <fmt/format.h>

#include <array>
#include <boost/random/normal_distribution.hpp>
#include <cmath>

namespace cellverdict {

namespace {

constexpr std::array<const char*, kMitoGenes> kMitoSymbols = {"MT-ND1",  "MT-ND2", "MT-CO1", "MT-CO2",  "MT-ATP8",
                                                              "MT-ATP6", "MT-CO3", "MT-ND3", "MT-ND4L", "MT-ND4",
                                                              "MT-ND5",  "MT-ND6", "MT-CYB"};

// Every option against the range its table states, as if it had been read from a file.
void check_ranges(const SimulateOptions& options) {
  SimulateOptions copy = options;
  for (const auto& entry : simulate_options().entries()) entry.read(copy, entry.write(options), "[simulate] " + entry.name);
}

GeneList make_genes(std::int64_t n_genes) {
  GeneList genes;
  for (std::int64_t g = 0; g < n_genes; ++g) {
    const std::int64_t mito = g - (n_genes - kMitoGenes);
    genes.ids.push_back(fmt::format("ENSGSIM{:011d}", g + 1));
    genes.symbols.push_back(mito < 0 ? fmt::format("GENE{}", g + 1) : kMitoSymbols[mito]);
  }
  return genes;
}

void scale_to_one(std::vector<double>& weights) {
  double sum = 0;
  for (const double w : weights) sum += w;
  for (double& w : weights) w /= sum;
}

// exp(Normal(0, sd²)) each, scaled to sum 1.
std::vector<double> random_shares(Random random, std::int64_t n, double sd) {
  boost::random::normal_distribution<double> normal;
  std::vector<double> shares(static_cast<std::size_t>(n));
  for (double& share : shares) share = std::exp(sd * normal(random));
  scale_to_one(shares);
  return shares;
}

}  // namespace

std::string day_text(double day) {
  return fmt::format("{}", day);
}

std::string program_name(Program::Kind kind) {
  switch (kind) {
    case Program::Kind::cell_type:
      return "cell_type";
    case Program::Kind::disease:
      return "disease";
    case Program::Kind::day:
      return "day";
    case Program::Kind::day_only:
      return "day_only";
    case Program::Kind::donor:
      return "donor";
    case Program::Kind::batch:
      return "batch";
  }
  throw InternalError({.where = "program_name", .found = "an unknown kind of program", .expected = "", .advice = ""});
}

bool StudyPlan::matches(const Program& program, const SimulatedLibrary& library, int cell_type) const {
  if (program.cell_type >= 0 && program.cell_type != cell_type) return false;
  switch (program.kind) {
    case Program::Kind::cell_type:
      return true;
    case Program::Kind::disease:
      return library.diseased && label(library) == program.level;
    case Program::Kind::day:
    case Program::Kind::day_only:
      return library.day && day_text(*library.day) == program.level;
    case Program::Kind::donor:
      return library.donor == program.level;
    case Program::Kind::batch:
      return library.batch == program.level;
  }
  return false;
}

std::vector<double> StudyPlan::shares(const SimulatedLibrary& library, int cell_type) const {
  std::vector<double> shares = log_expression;
  for (const auto& program : programs)
    if (matches(program, library, cell_type))
      for (const auto& [gene, change] : program.effects) shares[gene] += change;
  for (double& share : shares) share = std::exp(share);
  scale_to_one(shares);
  return shares;
}

StudyPlan make_plan(const SimulateOptions& options, std::uint64_t seed) {
  check_ranges(options);
  StudyPlan plan;
  plan.genes = make_genes(options.n_genes);
  for (int k = 0; k < options.n_cell_types; ++k) plan.cell_types.push_back(fmt::format("type {}", k + 1));
  if (options.design == "lmna") {
    plan_lmna(plan);
  } else {
    plan_cohort(options, seed, plan);
  }
  for (auto& library : plan.libraries) {
    library.composition = random_shares(Random(seed, "composition", library.name), options.n_cell_types, options.composition_sd);
    if (!library.diseased || options.composition_effect == 0) continue;
    library.composition.front() *= std::exp(options.composition_effect);
    scale_to_one(library.composition);
  }

  Random random(seed, "expression");
  boost::random::normal_distribution<double> normal(0, 1);
  for (std::int64_t g = 0; g < options.n_genes - kMitoGenes; ++g) plan.log_expression.push_back(options.gene_sd * normal(random));
  plan.mito_shares = random_shares(Random(seed, "mitochondrial shares"), kMitoGenes, 0.5);
  plan.programs = make_programs(plan, options, seed);
  return plan;
}

}  // namespace cellverdict
