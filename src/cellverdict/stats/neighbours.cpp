#include <cellverdict/stats/neighbours.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/stats/row_products.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace cellverdict {

namespace {

constexpr std::int64_t kBlock = 64;  // rows asked at a time

std::int64_t n_rows_of(const DenseFeatures& rows) {
  return rows.n_features > 0 ? static_cast<std::int64_t>(rows.values.size()) / rows.n_features : 0;
}

// Rows as distances are made of: for cosine of length 1. The sum of four partial sums, so that it may be vectorised.
template <class Term>
double summed(std::int64_t n, const Term& term) {
  double sums[4] = {};
  std::int64_t f = 0;
  for (; f + 4 <= n; f += 4)
    for (int k = 0; k < 4; ++k) sums[k] += term(f + k);
  for (; f < n; ++f) sums[0] += term(f);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

struct Exact {
  const DenseFeatures& rows;
  bool cosine = false;
  std::vector<double> length;  // [n_rows] for cosine

  Exact(const DenseFeatures& of, Distance distance, int threads) : rows(of), cosine(distance == Distance::cosine) {
    if (!cosine) return;
    length.resize(static_cast<std::size_t>(n_rows_of(rows)));
    parallel_for(n_rows_of(rows), threads, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const double* x = row(r);
        double greatest = 0;
        for (std::int64_t f = 0; f < rows.n_features; ++f) greatest = std::max(greatest, std::abs(x[f]));
        const auto square = [&](std::int64_t f) { return (x[f] / greatest) * (x[f] / greatest); };
        length[static_cast<std::size_t>(r)] = greatest > 0 ? greatest * std::sqrt(summed(rows.n_features, square)) : 0;
      }
    });
  }
  const double* row(std::int64_t r) const { return rows.values.data() + r * rows.n_features; }
  // A row's divisor: 1, or for cosine its length; rows of zeros stay zeros.
  double divisor(std::int64_t r) const {
    const double by = cosine ? length[static_cast<std::size_t>(r)] : 1;
    return by > 0 ? by : 1;
  }
  static double between(const Exact& a, std::int64_t i, const Exact& b, std::int64_t j) {
    const double *x = a.row(i), *y = b.row(j);
    const std::int64_t n = a.rows.n_features;
    if (!a.cosine) return std::sqrt(summed(n, [&](std::int64_t f) { return (x[f] - y[f]) * (x[f] - y[f]); }));
    const double of_x = a.divisor(i), of_y = b.divisor(j);
    const double dot = summed(n, [&](std::int64_t f) { return (x[f] / of_x) * (y[f] / of_y); });
    return std::clamp(1 - dot, 0.0, 2.0);
  }
};

// How rows are brought near 0 and to a size that single precision holds: (x − centre) · scale.
struct Frame {
  std::vector<double> centre;  // [n_features]
  double scale = 1;
  double slack = 0;  // by which a scaled component may be off for the rounding of x − centre
};

Frame frame_of(const Exact& rows, const Exact& asked) {
  const std::int64_t n_features = rows.rows.n_features, n = n_rows_of(rows.rows);
  Frame out{.centre = std::vector<double>(static_cast<std::size_t>(n_features))};
  if (!rows.cosine) {
    for (std::int64_t r = 0; r < n; ++r)
      for (std::int64_t f = 0; f < n_features; ++f) out.centre[f] += rows.row(r)[f] / static_cast<double>(n);
  }
  double greatest = 0, raw = 0;
  const auto look = [&](const Exact& at) {
    for (std::int64_t r = 0; r < n_rows_of(at.rows); ++r)
      for (std::int64_t f = 0; f < n_features; ++f) {
        const double x = at.row(r)[f];
        if (!std::isfinite(x))
          throw DataError({.where = "nearest neighbours, row " + std::to_string(r),
                           .found = "a value that is not finite",
                           .expected = "numbers",
                           .advice = "look for missing or damaged values in the input"});
        greatest = std::max(greatest, std::abs(x / at.divisor(r) - out.centre[f]));
        raw = std::max(raw, std::abs(x / at.divisor(r)));
      }
  };
  look(rows);
  if (&asked != &rows) look(asked);
  out.scale = greatest > 0 ? 1 / greatest : 1;
  out.slack = 4 * std::numeric_limits<double>::epsilon() * (raw + greatest) * out.scale;
  return out;
}

void write_row(const Exact& from, const Frame& frame, std::int64_t row, float* out) {
  const double by = from.divisor(row);
  for (std::int64_t f = 0; f < from.rows.n_features; ++f)
    out[f] = static_cast<float>((from.row(row)[f] / by - frame.centre[static_cast<std::size_t>(f)]) * frame.scale);
}

std::vector<double> norms_of(const Exact& from, const Frame& frame) {
  std::vector<double> out(static_cast<std::size_t>(n_rows_of(from.rows)));
  for (std::size_t r = 0; r < out.size(); ++r) {
    const double* x = from.row(static_cast<std::int64_t>(r));
    const double by = from.divisor(static_cast<std::int64_t>(r));
    out[r] = std::sqrt(summed(from.rows.n_features, [&](std::int64_t f) {
      const double y = (x[f] / by - frame.centre[static_cast<std::size_t>(f)]) * frame.scale;
      return y * y;
    }));
  }
  return out;
}

// What may yet be among the nearest of one row. Ranks go by key = |x|² + |y|² − 2 x·y (cosine: 1 − x·y), known within an error.
class Candidates {
 public:
  explicit Candidates(std::int64_t wanted) : wanted_(static_cast<std::size_t>(wanted)) {}

  double limit() const { return limit_; }  // nothing whose key is surely above it is wanted
  void add(std::int64_t index, double low, double high) {
    found_.push_back({low, index});
    if (highs_.size() < wanted_ || high < highs_.front()) {
      if (highs_.size() == wanted_) {
        std::pop_heap(highs_.begin(), highs_.end());
        highs_.pop_back();
      }
      highs_.push_back(high);
      std::push_heap(highs_.begin(), highs_.end());
      if (highs_.size() == wanted_) limit_ = highs_.front();
    }
    if (found_.size() >= room_) {
      drop_far();
      room_ = std::max(room_, 2 * found_.size());
    }
  }
  // Those left, by index.
  std::vector<std::int64_t> left() {
    drop_far();
    std::vector<std::int64_t> out;
    out.reserve(found_.size());
    for (const auto& candidate : found_) out.push_back(candidate.index);
    return out;
  }

 private:
  struct Candidate {
    double low;
    std::int64_t index;
  };
  void drop_far() {
    std::erase_if(found_, [&](const Candidate& candidate) { return candidate.low > limit_; });
  }
  std::size_t wanted_, room_ = 256;
  double limit_ = std::numeric_limits<double>::infinity();
  std::vector<Candidate> found_;
  std::vector<double> highs_;  // heap of the `wanted_` least upper bounds
};

struct Search {
  const Exact &asked, &rows;
  const NeighbourOptions& options;
  bool among_itself = false;
  Frame frame;
  RowPanels panels;
  std::vector<double> norms, asked_norms;
};

bool is_neighbour(const Search& s, std::int64_t i, std::int64_t j) {
  if (s.among_itself && i == j) return false;
  if (s.options.group.empty()) return true;
  const std::int32_t own = (s.among_itself ? s.options.group : s.options.asked_group)[static_cast<std::size_t>(i)];
  return own < 0 || own != s.options.group[static_cast<std::size_t>(j)];
}

void look_at_panel(const Search& s, std::int64_t i, std::int64_t panel, const float* products, Candidates& candidates) {
  constexpr double kUnit = 0x1p-24;  // rounding of single precision
  const auto n_features = static_cast<double>(s.rows.rows.n_features);
  const bool cosine = s.rows.cosine;
  const double norm = s.asked_norms[static_cast<std::size_t>(i)], factor = cosine ? 1 : 2;
  // Cosine keys are in units of scale², for there is no centre: 1 · scale² − x·y.
  const double own = cosine ? s.frame.scale * s.frame.scale : norm * norm;
  const double per_norm = factor * 1.05 * kUnit * (n_features + 4) * norm;
  const double slack = s.frame.slack * 4 * std::sqrt(n_features);
  const std::int64_t first = panel * kPanelRows, end = std::min(n_rows_of(s.rows.rows), first + kPanelRows);
  for (std::int64_t j = first; j < end; ++j) {
    const double other = s.norms[static_cast<std::size_t>(j)];
    const double key = own + (cosine ? 0 : other * other) - factor * static_cast<double>(products[j - first]);
    const double error = per_norm * other + slack * (norm + other + slack) + 1e-30;
    if (key - error <= candidates.limit() && is_neighbour(s, i, j)) candidates.add(j, key - error, key + error);
  }
}

void keep_nearest(const Search& s, std::int64_t i, Candidates& candidates, Neighbours& out) {
  std::vector<std::pair<double, std::int64_t>> measured;
  for (const std::int64_t j : candidates.left()) measured.emplace_back(Exact::between(s.asked, i, s.rows, j), j);
  const auto kept = std::min(static_cast<std::int64_t>(measured.size()), out.n_neighbours);
  std::partial_sort(measured.begin(), measured.begin() + kept, measured.end());
  for (std::int64_t k = 0; k < kept; ++k) {
    out.distance[static_cast<std::size_t>(i * out.n_neighbours + k)] = measured[static_cast<std::size_t>(k)].first;
    out.index[static_cast<std::size_t>(i * out.n_neighbours + k)] = measured[static_cast<std::size_t>(k)].second;
  }
}

void search_block(const Search& s, std::int64_t begin, std::int64_t end, Neighbours& out) {
  const std::int64_t n_features = s.rows.rows.n_features, n = end - begin;
  std::vector<float> rows(static_cast<std::size_t>(n * n_features)), products(static_cast<std::size_t>(n * kPanelRows));
  std::vector<Candidates> candidates(static_cast<std::size_t>(n), Candidates(out.n_neighbours));
  for (std::int64_t i = 0; i < n; ++i) write_row(s.asked, s.frame, begin + i, rows.data() + i * n_features);
  for (std::int64_t panel = 0; panel < s.panels.n_panels(); ++panel) {
    multiply_panel(
        {.rows = rows.data(), .n_rows = n, .n_features = n_features, .panel = s.panels.panel(panel), .products = products.data()});
    for (std::int64_t i = 0; i < n; ++i)
      look_at_panel(s, begin + i, panel, products.data() + i * kPanelRows, candidates[static_cast<std::size_t>(i)]);
  }
  for (std::int64_t i = 0; i < n; ++i) keep_nearest(s, begin + i, candidates[static_cast<std::size_t>(i)], out);
}

void check(const DenseFeatures& asked, const DenseFeatures& rows, const NeighbourOptions& options, bool among_itself) {
  const std::int64_t n = n_rows_of(rows), n_asked = n_rows_of(asked);
  const bool sizes = rows.n_features >= 1 && asked.n_features == rows.n_features &&
                     static_cast<std::int64_t>(rows.values.size()) == n * rows.n_features &&
                     static_cast<std::int64_t>(asked.values.size()) == n_asked * asked.n_features;
  const bool groups =
      options.group.empty() || (std::ssize(options.group) == n && (among_itself || std::ssize(options.asked_group) == n_asked));
  if (!sizes || !groups || options.neighbours < 1 || n < 1)
    throw InternalError({.where = "nearest neighbours",
                         .found = std::to_string(n) + " rows of " + std::to_string(rows.n_features) + " features, " +
                                  std::to_string(options.neighbours) + " neighbours wanted",
                         .expected = "rows, at least one neighbour, groups for all rows or none",
                         .advice = ""});
}

Neighbours search(const DenseFeatures& asked, const DenseFeatures& rows, const NeighbourOptions& options, bool among_itself) {
  check(asked, rows, options, among_itself);
  const Exact exact(rows, options.distance, options.threads);
  const std::optional<Exact> other =
      among_itself ? std::nullopt : std::optional<Exact>(std::in_place, asked, options.distance, options.threads);
  const Exact& exact_asked = other ? *other : exact;
  const Frame frame = frame_of(exact, exact_asked);
  const std::int64_t n = n_rows_of(rows), n_asked = n_rows_of(asked);
  const auto write = [&](std::int64_t row, float* to) { write_row(exact, frame, row, to); };
  const std::vector<double> norms = norms_of(exact, frame);
  const Search s{.asked = exact_asked,
                 .rows = exact,
                 .options = options,
                 .among_itself = among_itself,
                 .frame = frame,
                 .panels = RowPanels(n, rows.n_features, options.threads, write),
                 .norms = norms,
                 .asked_norms = among_itself ? norms : norms_of(exact_asked, frame)};
  Neighbours out{.n_rows = n_asked,
                 .n_neighbours = std::max<std::int64_t>(1, std::min(options.neighbours, n - (among_itself ? 1 : 0)))};
  out.index.assign(static_cast<std::size_t>(n_asked * out.n_neighbours), -1);
  out.distance.assign(out.index.size(), std::numeric_limits<double>::infinity());
  parallel_for((n_asked + kBlock - 1) / kBlock, options.threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) search_block(s, b * kBlock, std::min(n_asked, (b + 1) * kBlock), out);
  });
  return out;
}

}  // namespace

Neighbours nearest_neighbours(const DenseFeatures& rows, const NeighbourOptions& options) {
  return search(rows, rows, options, true);
}

Neighbours nearest_neighbours(const DenseFeatures& asked, const DenseFeatures& rows, const NeighbourOptions& options) {
  return search(asked, rows, options, false);
}

std::vector<std::int32_t> neighbour_calls(const Neighbours& neighbours, std::span<const std::int32_t> labels) {
  std::int32_t greatest = -1;
  for (const std::int32_t label : labels) greatest = std::max(greatest, label);
  std::vector<std::int32_t> out(static_cast<std::size_t>(neighbours.n_rows), -1);
  std::vector<std::int64_t> votes(static_cast<std::size_t>(greatest + 1));
  for (std::int64_t r = 0; r < neighbours.n_rows; ++r) {
    std::fill(votes.begin(), votes.end(), 0);
    for (std::int64_t k = 0; k < neighbours.n_neighbours; ++k) {
      const std::int64_t j = neighbours.index[static_cast<std::size_t>(r * neighbours.n_neighbours + k)];
      if (j >= 0 && labels[static_cast<std::size_t>(j)] >= 0)
        ++votes[static_cast<std::size_t>(labels[static_cast<std::size_t>(j)])];
    }
    const auto most = std::max_element(votes.begin(), votes.end());
    if (most != votes.end() && *most > 0) out[static_cast<std::size_t>(r)] = static_cast<std::int32_t>(most - votes.begin());
  }
  return out;
}

double trustworthiness(const DenseFeatures& rows, const DenseFeatures& drawing, const TrustOptions& options) {
  const std::int64_t n = n_rows_of(rows), k = options.neighbours;
  if (2 * k >= n || k < 1)
    throw DataError({.where = "trustworthiness",
                     .found = std::to_string(k) + " neighbours of " + std::to_string(n) + " rows",
                     .expected = "fewer than half of the rows",
                     .advice = ""});
  const std::int64_t n_asked = std::min(n, options.most_rows);
  std::vector<double> penalty(static_cast<std::size_t>(n_asked));
  const Exact exact(rows, Distance::euclidean, 1), drawn(drawing, Distance::euclidean, 1);
  parallel_for(n_asked, options.threads, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::pair<double, std::int64_t>> near(static_cast<std::size_t>(n));
    std::vector<double> far(static_cast<std::size_t>(n));
    for (std::int64_t a = begin; a < end; ++a) {
      const std::int64_t i = a * n / n_asked;
      for (std::int64_t j = 0; j < n; ++j) {
        near[static_cast<std::size_t>(j)] = {j == i ? -1 : Exact::between(drawn, i, drawn, j), j};
        far[static_cast<std::size_t>(j)] = j == i ? -1 : Exact::between(exact, i, exact, j);
      }
      std::partial_sort(near.begin(), near.begin() + k + 1, near.end());
      for (std::int64_t m = 1; m <= k; ++m) {  // the first is the row itself
        const std::int64_t j = near[static_cast<std::size_t>(m)].second;
        const double distance = far[static_cast<std::size_t>(j)];
        std::int64_t rank = 0;
        for (std::int64_t o = 0; o < n; ++o)
          rank += far[static_cast<std::size_t>(o)] < distance || (far[static_cast<std::size_t>(o)] == distance && o < j) ? 1 : 0;
        penalty[static_cast<std::size_t>(a)] += static_cast<double>(std::max<std::int64_t>(0, rank - k));
      }
    }
  });
  double sum = 0;
  for (const double x : penalty) sum += x;
  const auto dn = static_cast<double>(n), dk = static_cast<double>(k);
  return 1 - sum / static_cast<double>(n_asked) * 2 / (dk * (2 * dn - 3 * dk - 1));
}

}  // namespace cellverdict
