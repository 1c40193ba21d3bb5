#pragma once
// The nearest rows of each row, exactly: all pairs are looked at in single precision, those that its rounding leaves in question
// are measured in double precision. Numbers in, numbers out; the same bytes for any thread count and any processor. Memory: the
// rows in single precision, twice where rows are looked up among others, and the result.

#include <cellverdict/stats/features.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cellverdict {

enum class Distance {
  euclidean,
  cosine,  // 1 − cosine of the angle; 1 from a row of zeros
};

struct NeighbourOptions {
  std::int64_t neighbours = 15;
  Distance distance = Distance::euclidean;
  // [n_rows] of the rows looked among, and of those asked: rows of one group, from 0, are no neighbours of each other. That is how
  // several samples of one person are kept from vouching for each other. Negative: of no group. Empty: no groups.
  std::span<const std::int32_t> group, asked_group;
  int threads = 1;
};

struct Neighbours {
  std::int64_t n_rows = 0, n_neighbours = 0;
  std::vector<std::int64_t>
      index;                     // [n_rows, n_neighbours] by distance, of equal ones the lower index first; -1: there are no more
  std::vector<double> distance;  // [n_rows, n_neighbours]; infinite where index is -1
};

// Of each row among all others (itself left out, rows equal to it not). Throws DataError for a value that is not finite,
// InternalError for sizes and options that do not fit.
Neighbours nearest_neighbours(const DenseFeatures& rows, const NeighbourOptions& options = {});
// Of each row of `asked` among `rows`.
Neighbours nearest_neighbours(const DenseFeatures& asked, const DenseFeatures& rows, const NeighbourOptions& options = {});

// The class most of a row's labelled neighbours have, of equally frequent ones the lower, each neighbour counting once
// (sklearn.neighbors.KNeighborsClassifier); -1 where none has a label. labels [rows looked among], negative: none.
std::vector<std::int32_t> neighbour_calls(const Neighbours& neighbours, std::span<const std::int32_t> labels);

// How much of the neighbourhoods in `rows` is found again in the drawing of them: 1 when no row has a neighbour there that is far
// from it in `rows`, about 0.5 for a drawing at random (Venna & Kaski 2001; sklearn.manifold.trustworthiness). For more than
// `most_rows` rows, of that many of them spread evenly, each against all. Throws DataError when neighbours >= n / 2.
struct TrustOptions {
  std::int64_t neighbours = 5;
  std::int64_t most_rows = 2000;
  int threads = 1;
};
double trustworthiness(const DenseFeatures& rows, const DenseFeatures& drawing, const TrustOptions& options = {});

}  // namespace cellverdict
