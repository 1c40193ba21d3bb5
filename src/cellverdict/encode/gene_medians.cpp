#include <cellverdict/encode/gene_medians.h>

#include <cellverdict/base/parallel.h>
#include <cellverdict/prepare/training_sums.h>

#include <algorithm>
#include <limits>
#include <span>

namespace cellverdict {

namespace {

constexpr double kTargetSum = 10'000;

double median_of(std::span<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// Genes [begin, end) whose values fit; one gene at least.
std::int64_t end_of_part(const std::vector<std::int64_t>& n_cells, std::int64_t begin, std::int64_t most_values) {
  std::int64_t end = begin, n = 0;
  while (end < std::ssize(n_cells) && (end == begin || n + n_cells[end] <= most_values)) n += n_cells[end++];
  return end;
}

void fill_part(const CellPass& pass, std::int64_t begin, std::int64_t end, int threads, GeneMedians& out) {
  std::vector<std::size_t> starts{0};
  for (std::int64_t g = begin; g < end; ++g) starts.push_back(starts.back() + static_cast<std::size_t>(out.n_cells[g]));
  std::vector<double> values(starts.back());
  std::vector<std::size_t> filled(starts.begin(), starts.end() - 1);
  pass([&](const CsrRow& counts, double n_counts) {
    auto k = static_cast<std::size_t>(std::lower_bound(counts.genes.begin(), counts.genes.end(), begin) - counts.genes.begin());
    for (; k < counts.genes.size() && counts.genes[k] < end; ++k)
      if (counts.values[k] > 0)
        values[filled[counts.genes[k] - begin]++] = static_cast<double>(counts.values[k]) / n_counts * kTargetSum;
  });
  parallel_for(end - begin, threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t g = first; g < last; ++g)
      out.medians[begin + g] = median_of(std::span(values).subspan(starts[g], starts[g + 1] - starts[g]));
  });
}

}  // namespace

GeneMedians non_zero_medians(std::int64_t n_genes, const CellPass& pass, std::int64_t memory_bytes, int threads) {
  GeneMedians out{.medians = std::vector<double>(static_cast<std::size_t>(n_genes), std::numeric_limits<double>::quiet_NaN()),
                  .n_cells = std::vector<std::int64_t>(static_cast<std::size_t>(n_genes), 0),
                  .n_passes = 1};
  pass([&](const CsrRow& counts, double) {
    for (std::size_t k = 0; k < counts.genes.size(); ++k) out.n_cells[counts.genes[k]] += counts.values[k] > 0 ? 1 : 0;
  });
  const auto most_values = memory_bytes / static_cast<std::int64_t>(sizeof(double));
  for (std::int64_t begin = 0, end = 0; begin < n_genes; begin = end, ++out.n_passes) {
    end = end_of_part(out.n_cells, begin, most_values);
    fill_part(pass, begin, end, threads, out);
  }
  return out;
}

GeneMedians fit_gene_medians(const RunContext& context, const TrainView& train) {
  const CellPass pass = [&](const auto& see) {
    for_each_training_cell(context, train, "gene medians",
                           [&](std::int64_t i, const CsrRow& counts) { see(counts, train.total(i)); });
  };
  return non_zero_medians(train.genes().size(), pass, context.memory_bytes, context.threads);
}

}  // namespace cellverdict
