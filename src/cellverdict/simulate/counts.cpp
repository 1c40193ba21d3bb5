#include <cellverdict/simulate/counts.h>

#include <bit>
#include <boost/random/poisson_distribution.hpp>
#include <cmath>

namespace cellverdict {

AliasTable::AliasTable(std::span<const double> shares) : slots_(shares.size()) {
  const auto n = static_cast<double>(shares.size());
  std::vector<double> left(shares.begin(), shares.end());
  std::vector<std::int32_t> small, large;
  for (std::size_t i = 0; i < left.size(); ++i) {
    left[i] *= n;
    slots_[i].other = static_cast<std::int32_t>(i);  // a slot never paired is its own, whatever the threshold
    (left[i] < 1 ? small : large).push_back(static_cast<std::int32_t>(i));
  }
  while (!small.empty() && !large.empty()) {
    const std::int32_t poor = small.back(), rich = large.back();
    small.pop_back();
    slots_[poor] = {static_cast<std::uint32_t>(left[poor] * 0x1.0p32), rich};
    left[rich] -= 1 - left[poor];
    if (left[rich] < 1) {
      large.pop_back();
      small.push_back(rich);
    }
  }
}

ClusterSizes::ClusterSizes(double fano) {
  if (fano <= 1) return;
  const double p = 1 - 1 / fano, log_fano = std::log(fano);
  mean_ = fano * p / log_fano;
  double power = p, cumulative = 0;
  for (int k = 1;; ++k, power *= p) {
    cumulative += power / (k * log_fano);
    if (cumulative >= 1 || power < 0x1.0p-60) break;  // what is left is below the resolution of a double
    bounds_.push_back(static_cast<std::uint64_t>(cumulative * 0x1.0p64));
  }
}

void CellCounter::move_into(CsrBlock& block) {
  for (std::size_t w = 0; w < seen_.size(); ++w) {
    for (std::uint64_t word = seen_[w]; word != 0; word &= word - 1) {
      const std::size_t gene = w * 64 + static_cast<std::size_t>(std::countr_zero(word));
      block.push(static_cast<std::int32_t>(gene), static_cast<float>(counts_[gene]));
      counts_[gene] = 0;
    }
    seen_[w] = 0;
  }
  block.end_row();
}

CellCounter::Size CellCounter::clear() {
  Size size;
  for (std::size_t w = 0; w < seen_.size(); ++w) {
    for (std::uint64_t word = seen_[w]; word != 0; word &= word - 1) {
      const std::size_t gene = w * 64 + static_cast<std::size_t>(std::countr_zero(word));
      ++size.n_genes;
      size.n_counts += counts_[gene];
      counts_[gene] = 0;
    }
    seen_[w] = 0;
  }
  return size;
}

void draw_counts(Random& random, const CountDraw& draw, double depth, CellCounter& cell) {
  const double mean = depth / draw.sizes.mean();
  if (mean <= 0) return;
  boost::random::poisson_distribution<std::int64_t, double> clusters(mean);
  for (std::int64_t k = clusters(random); k > 0; --k) {
    const std::int32_t gene = draw.genes.draw(random);
    cell.add(draw.first_gene + gene, draw.sizes.draw(random));
  }
}

}  // namespace cellverdict
