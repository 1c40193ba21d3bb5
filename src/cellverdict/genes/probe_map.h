#pragma once
// From the probes of an array to genes. Which probe is of which gene is fixed by the annotation before anything is fitted; how
// several probes of one gene become one value may depend on training samples, and is frozen then (prepare/probe_summary.h).
// Must never: lose a probe without counting it; let a sample that is not of the training side choose a probe.

#include <cellverdict/table/names.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

// The genes of each probe, as an annotation lists them; a probe may have none or several.
struct ProbeGenes {
  std::string source;                      // "GPL96, column Gene Symbol", for notes and errors
  Names probes;                            // [probes]
  std::vector<std::int64_t> starts = {0};  // [probes + 1] of `genes`
  Names genes;
};

// Of probes that several genes share: leave them out, take the first gene, or count them for each.
enum class MultiGene { drop, first, all };
// Of genes that several probes measure: the mean or median of those with a value; or the one probe whose mean, or variance, over
// the training samples is largest.
enum class ProbeSummary { mean, median, max_mean, max_variance };
// Throw UsageError naming `where`: "drop", "first", "all"; "mean", "median", "max-mean", "max-variance".
MultiGene multi_gene_named(const std::string& name, const std::string& where);
ProbeSummary probe_summary_named(const std::string& name, const std::string& where);
std::string probe_summary_name(ProbeSummary summary);

struct ProbeMap {
  std::vector<std::string> genes;          // distinct, in the order in which the probes of the matrix name them first
  std::vector<std::int64_t> starts = {0};  // [genes + 1] of `probes`
  std::vector<std::int32_t> probes;        // columns of the matrix, ascending within a gene
  std::int64_t n_columns = 0;              // of the matrix

  std::int64_t n_unknown = 0;   // probes of the matrix that the annotation lacks
  std::int64_t n_geneless = 0;  // that have no gene there: controls, withdrawn sequences
  std::int64_t n_shared = 0;    // that have several genes
  std::int64_t n_used = 0;      // probes that count for a gene
  std::vector<std::string> notes;

  std::int64_t n_genes() const { return static_cast<std::int64_t>(genes.size()); }
  std::span<const std::int32_t> probes_of(std::int64_t gene) const {
    return std::span(probes).subspan(static_cast<std::size_t>(starts[gene]),
                                     static_cast<std::size_t>(starts[gene + 1] - starts[gene]));
  }
};

// `columns`: the probes of the matrix. Throws DataError for another platform: fewer than half of the probes are in the annotation;
// and where no gene is left.
ProbeMap make_probe_map(const Names& columns, const ProbeGenes& annotation, MultiGene shared);

// Sums over samples, from which probes are chosen. Missing values do not count.
class ProbeMoments {
 public:
  explicit ProbeMoments(std::int64_t n_probes);
  void add(std::span<const float> sample);
  double mean(std::int64_t probe) const;      // NaN without a value
  double variance(std::int64_t probe) const;  // ddof 1; NaN with fewer than two values

 private:
  std::vector<double> mean_, squares_;  // Welford
  std::vector<std::int64_t> n_;
};

struct FittedProbes {
  ProbeSummary summary = ProbeSummary::mean;
  std::vector<std::int32_t> chosen;  // [genes] column of the matrix; empty for mean and median
};
// A probe without a mean (or variance) is taken only where its gene has no other; of equal ones the first.
FittedProbes choose_probes(const ProbeMap& map, const ProbeMoments& training, ProbeSummary summary);

// One sample: [n_columns] → [n_genes]. A gene is missing (NaN) where none of its probes, or not the chosen one, has a value.
void apply_probes(const ProbeMap& map, const FittedProbes& fitted, std::span<const float> sample, std::span<float> genes);

}  // namespace cellverdict
