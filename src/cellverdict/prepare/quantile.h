#pragma once
// Quantile normalisation across arrays: every sample gets the distribution of a reference. The reference is fitted on the training
// samples, over the genes of a panel fixed beforehand, and frozen; a sample that comes later is brought to it alone.
// Source: Bolstad et al. 2003, doi:10.1093/bioinformatics/19.2.185; ties and missing values as limma's normalizeQuantiles
// (ties = TRUE) has them: equal values get the reference at their mean rank.
// Must never: take a value of a sample outside of the training side into the reference.

#include <cellverdict/split/views.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct QuantileReference {
  std::vector<double> values;  // [n_genes] ascending: the mean of the samples' i-th smallest value
  std::int64_t n_samples = 0;  // it was fitted on
};

// Share of the panel that a sample may lack.
constexpr double kMostMissing = 0.1;

// Adds samples up. A sample with missing values (NaN) counts with its quantiles, interpolated linearly to the whole panel.
class QuantileSums {
 public:
  explicit QuantileSums(std::int64_t n_genes) : sums_(static_cast<std::size_t>(n_genes)) {}
  // Throws DataError naming the sample when more than kMostMissing of its values are missing, or when it has fewer than two.
  void add(std::span<const float> sample, const std::string& name);
  // Throws DataError without any sample.
  QuantileReference reference() const;

 private:
  std::vector<double> sums_;
  std::int64_t n_samples_ = 0;
};

// Over all genes of the view. Throws like QuantileSums.
QuantileReference fit_quantiles(const TrainView& train);

// In place; what is missing stays missing. `sample`: [n_genes]. Throws DataError like QuantileSums::add.
void apply_quantiles(const QuantileReference& reference, std::span<float> sample, const std::string& name);

// Where each gene of the panel stands in the columns of a matrix, -1: not there. Throws DataError naming `name` when more than
// kMostMissing of the panel is not.
std::vector<std::int32_t> find_panel(const std::vector<std::string>& panel, const std::vector<std::string>& columns,
                                     const std::string& name);

}  // namespace cellverdict
