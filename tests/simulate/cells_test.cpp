#include <cellverdict/simulate/cells.h>

#include <doctest/doctest.h>

#include <cmath>
#include <set>

using namespace cellverdict;

namespace {

SimulateOptions small() {
  SimulateOptions options;
  options.n_genes = 1000;
  options.n_disease_genes = 20;
  options.n_cells = 500;
  options.n_donors = 4;
  return options;
}

struct Drawn {
  CsrBlock block;
  std::vector<CellTruth> truth;
};

Drawn draw(const SimulateOptions& options, std::uint64_t seed, int threads) {
  const auto plan = make_plan(options, seed);
  const LibraryCells library(plan, options, seed, 1);
  Drawn out;
  library.draw(0, options.n_cells, threads, out.block);
  out.truth = library.survey(0, options.n_cells, threads);
  return out;
}

}  // namespace

TEST_CASE("a cell is the same with any number of threads and in any range") {
  const auto one = draw(small(), 42, 1), four = draw(small(), 42, 4);
  CHECK(one.block.indptr == four.block.indptr);
  CHECK(one.block.indices == four.block.indices);
  CHECK(one.block.values == four.block.values);
  CHECK(draw(small(), 43, 1).block.values != one.block.values);

  const auto options = small();
  const auto plan = make_plan(options, 42);
  const LibraryCells library(plan, options, 42, 1);
  CsrBlock part;
  library.draw(100, 103, 3, part);
  CHECK(part.first_row == 100);
  REQUIRE(part.n_rows() == 3);
  for (int r = 0; r < 3; ++r) {
    const auto a = part.row(r), b = one.block.row(100 + r);
    CHECK(std::vector(a.genes.begin(), a.genes.end()) == std::vector(b.genes.begin(), b.genes.end()));
    CHECK(std::vector(a.values.begin(), a.values.end()) == std::vector(b.values.begin(), b.values.end()));
  }
}

TEST_CASE("the survey counts exactly what the second drawing writes") {
  const auto drawn = draw(small(), 7, 2);
  for (std::int64_t c = 0; c < drawn.block.n_rows(); ++c) {
    const auto row = drawn.block.row(c);
    double sum = 0;
    for (const float v : row.values) sum += v;
    CHECK(drawn.truth[c].n_genes == static_cast<std::int64_t>(row.genes.size()));
    CHECK(static_cast<double>(drawn.truth[c].n_counts) == sum);
  }
}

TEST_CASE("depth, its spread and the mitochondrial share are as asked, and dying cells are few and mitochondrial") {
  auto options = small();
  options.n_cells = 4000;
  options.mean_counts = 800;
  options.depth_sd = 0.4;
  options.mito_percent = 8;
  options.low_quality = 0.05;
  const auto drawn = draw(options, 11, 2);
  double n = 0, counts = 0, logs = 0, squares = 0, mito = 0, n_low = 0;
  for (std::int64_t c = 0; c < options.n_cells; ++c) {
    const auto row = drawn.block.row(c);
    double total = 0, mito_total = 0;
    for (std::size_t i = 0; i < row.genes.size(); ++i) {
      total += row.values[i];
      if (row.genes[i] >= 987) mito_total += row.values[i];
    }
    if (drawn.truth[c].low_quality) {
      ++n_low;
      CHECK(drawn.truth[c].mito_share >= 0.25);
      CHECK(drawn.truth[c].depth < 800);
      continue;
    }
    ++n;
    counts += total;
    logs += std::log(total);
    squares += std::log(total) * std::log(total);
    mito += mito_total / total;
  }
  // Monte-Carlo errors: sd of a cell's counts is about 800 · 0.42, of its mitochondrial share 0.08 · 0.45.
  CHECK(std::abs(counts / n - 800) < 5 * 336 / std::sqrt(n));
  CHECK(std::sqrt(squares / n - logs / n * (logs / n)) == doctest::Approx(0.4).epsilon(0.05));
  CHECK(std::abs(mito / n - 0.08) < 5 * 0.036 / std::sqrt(n));
  CHECK(std::abs(n_low / 4000 - 0.05) < 5 * std::sqrt(0.05 * 0.95 / 4000));
}

TEST_CASE("in the drawn cells disease genes differ between the conditions and other genes do not") {
  auto options = small();
  options.n_cell_types = 1;
  options.donor_effect = options.batch_effect = options.low_quality = 0;
  options.n_cells = 3000;
  options.n_donors = 2;
  options.effect = 1;
  options.shared_disease = 1;
  const auto plan = make_plan(options, 42);
  std::vector<double> total[2] = {std::vector<double>(1000), std::vector<double>(1000)};
  for (std::size_t l = 0; l < 2; ++l) {
    CsrBlock block;
    LibraryCells(plan, options, 42, l).draw(0, options.n_cells, 2, block);
    for (std::size_t i = 0; i < block.indices.size(); ++i) total[plan.libraries[l].diseased][block.indices[i]] += block.values[i];
  }
  std::vector<double> truth(1000, 0);
  for (const auto& program : plan.programs)
    if (program.kind == Program::Kind::disease)
      for (const auto& effect : program.effects) truth[effect.gene] = effect.log_fold_change;
  double all[2] = {0, 0};
  for (int g = 0; g < 987; ++g)
    for (int s = 0; s < 2; ++s) all[s] += truth[g] == 0 ? total[s][g] : 0;
  int n_tested = 0;
  for (int g = 0; g < 987; ++g) {
    if (total[0][g] < 100 || total[1][g] < 100) continue;
    ++n_tested;
    CAPTURE(g);
    // Log ratio of two sums of negative binomials, of variance fano / sum each; sums of the unchanged genes are the measure.
    const double seen = std::log(total[1][g] / total[0][g] * all[0] / all[1]);
    const double error = std::sqrt(options.fano * (1 / total[0][g] + 1 / total[1][g]));
    CHECK(std::abs(seen - truth[g]) < 5 * error + 0.01);
    if (truth[g] != 0) CHECK(std::abs(seen) > 0.2);
  }
  CHECK(n_tested > 500);
}

TEST_CASE("barcodes do not repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 100000; ++i) seen.insert(barcode(i));
  CHECK(seen.size() == 100000);
  CHECK(barcode(0).size() == 18);
}
