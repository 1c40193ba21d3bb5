#include <cellverdict/prepare/unit_sums.h>

#include <cellverdict/prepare/normalise.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cellverdict {

namespace {

// Σ x, Σ x² and the number of x > 0 of a gene, or what one x adds to them. Four numbers side by side, of which the compiler adds
// several at a time; one line of the cache a gene.
struct alignas(32) GeneSum {
  std::array<double, 4> parts{};
  GeneSum() = default;
  explicit GeneSum(double x) : parts{x, x * x, x > 0 ? 1.0 : 0.0, 0} {}
  void add(const GeneSum& other) {
    const auto more = other.parts;  // a copy: the compiler cannot know that the two are not the same
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] += more[i];
  }
};

// Most counts of a cell are one of a few small numbers: each is normalised once.
class SmallCounts {
 public:
  SmallCounts(double target_sum, bool log1p) : target_sum_(target_sum), log1p_(log1p) {}
  void start(double total) {
    total_ = total;
    is_known_.fill(false);
  }
  GeneSum normalised(std::uint16_t count) {
    if (count >= known_.size()) return compute(count);
    if (!is_known_[count]) {
      known_[count] = compute(count);
      is_known_[count] = true;
    }
    return known_[count];
  }

 private:
  GeneSum compute(std::uint16_t count) const {
    float value = count;
    normalise_values(std::span(&value, 1), total_, target_sum_, log1p_);
    return GeneSum(static_cast<double>(value));
  }
  double target_sum_, total_ = 0;
  bool log1p_;
  std::array<bool, 256> is_known_{};
  std::array<GeneSum, 256> known_;
};

}  // namespace

UnitSums::UnitSums(const std::filesystem::path& path, const std::vector<std::int32_t>& units, std::int64_t n_genes)
    : file_(path), units_(units), n_units_(std::ssize(units)), n_genes_(n_genes) {
  file_.reserve(3 * n_units_ * n_genes * static_cast<std::int64_t>(sizeof(double)));
  values_ = reinterpret_cast<double*>(file_.bytes());
}

double* UnitSums::row_of(std::int32_t unit) {
  return values_ + (std::ranges::lower_bound(units_, unit) - units_.begin()) * n_genes_;
}

void UnitSums::add(std::int32_t unit, std::span<const double> sums) {
  for (std::int64_t table = 0; table < 3; ++table) {
    double* const row = row_of(unit) + table * n_units_ * n_genes_;
    for (std::int64_t g = 0; g < n_genes_; ++g) row[g] += sums[static_cast<std::size_t>(table * n_genes_ + g)];
  }
}

void UnitSums::add(std::int32_t unit, const RowSpool& spool, std::span<const std::int32_t> rows, const CellRecords& records,
                   const PrepareOptions& options) {
  std::vector<GeneSum> sums(static_cast<std::size_t>(n_genes_));
  double* const sum = row_of(unit);
  double* const squares = sum + n_units_ * n_genes_;
  double* const positive = squares + n_units_ * n_genes_;
  for (std::int64_t g = 0; g < n_genes_; ++g) sums[g].parts = {sum[g], squares[g], positive[g], 0};
  SmallCounts small(options.target_sum, options.log1p);
  std::vector<std::int32_t> genes;
  std::vector<std::uint16_t> counts;
  std::vector<float> values;
  for (const std::int32_t i : rows) {
    const auto& row = spool.row(i);
    const double total = records[row.cell].total;
    const auto n = static_cast<std::size_t>(row.n_entries);
    genes.resize(std::max(genes.size(), n));
    spool.read_genes(i, genes.data());
    if (row.wide == 0) {
      counts.resize(std::max(counts.size(), n));
      spool.read_counts(i, counts.data());
      small.start(total);
      for (std::size_t k = 0; k < n; ++k) sums[genes[k]].add(small.normalised(counts[k]));
    } else {
      values.resize(n);
      spool.read_values(i, values.data());
      normalise_values(values, total, options.target_sum, options.log1p);
      for (std::size_t k = 0; k < n; ++k) sums[genes[k]].add(GeneSum(static_cast<double>(values[k])));
    }
  }
  for (std::int64_t g = 0; g < n_genes_; ++g) {
    sum[g] = sums[g].parts[0];
    squares[g] = sums[g].parts[1];
    positive[g] = sums[g].parts[2];
  }
}

}  // namespace cellverdict
