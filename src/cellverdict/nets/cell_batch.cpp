#include <cellverdict/nets/cell_batch.h>
#include <cellverdict/nets/torch_threads.h>
#include <cellverdict/sparse/csr_dense.h>

#include <span>

namespace cellverdict {

namespace {

std::span<const float> floats_of(const torch::Tensor& t) {
  return {t.const_data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}
std::span<float> mutable_floats_of(torch::Tensor& t) {
  return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}

}  // namespace

torch::Tensor cells_times(const CellBatch& x, const torch::Tensor& w) {
  torch::Tensor y = torch::empty({x.cells.n_rows(), w.size(1)});
  csr_times_dense(x.cells, floats_of(w.contiguous()), w.size(1), mutable_floats_of(y), x.threads, divide_as_torch);
  return y;
}

torch::Tensor genes_times(const CellBatch& x, const torch::Tensor& h, std::int64_t n_genes) {
  torch::Tensor y = torch::empty({n_genes, h.size(1)});
  csr_transposed_times_dense(x.cells, floats_of(h.contiguous()), h.size(1), mutable_floats_of(y), x.threads, divide_as_torch);
  return y;
}

torch::Tensor dense_of(const CellBatch& x, std::int64_t n_genes) {
  torch::Tensor y = torch::empty({x.cells.n_rows(), n_genes});
  csr_to_dense(x.cells, n_genes, mutable_floats_of(y), x.threads, divide_as_torch);
  return y;
}

}  // namespace cellverdict
