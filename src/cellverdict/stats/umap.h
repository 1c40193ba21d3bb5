#pragma once
// UMAP (McInnes, Healy & Melville 2018): rows drawn so that neighbours stay neighbours. For looking at, never for measuring:
// distances between far groups, sizes and densities of groups say little. Numbers in, numbers out; the same bytes for any thread
// count. Differs from umap-learn in two ways, neither of which changes what is optimised: neighbours are exact, and a graph that
// falls into pieces starts from principal components in place of a map of its pieces. Threads share the search for neighbours
// alone.

#include <cellverdict/stats/neighbours.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// How strongly rows belong together, 0 to 1: a symmetric sparse matrix without diagonal.
struct FuzzyGraph {
  std::vector<std::int64_t> indptr;   // [n_rows + 1]
  std::vector<std::int64_t> indices;  // ascending within a row
  std::vector<double> weights;
  std::int64_t n_rows() const { return static_cast<std::int64_t>(indptr.size()) - 1; }
};

// neighbours without the row itself. n_neighbours counts the row, as umap-learn's: of 15, 14 others are looked at; the neighbours'
// distances below their own nearest count as full membership, and a row's memberships sum to log2(n_neighbours) (McInnes 2018,
// algorithms 2 and 3). Union of both directions: a + b − ab.
FuzzyGraph fuzzy_graph(const Neighbours& neighbours, std::int64_t n_neighbours);

// The a and b for which 1 / (1 + a·d^2b) is nearest to 1 up to min_dist and exp(−(d − min_dist)/spread) beyond, over [0, 3·spread].
struct UmapCurve {
  double a = 1, b = 1;
};
UmapCurve fit_umap_curve(double min_dist, double spread);

struct UmapOptions {
  std::int64_t n_neighbours = 15;  // small: fine structure; large: the whole
  double min_dist = 0.1;           // how near points may lie to each other
  double spread = 1;
  Distance distance = Distance::euclidean;
  int dimensions = 2;        // 2 or 3
  int epochs = 0;            // 0: 500 up to 10,000 rows, 200 beyond
  int negatives = 5;         // points pushed away for each pair pulled together
  double learning_rate = 1;  // falls to 0 in a straight line
  std::uint64_t seed = 42;
  int threads = 1;
};

struct Umap {
  std::int64_t n_rows = 0;
  int dimensions = 2;
  std::vector<double> places;  // [n_rows, dimensions]
  std::string start;           // "spectral", "principal components"
  std::int64_t n_pieces = 1;   // of the graph of neighbours; more than one: how they lie to each other means nothing
};

// Throws DataError for fewer than four rows or a value that is not finite, InternalError for options that do not fit. Where there
// are fewer rows than n_neighbours, all are neighbours.
Umap fit_umap(const DenseFeatures& rows, const UmapOptions& options = {});

// The steps below are public for their tests and for those who have neighbours already.
// The `dimensions` eigenvectors of the graph's normalised Laplacian after the constant one, [n_rows, dimensions]. The graph must
// hang together.
std::vector<double> spectral_start(const FuzzyGraph& graph, int dimensions, std::uint64_t seed);
std::int64_t count_pieces(const FuzzyGraph& graph);
// Moves `places` (any size) by stochastic gradient descent.
void lay_out(const FuzzyGraph& graph, const UmapOptions& options, std::vector<double>& places);

}  // namespace cellverdict
