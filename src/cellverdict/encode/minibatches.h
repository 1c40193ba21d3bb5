#pragma once
// What a net eats: minibatches of prepared cells, in an order that depends on seed and epoch alone.

#include <cellverdict/prepare/preparation.h>
#include <cellverdict/split/views.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

// The cells of a view under a preparation. Kept prepared in memory when they fit `cache_bytes`, else prepared at each reading.
class PreparedCells {
 public:
  PreparedCells(const CellView& view, const Preparation& preparation, std::int64_t cache_bytes);
  // What an encoder made of them instead of their genes: `latents` [cells, n_latents].
  PreparedCells(const CellView& view, std::vector<float> latents, std::int64_t n_latents);

  std::int64_t n_cells() const { return view_.n_cells(); }
  // Numbers of a cell: genes of the preparation, or latents.
  std::int64_t n_genes() const { return are_latent() ? n_latents_ : preparation_.genes.size(); }
  bool are_latent() const { return n_latents_ > 0; }
  const CellView& view() const { return view_; }
  bool cached() const { return cached_; }
  // Share of non-zero values, over cells spread over the view.
  double density() const { return density_; }
  // Appends the view's i-th cell.
  void append(std::int64_t i, CsrBlock& out) const;

 private:
  void prepare(std::int64_t i, CsrBlock& out) const;

  CellView view_;
  Preparation preparation_;
  std::vector<std::int32_t> column_;
  CsrBlock cache_;
  bool cached_ = false;
  std::vector<float> latents_;
  std::int64_t n_latents_ = 0;
  double density_ = 0;
};

// Rows of n numbers, none of them left out.
void append_full_row(std::span<const float> numbers, CsrBlock& out);

// Cell numbers of each minibatch of an epoch. A last minibatch of one cell joins the one before it: batch normalisation needs two.
std::vector<std::vector<std::int64_t>> shuffled_batches(std::int64_t n_cells, std::int64_t batch_size, std::uint64_t seed,
                                                        int epoch);

// The same where cells of each class stand as often as those of the most frequent one: the rarer ones all once, then again in drawn
// order. A cell of class -1 stands once.
std::vector<std::vector<std::int64_t>> upsampled_batches(const std::vector<std::int32_t>& classes, std::int64_t batch_size,
                                                         std::uint64_t seed, int epoch);

// The same in file order, for prediction.
std::vector<std::vector<std::int64_t>> ordered_batches(std::int64_t n_cells, std::int64_t batch_size);

}  // namespace cellverdict
