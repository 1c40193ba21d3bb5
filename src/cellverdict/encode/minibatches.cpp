#include <cellverdict/base/random.h>
#include <cellverdict/encode/minibatches.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace cellverdict {

namespace {

std::vector<std::vector<std::int64_t>> cut(std::vector<std::int64_t> order, std::int64_t batch_size) {
  std::vector<std::vector<std::int64_t>> batches;
  for (auto begin = order.begin(); begin != order.end();) {
    auto end = begin + std::min<std::ptrdiff_t>(batch_size, order.end() - begin);
    batches.emplace_back(begin, end);
    begin = end;
  }
  return batches;
}

std::vector<std::vector<std::int64_t>> shuffled(std::vector<std::int64_t> order, std::int64_t batch_size, std::uint64_t seed,
                                                int epoch) {
  Random random(seed, "shuffle cells", {}, static_cast<std::uint64_t>(epoch));
  random.shuffle(std::span(order));
  auto batches = cut(std::move(order), batch_size);
  if (batches.size() > 1 && batches.back().size() == 1) {
    batches[batches.size() - 2].push_back(batches.back()[0]);
    batches.pop_back();
  }
  return batches;
}

}  // namespace

PreparedCells::PreparedCells(const CellView& view, const Preparation& preparation, std::int64_t cache_bytes)
    : view_(view), preparation_(preparation), column_(preparation_columns(preparation, view.genes())) {
  constexpr std::int64_t kSample = 256;
  CsrBlock sample;
  for (std::int64_t i = 0; i < std::min(kSample, n_cells()); ++i)
    prepare(i * std::max<std::int64_t>(1, n_cells() / kSample) % n_cells(), sample);
  const double per_cell =
      sample.n_rows() > 0 ? static_cast<double>(sample.indices.size()) / static_cast<double>(sample.n_rows()) : 0;
  density_ = per_cell / static_cast<double>(std::max<std::int64_t>(1, n_genes()));
  // A tenth more than the sample says, for cells larger than those looked at.
  const double bytes = static_cast<double>(n_cells()) * (8 + 1.1 * 8 * per_cell);
  if (bytes > static_cast<double>(cache_bytes)) return;
  cache_.indices.reserve(static_cast<std::size_t>(1.1 * per_cell * static_cast<double>(n_cells())));
  cache_.values.reserve(cache_.indices.capacity());
  for (std::int64_t i = 0; i < n_cells(); ++i) prepare(i, cache_);
  cached_ = true;
}

PreparedCells::PreparedCells(const CellView& view, std::vector<float> latents, std::int64_t n_latents)
    : view_(view), cached_(true), latents_(std::move(latents)), n_latents_(n_latents), density_(1) {}

void append_full_row(std::span<const float> numbers, CsrBlock& out) {
  for (std::size_t k = 0; k < numbers.size(); ++k) out.push(static_cast<std::int32_t>(k), numbers[k]);
  out.end_row();
}

void PreparedCells::prepare(std::int64_t i, CsrBlock& out) const {
  CsrBlock counts;
  view_.append_counts(i, counts);
  apply_preparation(preparation_, column_, counts.row(0), view_.total(i), out);
}

void PreparedCells::append(std::int64_t i, CsrBlock& out) const {
  if (!cached_) return prepare(i, out);
  if (are_latent())
    return append_full_row(
        std::span(latents_).subspan(static_cast<std::size_t>(i * n_latents_), static_cast<std::size_t>(n_latents_)), out);
  const CsrRow row = cache_.row(i);
  out.indices.insert(out.indices.end(), row.genes.begin(), row.genes.end());
  out.values.insert(out.values.end(), row.values.begin(), row.values.end());
  out.end_row();
}

std::vector<std::vector<std::int64_t>> shuffled_batches(std::int64_t n_cells, std::int64_t batch_size, std::uint64_t seed,
                                                        int epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n_cells));
  std::iota(order.begin(), order.end(), 0);
  return shuffled(std::move(order), batch_size, seed, epoch);
}

std::vector<std::vector<std::int64_t>> upsampled_batches(const std::vector<std::int32_t>& classes, std::int64_t batch_size,
                                                         std::uint64_t seed, int epoch) {
  std::map<std::int32_t, std::vector<std::int64_t>> of_class;
  for (std::size_t i = 0; i < classes.size(); ++i) of_class[classes[i]].push_back(static_cast<std::int64_t>(i));
  std::size_t most = 0;
  for (const auto& [number, cells] : of_class)
    if (number >= 0) most = std::max(most, cells.size());
  std::vector<std::int64_t> order;
  for (auto& [number, cells] : of_class) {
    Random random(seed, "upsample cells", {}, static_cast<std::uint64_t>(epoch) * 4096 + static_cast<std::uint64_t>(number + 1));
    random.shuffle(std::span(cells));
    order.insert(order.end(), cells.begin(), cells.end());
    for (std::size_t k = cells.size(); number >= 0 && k < most; ++k) order.push_back(cells[k % cells.size()]);
  }
  return shuffled(std::move(order), batch_size, seed, epoch);
}

std::vector<std::vector<std::int64_t>> ordered_batches(std::int64_t n_cells, std::int64_t batch_size) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n_cells));
  std::iota(order.begin(), order.end(), 0);
  return cut(std::move(order), batch_size);
}

}  // namespace cellverdict
