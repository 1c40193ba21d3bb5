#include <cellverdict/simulate/cells.h>

#include <cellverdict/base/parallel.h>

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <cmath>

namespace cellverdict {

LibraryCells::LibraryCells(const StudyPlan& plan, const SimulateOptions& options, std::uint64_t seed, std::size_t library)
    : plan_(plan),
      options_(options),
      seed_(seed),
      library_(plan.libraries.at(library)),
      sizes_(options.fano),
      mito_(plan.mito_shares) {
  for (int k = 0; k < options.n_cell_types; ++k) types_.emplace_back(plan.shares(library_, k));
}

CellTruth LibraryCells::draw_traits(Random& random) const {
  CellTruth cell;
  double u = random.uniform();
  while (cell.cell_type + 1 < options_.n_cell_types && u >= library_.composition[cell.cell_type])
    u -= library_.composition[cell.cell_type++];
  cell.low_quality = random.uniform() < options_.low_quality;
  // Log-normal with the asked mean: exp(sd z - sd²/2) has mean 1.
  boost::random::normal_distribution<double> normal;
  const double sd = options_.depth_sd, mito_sd = options_.mito_sd;
  cell.depth = options_.mean_counts * std::exp(sd * normal(random) - sd * sd / 2);
  cell.mito_share = std::min(0.9, options_.mito_percent / 100 * std::exp(mito_sd * normal(random) - mito_sd * mito_sd / 2));
  if (cell.low_quality) {
    cell.depth *= 0.05 + 0.15 * random.uniform();
    cell.mito_share = 0.25 + 0.45 * random.uniform();
  }
  return cell;
}

CellTruth LibraryCells::draw_cell(std::int64_t index, CellCounter& cell) const {
  Random random(seed_, "cell", library_.name, static_cast<std::uint64_t>(index));
  const CellTruth truth = draw_traits(random);
  const auto n_other = static_cast<std::int32_t>(plan_.log_expression.size());
  draw_counts(random, {types_[truth.cell_type], sizes_, 0}, truth.depth * (1 - truth.mito_share), cell);
  draw_counts(random, {mito_, sizes_, n_other}, truth.depth * truth.mito_share, cell);
  return truth;
}

void LibraryCells::draw(std::int64_t first, std::int64_t last, int threads, CsrBlock& block) const {
  // More parts than threads would only add copies: cells of a library cost about the same.
  const std::int64_t n = last - first, n_parts = std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(n, 1));
  std::vector<CsrBlock> parts(static_cast<std::size_t>(n_parts));
  parallel_for(n_parts, threads, [&](std::int64_t begin, std::int64_t end) {
    CellCounter counter(plan_.genes.size());
    for (std::int64_t p = begin; p < end; ++p)
      for (std::int64_t c = n * p / n_parts; c < n * (p + 1) / n_parts; ++c) {
        draw_cell(first + c, counter);
        counter.move_into(parts[p]);
      }
  });
  block.clear();
  block.first_row = first;
  for (const auto& part : parts) {
    const std::int64_t before = block.indptr.back();
    for (std::size_t i = 1; i < part.indptr.size(); ++i) block.indptr.push_back(before + part.indptr[i]);
    block.indices.insert(block.indices.end(), part.indices.begin(), part.indices.end());
    block.values.insert(block.values.end(), part.values.begin(), part.values.end());
  }
}

std::vector<CellTruth> LibraryCells::survey(std::int64_t first, std::int64_t last, int threads) const {
  std::vector<CellTruth> cells(static_cast<std::size_t>(last - first));
  parallel_for(last - first, threads, [&](std::int64_t begin, std::int64_t end) {
    CellCounter counter(plan_.genes.size());
    for (std::int64_t c = begin; c < end; ++c) {
      cells[c] = draw_cell(first + c, counter);
      const auto size = counter.clear();
      cells[c].n_genes = size.n_genes;
      cells[c].n_counts = size.n_counts;
    }
  });
  return cells;
}

std::string barcode(std::int64_t index) {
  // An odd multiplier permutes the 32-bit numbers: neighbours look unlike, none repeats.
  std::uint32_t bits = static_cast<std::uint32_t>(index) * 2654435761U + 0x9e3779b9U;
  std::string text(16, ' ');
  for (char& base : text) {
    base = "ACGT"[bits >> 30];
    bits <<= 2;
  }
  return text + "-1";
}

}  // namespace cellverdict
