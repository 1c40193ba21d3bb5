// Where the points of a drawing start, and the whole way from rows to places.

#include <cellverdict/stats/umap.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/principal_components.h>
#include <cellverdict/stats/symmetric_eigen.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace {

// D^−½ W D^−½ of a graph; its eigenvalues lie in [−1, 1], the greatest belongs to D^½ 1.
class NormalisedGraph {
 public:
  explicit NormalisedGraph(const FuzzyGraph& graph) : graph_(graph), weights_(graph.weights) {
    const auto n = static_cast<std::size_t>(graph.n_rows());
    constant_.resize(n);
    double sum = 0;
    for (std::size_t r = 0; r < n; ++r) {
      for (std::int64_t e = graph.indptr[r]; e < graph.indptr[r + 1]; ++e)
        constant_[r] += graph.weights[static_cast<std::size_t>(e)];
      sum += constant_[r];
    }
    for (std::size_t r = 0; r < n; ++r)
      for (std::int64_t e = graph.indptr[r]; e < graph.indptr[r + 1]; ++e)
        weights_[static_cast<std::size_t>(e)] /=
            std::sqrt(constant_[r] * constant_[static_cast<std::size_t>(graph.indices[static_cast<std::size_t>(e)])]);
    for (double& x : constant_) x = std::sqrt(x / sum);
  }

  // to = factor · (matrix − shift) · from − less · to, for [n, width]
  struct Step {
    double factor = 1, shift = 0, less = 0;
  };
  void apply(const std::vector<double>& from, std::size_t width, const Step& step, std::vector<double>& to) const {
    for (std::size_t r = 0; r < constant_.size(); ++r) {
      double* const out = to.data() + r * width;
      const double* const own = from.data() + r * width;
      for (std::size_t k = 0; k < width; ++k) out[k] = -step.less * out[k] - step.factor * step.shift * own[k];
      for (std::int64_t e = graph_.indptr[r]; e < graph_.indptr[r + 1]; ++e) {
        const double weight = step.factor * weights_[static_cast<std::size_t>(e)];
        const double* const other = from.data() + static_cast<std::size_t>(graph_.indices[static_cast<std::size_t>(e)]) * width;
        for (std::size_t k = 0; k < width; ++k) out[k] += weight * other[k];
      }
    }
  }
  const std::vector<double>& constant() const { return constant_; }

 private:
  const FuzzyGraph& graph_;
  std::vector<double> weights_, constant_;
};

double dot(const std::vector<double>& a, std::size_t i, const std::vector<double>& b, std::size_t j, std::size_t width) {
  double sum = 0;
  for (std::size_t r = 0; r < a.size() / width; ++r) sum += a[r * width + i] * b[r * width + j];
  return sum;
}

// Columns at right angles to `constant` and to each other, of length 1; twice, for what rounding puts back.
void orthonormalise(std::vector<double>& columns, std::size_t width, const std::vector<double>& constant) {
  for (std::size_t k = 0; k < width; ++k) {
    for (int round = 0; round < 2; ++round) {
      double along = 0;
      for (std::size_t r = 0; r < constant.size(); ++r) along += constant[r] * columns[r * width + k];
      for (std::size_t r = 0; r < constant.size(); ++r) columns[r * width + k] -= along * constant[r];
      for (std::size_t j = 0; j < k; ++j) {
        const double by = dot(columns, j, columns, k, width);
        for (std::size_t r = 0; r < constant.size(); ++r) columns[r * width + k] -= by * columns[r * width + j];
      }
    }
    const double length = std::sqrt(dot(columns, k, columns, k, width));
    for (std::size_t r = 0; r < constant.size(); ++r) columns[r * width + k] /= length > 0 ? length : 1;
  }
}

// Chebyshev's polynomial of the matrix that is small on [−1, cut] and 1 at 1 (Zhou & Saad 2007).
void amplify(const NormalisedGraph& graph, std::size_t width, double cut, std::vector<double>& columns) {
  constexpr int kDegree = 12;
  const double half = (cut + 1) / 2, centre = (cut - 1) / 2, first = half / (1 - centre);
  double sigma = first;
  std::vector<double> next(columns.size());
  graph.apply(columns, width, {.factor = sigma / half, .shift = centre}, next);
  columns.swap(next);  // columns is the later one, next the one before
  for (int i = 2; i <= kDegree; ++i) {
    const double following = 1 / (2 / first - sigma);
    graph.apply(columns, width, {.factor = 2 * following / half, .shift = centre, .less = sigma * following}, next);
    columns.swap(next);
    sigma = following;
  }
}

// Ritz vectors of the space of the columns, and their values; and by how much the first `wanted` are no eigenvectors.
struct Ritz {
  std::vector<double> values;
  double residual = 0;
};
Ritz rotate_to_eigenvectors(const NormalisedGraph& graph, std::size_t width, std::size_t wanted, std::vector<double>& columns) {
  std::vector<double> image(columns.size()), gram(width * width);
  graph.apply(columns, width, {}, image);
  for (std::size_t i = 0; i < width; ++i)
    for (std::size_t j = 0; j < width; ++j) gram[i * width + j] = dot(columns, i, image, j, width);
  const SymmetricEigen eigen = symmetric_eigen(gram, width);
  const auto turn = [&](std::vector<double>& m) {
    std::vector<double> row(width);
    for (std::size_t r = 0; r < m.size() / width; ++r) {
      std::fill(row.begin(), row.end(), 0.0);
      for (std::size_t j = 0; j < width; ++j)
        for (std::size_t k = 0; k < width; ++k) row[k] += m[r * width + j] * eigen.vectors[j * width + k];
      std::copy(row.begin(), row.end(), m.begin() + static_cast<std::ptrdiff_t>(r * width));
    }
  };
  turn(columns);
  turn(image);
  Ritz out{.values = eigen.values};
  for (std::size_t k = 0; k < wanted; ++k) {
    double squares = 0;
    for (std::size_t r = 0; r < columns.size() / width; ++r) {
      const double off = image[r * width + k] - eigen.values[k] * columns[r * width + k];
      squares += off * off;
    }
    out.residual = std::max(out.residual, std::sqrt(squares));
  }
  return out;
}

// Each coordinate stretched to [0, 10], as the reference does, after a little noise that keeps equal rows apart.
void settle(std::vector<double>& places, int dimensions, std::uint64_t seed) {
  constexpr double kExtent = 10, kNoise = 1e-4;
  Random random(seed, "umap start");
  const auto width = static_cast<std::size_t>(dimensions);
  double greatest = 0;
  for (const double x : places) greatest = std::max(greatest, std::abs(x));
  for (double& x : places) x = (greatest > 0 ? x / greatest * kExtent : 0) + kNoise * (2 * random.uniform() - 1);
  for (std::size_t d = 0; d < width; ++d) {
    double low = places[d], high = places[d];
    for (std::size_t i = d; i < places.size(); i += width) {
      low = std::min(low, places[i]);
      high = std::max(high, places[i]);
    }
    for (std::size_t i = d; i < places.size(); i += width) places[i] = kExtent * (places[i] - low) / (high - low);
  }
}

std::vector<double> principal_start(const DenseFeatures& rows, const UmapOptions& options) {
  const auto pca =
      fit_principal_components(rows, {.components = options.dimensions, .seed = options.seed, .threads = options.threads});
  const auto scores = project_rows(pca, rows, options.threads);
  const auto width = static_cast<std::size_t>(options.dimensions), kept = static_cast<std::size_t>(pca.n_components);
  std::vector<double> out(scores.size() / kept * width);  // directions that are lacking stay 0
  for (std::size_t i = 0; i < out.size(); ++i)
    if (i % width < kept) out[i] = scores[i / width * kept + i % width];
  return out;
}

}  // namespace

std::vector<double> spectral_start(const FuzzyGraph& graph, int dimensions, std::uint64_t seed) {
  constexpr int kRounds = 30;
  constexpr double kClose = 1e-3;  // a start need not be better: the layout moves everything
  const auto n = static_cast<std::size_t>(graph.n_rows()), wanted = static_cast<std::size_t>(dimensions);
  const std::size_t width = std::min(wanted + 4, n - 1);
  const NormalisedGraph matrix(graph);
  Random random(seed, "umap spectral");
  std::vector<double> columns(n * width);
  for (double& x : columns) x = 2 * random.uniform() - 1;
  orthonormalise(columns, width, matrix.constant());
  double cut = 0;
  for (int round = 0; round < kRounds; ++round) {
    amplify(matrix, width, cut, columns);
    orthonormalise(columns, width, matrix.constant());
    const Ritz ritz = rotate_to_eigenvectors(matrix, width, wanted, columns);
    if (ritz.residual < kClose * std::max(1e-3, 1 - ritz.values[wanted - 1])) break;
    cut = std::clamp(ritz.values.back(), 0.0, 1 - 1e-7);
  }
  std::vector<double> out(n * wanted);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = columns[i / wanted * width + i % wanted];
  return out;
}

Umap fit_umap(const DenseFeatures& rows, const UmapOptions& options) {
  const std::int64_t n = rows.n_features > 0 ? static_cast<std::int64_t>(rows.values.size()) / rows.n_features : 0;
  if (n < 4) throw DataError({.where = "UMAP", .found = std::to_string(n) + " rows", .expected = "at least four", .advice = ""});
  const std::int64_t n_neighbours = std::min(options.n_neighbours, n);
  const Neighbours near =
      nearest_neighbours(rows, {.neighbours = n_neighbours - 1, .distance = options.distance, .threads = options.threads});
  const FuzzyGraph graph = fuzzy_graph(near, n_neighbours);
  Umap out{.n_rows = n, .dimensions = options.dimensions, .n_pieces = count_pieces(graph)};
  const bool spectral = out.n_pieces == 1 && n > options.dimensions + 1;
  out.start = spectral ? "spectral" : "principal components";
  out.places = spectral ? spectral_start(graph, options.dimensions, options.seed) : principal_start(rows, options);
  settle(out.places, options.dimensions, options.seed);
  lay_out(graph, options, out.places);
  return out;
}

}  // namespace cellverdict
