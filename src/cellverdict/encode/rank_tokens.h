#pragma once
// Rank-value encoding of Geneformer (Theodoris et al. 2023): a cell is the list of its genes from the one that is highest above its
// usual expression to the lowest. For count x of gene g in a cell with n counts the value is x / n · 10,000 / median(g); genes with
// counts are ranked by it, equal ones by their column, and the list is cropped. Stands between rows of counts and BERT's packed
// minibatches. Must never: let one cell's tokens depend on another cell, or on the number of threads.

#include <cellverdict/genes/token_dictionary.h>
#include <cellverdict/table/csr.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct RankOptions {
  std::int64_t length = 0;  // most tokens of a cell, specials among them; 0: as published, 2,048 (V1) or 4,096 (V2)
};

// What ranking needs besides its input; kept between calls so that nothing is allocated again.
struct RankScratch {
  struct Entry {
    double value = 0;
    std::int32_t gene = 0;
    std::uint32_t order = 0;
  };
  std::vector<Entry> entries, sorted;
  std::vector<double> counts;
  std::vector<std::int32_t> place;  // [genes] of the entry a repeated gene has, -1: none yet
  std::vector<std::uint32_t> buckets;
  std::vector<std::int32_t> ranked;  // the result: genes of the dictionary, highest value first
};

// Cells one after the other, without padding: what make_token_batch takes.
struct PackedTokens {
  std::vector<std::int64_t> tokens;         // of all cells
  std::vector<std::int64_t> offsets = {0};  // [cells + 1]
  std::int64_t n_cells() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

class RankEncoder {
 public:
  // `columns`: of the matrix whose rows will come. Throws UsageError for a length that has no room for a gene.
  RankEncoder(const TokenDictionary& dictionary, const TokenColumns& columns, const RankOptions& options = {});

  std::int64_t most_genes() const { return most_genes_; }
  std::int64_t length() const { return most_genes_ + (begins_ >= 0 ? 2 : 0); }

  // The genes of one cell into scratch.ranked. `n_counts`: the cell's size, of all its genes as a rule. A cell without counts in
  // the dictionary's genes has none. Throws DataError for a negative count, and for a size that is not above zero.
  void rank(const CsrRow& counts, double n_counts, RankScratch& scratch) const;
  // The same with specials where the dictionary has them, as one more cell of `out`.
  void append(const CsrRow& counts, double n_counts, RankScratch& scratch, PackedTokens& out) const;
  // Sum over the columns that have a token.
  double panel_sum(const CsrRow& counts) const;

 private:
  struct Weighted {
    double weight = 0;  // 1 / median
    std::int32_t gene = -1;
  };
  void gather(const CsrRow& counts, double n_counts, RankScratch& scratch) const;
  void gather_summed(const CsrRow& counts, double n_counts, RankScratch& scratch) const;

  std::vector<Weighted> columns_;
  std::vector<double> weights_;       // [genes] 1 / median
  std::vector<std::int32_t> tokens_;  // [genes]
  std::int64_t most_genes_ = 0;
  std::int32_t begins_ = -1, ends_ = -1;  // <cls>, <eos>; -1: none
  bool sums_ = false;                     // some genes have several columns
};

// All rows of a block, by all threads; the same whatever their number. n_counts [rows]. `workspace` is kept by the caller.
struct RankWorkspace {
  std::vector<RankScratch> scratch;
  std::vector<PackedTokens> parts;
};
void append_rank_tokens(const RankEncoder& encoder, const CsrBlock& counts, std::span<const double> n_counts, int threads,
                        RankWorkspace& workspace, PackedTokens& out);

}  // namespace cellverdict
