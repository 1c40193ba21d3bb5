#include <cellverdict/base/random.h>
#include <cellverdict/encode/mixup.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace cellverdict {

namespace {

// Beta(α, α) by Jöhnk's method: two powers of uniform numbers, taken when their sum is at most one.
double beta(Random& random, double alpha) {
  for (;;) {
    const double a = std::pow(random.uniform(), 1 / alpha), b = std::pow(random.uniform(), 1 / alpha);
    if (a + b > 0 && a + b <= 1) return a / (a + b);
  }
}

void append_row(const CsrRow& a, const CsrRow& b, double share, CsrBlock& out) {
  const auto first = static_cast<float>(share), second = static_cast<float>(1 - share);
  std::size_t i = 0, j = 0;
  while (i < a.genes.size() || j < b.genes.size()) {
    const bool from_a = j == b.genes.size() || (i < a.genes.size() && a.genes[i] <= b.genes[j]);
    const bool from_b = i == a.genes.size() || (j < b.genes.size() && b.genes[j] <= a.genes[i]);
    const std::int32_t gene = from_a ? a.genes[i] : b.genes[j];
    out.push(gene, (from_a ? first * a.values[i] : 0.0F) + (from_b ? second * b.values[j] : 0.0F));
    i += from_a;
    j += from_b;
  }
  out.end_row();
}

}  // namespace

std::vector<MixedPair> mixed_pairs(std::span<const std::int64_t> draws, const MixupOptions& options, std::uint64_t seed,
                                   int epoch) {
  Random random(seed, "mixed patients", {}, static_cast<std::uint64_t>(epoch));
  const double whole = options.per_bag * static_cast<double>(draws.size());
  auto n = static_cast<std::int64_t>(whole);
  n += random.uniform() < whole - static_cast<double>(n);
  std::vector<MixedPair> pairs;
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t first = draws[random.below(draws.size())], second = draws[random.below(draws.size())];
    pairs.push_back({first, second, beta(random, options.alpha)});
  }
  return pairs;
}

void append_mixed(const PreparedCells& prepared, const MixedPair& pair, const MixedCells& cells, std::uint64_t seed,
                  PackedBags& out) {
  std::vector<std::int64_t> first = cells.first, second = cells.second;
  // One draw a pair of bags: the share tells two mixtures of the same patients apart.
  Random random(seed, "cells of mixed patients", std::to_string(pair.first) + " " + std::to_string(pair.second),
                static_cast<std::uint64_t>(pair.share * 0x1.0p53));
  random.shuffle(std::span(first));
  random.shuffle(std::span(second));
  CsrBlock one;
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    one.clear();
    prepared.append(first[i], one);
    prepared.append(second[i], one);
    append_row(one.row(0), one.row(1), pair.share, out.cells);
  }
  out.offsets.push_back(out.cells.n_rows());
  out.members.push_back(pair.first);
}

}  // namespace cellverdict
