#pragma once
// Which cells have the most similar latents, by the cosine of the angle between them: all pairs, each looked at once, or the pairs
// within nearby clusters. Between the autoencoder's latents and the graph of cells. Similarities are sums in single precision, the
// same for (i, j) and (j, i), for any number of threads, and for all processors with fused multiply-add.

#include <cellverdict/base/run_context.h>
#include <cellverdict/encode/nearest_lists.h>
#include <cellverdict/stats/row_products.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

// Latents and one over their lengths; a latent of zeros has no direction and is similar to none: 0.
struct UnitRows {
  std::span<const float> values;  // [n, width] row-major
  std::int64_t width = 0;
  std::vector<double> scale;  // [n]
  std::int64_t n_zero = 0;    // latents of zeros
  std::int64_t n() const { return std::ssize(scale); }
  void write(std::int64_t row, float* out) const;  // [width], of length 1
};
// Throws DataError for a value that is not finite, InternalError for a size that is no multiple of the width.
UnitRows unit_rows(std::span<const float> latents, std::int64_t width, int threads);

// Adds every pair that both lists of it may still want. Memory: the latents once more, beside the lists.
void search_all_pairs(const RunContext& context, const UnitRows& rows, NearestLists& lists);

struct Edge {
  std::uint64_t key = 0;  // neighbour_key of the similarity and the smaller cell
  std::int32_t other = 0;
  // Whether it goes before: more similar, of equal ones the smaller cells.
  bool before(const Edge& b) const { return key != b.key ? key > b.key : other < b.other; }
};
struct TopEdges {
  std::vector<Edge> edges;            // the best first
  std::vector<std::int64_t> similar;  // [n] cells of at least the threshold, for each cell
};
// The `most` most similar pairs of all.
TopEdges search_top_pairs(const RunContext& context, const UnitRows& rows, std::int64_t most, float threshold);

// The search within nearby clusters.
struct ClusteredOptions {
  std::int64_t cap = 30;
  float threshold = -1;
  double recall = 0.95;  // share of the true neighbours that must be found
};
struct ClusteredSearch {
  double recall = 1;       // found of 400 cells' true neighbours
  bool all_pairs = false;  // it would not have been quicker: the lists are exact
  std::int64_t n_clusters = 0, n_probed = 0;
};
// k-means of the latents; each cell looks through the clusters whose centres are nearest, as many as a sample of cells, whose
// neighbours among all are measured, needs for the recall that was asked for. With products of whole blocks of cells this is many
// times faster than walking a graph of neighbours. The same for any number of threads.
ClusteredSearch search_clusters(const RunContext& context, const UnitRows& rows, const ClusteredOptions& options,
                                NearestLists& lists);

// Of a tile of products [n_rows, kPanelRows]: 1 where a product reaches the floor of its row, and of its column. Either may be
// null.
struct TileFloors {
  const float* products = nullptr;
  std::int64_t n_rows = 0;
  const float *of_rows = nullptr, *of_columns = nullptr;  // [n_rows], [kPanelRows]
};
void mark_tile(const TileFloors& tile, std::uint8_t* by_row, std::uint8_t* by_column);

// Calls hit(row, column) for each mark of a tile.
template <class Hit>
void each_mark(const std::uint8_t* marks, std::int64_t n_rows, const Hit& hit) {
  for (std::int64_t r = 0; r < n_rows; ++r)
    for (std::int64_t part = 0; part < kPanelRows; part += 8) {
      std::uint64_t bytes = 0;
      __builtin_memcpy(&bytes, marks + r * kPanelRows + part, sizeof bytes);
      for (; bytes != 0; bytes &= bytes - 1) hit(r, part + __builtin_ctzll(bytes) / 8);
    }
}

// Rows multiplied at a time.
inline constexpr std::int64_t kTileRows = 64;

}  // namespace cellverdict
