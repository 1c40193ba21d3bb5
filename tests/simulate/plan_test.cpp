#include <cellverdict/simulate/plan.h>

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

using namespace cellverdict;

namespace {

SimulateOptions small() {
  SimulateOptions options;
  options.n_genes = 1000;
  options.n_disease_genes = 20;
  options.n_day_genes = 20;
  return options;
}

}  // namespace

TEST_CASE("the lmna design has the twelve libraries of the study") {
  auto options = small();
  options.design = "lmna";
  const auto plan = make_plan(options, 42);
  REQUIRE(plan.libraries.size() == 12);
  std::string text;
  for (const auto& l : plan.libraries)
    text += l.name.substr(8) + " " + plan.label(l) + " " + l.donor + " d" + day_text(l.day.value()) + " " + l.replicate + "\n";
  CHECK(text ==
        "46 Control sister d0 A\n47 Control sister d2 A\n48 Control sister d4 A\n49 Control sister d9 A\n"
        "50 Control sister d9 B\n51 Control sister d16 A\n52 Control sister d19 A\n53 Control sister d30 A\n"
        "54 Patient patient d0 A\n55 Patient patient d9 B\n56 Patient patient d16 A\n57 Patient patient d19 A\n");
}

TEST_CASE("without confounding both labels are in every batch, with full confounding batch and label are the same") {
  auto options = small();
  options.n_donors = 40;
  options.n_batches = 2;
  const auto table = [&](double confounding) {
    options.confounding = confounding;
    std::map<std::pair<bool, std::string>, int> n;
    for (const auto& library : make_plan(options, 3).libraries) ++n[{library.diseased, library.batch}];
    return n;
  };
  const auto balanced = table(0);
  REQUIRE(balanced.size() == 4);
  for (const auto& [cell, n] : balanced) CHECK(n == 10);
  const auto confounded = table(1);
  REQUIRE(confounded.size() == 2);
  for (const auto& [cell, n] : confounded) CHECK(n == 20);
  const auto half = table(0.5);
  CHECK(half.at({true, "B1"}) > half.at({true, "B2"}));
  CHECK(half.at({true, "B2"}) > 0);
}

TEST_CASE("donors are diseased in the asked share and keep their label on every day") {
  auto options = small();
  options.n_donors = 10;
  options.diseased = 0.3;
  options.n_days = 3;
  const auto plan = make_plan(options, 8);
  CHECK(plan.libraries.size() == 30);
  std::map<std::string, std::set<bool>> labels;
  for (const auto& library : plan.libraries) labels[library.donor].insert(library.diseased);
  int n_diseased = 0;
  for (const auto& [donor, seen] : labels) {
    CHECK(seen.size() == 1);
    n_diseased += *seen.begin();
  }
  CHECK(n_diseased == 3);
}

TEST_CASE("two libraries differ exactly where the programs that only one of them matches change genes") {
  auto options = small();
  options.donor_effect = 0;
  options.batch_effect = 0;
  const auto plan = make_plan(options, 42);
  const SimulatedLibrary *ill = nullptr, *well = nullptr;
  for (const auto& library : plan.libraries) (library.diseased ? ill : well) = &library;
  for (int k = 0; k < options.n_cell_types; ++k) {
    std::map<std::int32_t, double> truth;
    for (const auto& program : plan.programs)
      if (program.kind == Program::Kind::disease && program.cell_type == k)
        for (const auto& effect : program.effects) truth[effect.gene] = effect.log_fold_change;
    CHECK(truth.size() == 20);
    const auto a = plan.shares(*ill, k), b = plan.shares(*well, k);
    CHECK(std::accumulate(a.begin(), a.end(), 0.0) == doctest::Approx(1));
    std::int32_t other = 0;
    while (truth.contains(other)) ++other;
    const double shift = std::log(a[other] / b[other]);  // of all genes, from making the shares sum to 1
    for (std::int32_t g = 0; g < static_cast<std::int32_t>(a.size()); ++g) {
      const double expected = truth.contains(g) ? truth[g] : 0;
      CHECK(std::log(a[g] / b[g]) - shift == doctest::Approx(expected).scale(1).epsilon(1e-9));
      if (truth.contains(g)) CHECK(std::abs(truth[g]) >= 0.5 * options.effect);
    }
  }
}

TEST_CASE("an effect of size zero has no program") {
  auto options = small();
  options.effect = options.cell_type_effect = options.donor_effect = options.batch_effect = 0;
  CHECK(make_plan(options, 1).programs.empty());
  options.n_days = 3;
  options.day_effect = 0;
  CHECK(make_plan(options, 1).programs.empty());
}

TEST_CASE("half of the disease genes are shared by all cell types when asked") {
  auto options = small();
  options.shared_disease = 0.5;
  std::vector<std::set<std::int32_t>> sets;
  for (const auto& program : make_plan(options, 4).programs)
    if (program.kind == Program::Kind::disease) {
      sets.emplace_back();
      for (const auto& effect : program.effects) sets.back().insert(effect.gene);
    }
  REQUIRE(sets.size() == 3);
  int in_all = 0;
  for (const auto gene : sets[0]) in_all += sets[1].contains(gene) && sets[2].contains(gene);
  CHECK(in_all >= 10);
  CHECK(in_all < 20);
}

TEST_CASE("genes have unique ids and end with the thirteen mitochondrial ones") {
  const auto plan = make_plan(small(), 42);
  CHECK(plan.genes.size() == 1000);
  CHECK(std::set(plan.genes.ids.begin(), plan.genes.ids.end()).size() == 1000);
  CHECK(plan.genes.ids[0] == "ENSGSIM00000000001");
  CHECK(plan.genes.symbols[0] == "GENE1");
  int n_mito = 0;
  for (const auto& symbol : plan.genes.symbols) n_mito += symbol.starts_with("MT-");
  CHECK(n_mito == 13);
  CHECK(plan.genes.symbols[987] == "MT-ND1");
}

TEST_CASE("options out of range and more changed genes than there are are refused by name") {
  auto options = small();
  options.fano = 0.5;
  CHECK_THROWS_WITH_AS(make_plan(options, 1), doctest::Contains("fano"), UsageError);
  options = small();
  options.n_disease_genes = 5000;
  CHECK_THROWS_WITH_AS(make_plan(options, 1), doctest::Contains("n_disease_genes"), UsageError);
  options = small();
  options.program_share = 0.9;
  CHECK_THROWS_WITH_AS(make_plan(options, 1), doctest::Contains("program_share"), UsageError);
}

TEST_CASE("a disease of composition moves the odds of the first cell type in the sick, and nothing else") {
  auto options = small();
  options.n_donors = 8;
  const auto before = make_plan(options, 42);
  options.composition_effect = 0.7;
  const auto after = make_plan(options, 42);
  for (std::size_t l = 0; l < before.libraries.size(); ++l) {
    const auto &a = before.libraries[l].composition, &b = after.libraries[l].composition;
    const double moved = std::log(b[0] / (1 - b[0])) - std::log(a[0] / (1 - a[0]));
    CHECK(moved == doctest::Approx(before.libraries[l].diseased ? 0.7 : 0));
    CHECK(std::accumulate(b.begin(), b.end(), 0.0) == doctest::Approx(1));
    CHECK(b[1] / b[2] == doctest::Approx(a[1] / a[2]));
  }
  CHECK(before.programs.size() == after.programs.size());
}
