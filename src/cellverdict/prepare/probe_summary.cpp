#include <cellverdict/prepare/probe_summary.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <vector>

namespace cellverdict {

void dense_row(const CellView& view, std::int64_t i, CsrBlock& work, std::span<float> row) {
  std::fill(row.begin(), row.end(), 0.F);
  work.clear();
  view.append_counts(i, work);
  const CsrRow values = work.row(0);
  for (std::size_t k = 0; k < values.genes.size(); ++k) row[static_cast<std::size_t>(values.genes[k])] = values.values[k];
}

FittedProbes fit_probes(const TrainView& train, const ProbeMap& map, ProbeSummary summary) {
  if (train.genes().size() != map.n_columns)
    throw DataError({.where = "the probes of the training samples",
                     .found = counted(train.genes().size(), "probe"),
                     .expected = with_commas(map.n_columns) + ", those the genes were looked up for"});
  ProbeMoments moments(map.n_columns);
  std::vector<float> row(static_cast<std::size_t>(map.n_columns));
  CsrBlock work;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) {
    dense_row(train, i, work, row);
    moments.add(row);
  }
  return choose_probes(map, moments, summary);
}

}  // namespace cellverdict
