#pragma once
// Exact negative-binomial counts of a whole cell, at the cost of its counts, not of its genes.
//
// Wanted: independent X_g ~ NB(size r_g, p) with mean depth · share_g and variance fano · mean, for all genes g. So
//   p = 1 - 1/fano,   r_g = depth · share_g · (1 - p) / p:   the size grows with depth, the Fano factor stays.
// A negative binomial is a Poisson number of clusters with logarithmic sizes (Quenouille 1949, Biometrics 5:162):
//   X = Σ_{i=1..K} L_i,   K ~ Poisson(-r ln(1 - p)),   P(L = k) = p^k / (-k ln(1 - p)),   E L = fano · p / ln(fano).
// The clusters of all genes together are one Poisson process, so draw
//   K ~ Poisson(depth / E L),   the gene of each cluster from the shares (alias table: Walker 1977, Vose 1991),   its size L.
// fano = 1 is the Poisson limit: every cluster has size 1.

#include <cellverdict/base/random.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

// Draws an index with given probabilities in constant time.
class AliasTable {
 public:
  // `shares` sum to 1. Probabilities are kept to 2^-32 of 1 / n.
  explicit AliasTable(std::span<const double> shares);

  std::int32_t draw(Random& random) const {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(random()) * slots_.size();
    const auto place = static_cast<std::uint64_t>(product >> 64);
    const auto fraction = static_cast<std::uint32_t>(static_cast<std::uint64_t>(product) >> 32);
    const Slot& slot = slots_[place];
    return fraction < slot.threshold ? static_cast<std::int32_t>(place) : slot.other;
  }

 private:
  struct Slot {
    std::uint32_t threshold = 0;
    std::int32_t other = 0;
  };
  std::vector<Slot> slots_;
};

// The logarithmic distribution of cluster sizes, by inversion.
class ClusterSizes {
 public:
  explicit ClusterSizes(double fano);  // >= 1
  double mean() const { return mean_; }
  std::uint32_t draw(Random& random) const {
    const std::uint64_t u = random();
    std::uint32_t size = 1;
    for (const std::uint64_t bound : bounds_) {
      if (u < bound) break;
      ++size;
    }
    return size;
  }

 private:
  double mean_ = 1;
  std::vector<std::uint64_t> bounds_;  // 2^64 · P(L <= 1), P(L <= 2), …
};

// Counts of one cell under way: an array over the genes and a bitmap that gives them back in order. One per thread.
class CellCounter {
 public:
  explicit CellCounter(std::int64_t n_genes) : counts_(static_cast<std::size_t>(n_genes)), seen_((counts_.size() + 63) / 64) {}

  void add(std::int32_t gene, std::uint32_t count) {
    counts_[gene] += count;
    seen_[static_cast<std::size_t>(gene) / 64] |= std::uint64_t{1} << (gene % 64);
  }
  // Appends the cell as a row and is empty again.
  void move_into(CsrBlock& block);
  struct Size {
    std::int64_t n_genes = 0, n_counts = 0;
  };
  // The same without the row.
  Size clear();

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint64_t> seen_;
};

// Draws counts of mean `depth` in all, gene g + first_gene with the table's probability of g, into `cell`.
struct CountDraw {
  const AliasTable& genes;
  const ClusterSizes& sizes;
  std::int32_t first_gene = 0;
};
void draw_counts(Random& random, const CountDraw& draw, double depth, CellCounter& cell);

}  // namespace cellverdict
