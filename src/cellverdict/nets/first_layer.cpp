#include <cellverdict/nets/first_layer.h>
#include <cellverdict/nets/torch_threads.h>
#include <cellverdict/sparse/csr_dense.h>

#include <cmath>

namespace cellverdict {

namespace {

std::span<const float> floats_of(const torch::Tensor& t) {
  return {t.const_data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}
std::span<float> mutable_floats_of(torch::Tensor& t) {
  return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}

// y = x · w with x sparse; x needs no gradient.
class SparseProduct : public torch::autograd::Function<SparseProduct> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& weight, const CellBatch* batch) {
    context->saved_data["cells"] = reinterpret_cast<std::int64_t>(&batch->cells);
    context->saved_data["threads"] = static_cast<std::int64_t>(batch->threads);
    context->saved_data["genes"] = weight.size(0);
    torch::Tensor y = torch::empty({batch->cells.n_rows(), weight.size(1)});
    csr_times_dense(batch->cells, floats_of(weight.contiguous()), weight.size(1), mutable_floats_of(y), batch->threads,
                    divide_as_torch);
    return y;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients) {
    const auto* cells = reinterpret_cast<const CsrBlock*>(context->saved_data["cells"].toInt());
    const torch::Tensor dy = gradients[0].contiguous();
    torch::Tensor gradient = torch::empty({context->saved_data["genes"].toInt(), dy.size(1)});
    csr_transposed_times_dense(*cells, floats_of(dy), dy.size(1), mutable_floats_of(gradient),
                               static_cast<int>(context->saved_data["threads"].toInt()), divide_as_torch);
    return {gradient, torch::Tensor()};
  }
};

}  // namespace

FirstLayerImpl::FirstLayerImpl(std::int64_t n_genes, std::int64_t width, const FirstLayerOptions& options) {
  const double bound = 1 / std::sqrt(static_cast<double>(n_genes));  // torch::nn::Linear's
  weight_ = register_parameter("weight", torch::empty({n_genes, width}).uniform_(-bound, bound));
  if (options.bias) bias_ = register_parameter("bias", torch::empty({width}).uniform_(-bound, bound));
}

torch::Tensor FirstLayerImpl::forward(const CellBatch& batch) {
  const bool for_kernel = weight_.device().is_cpu() && weight_.scalar_type() == torch::kFloat32;
  if (batch.kernel == FirstLayerKernel::sparse && for_kernel) {
    const torch::Tensor product = SparseProduct::apply(weight_, &batch);
    return bias_.defined() ? product + bias_ : product;
  }
  torch::Tensor dense = torch::empty({batch.cells.n_rows(), weight_.size(0)});
  csr_to_dense(batch.cells, weight_.size(0), mutable_floats_of(dense), batch.threads, divide_as_torch);
  return of_dense(dense);
}

torch::Tensor FirstLayerImpl::of_dense(const torch::Tensor& x) {
  const torch::Tensor here = x.to(weight_.device(), weight_.scalar_type());
  return bias_.defined() ? torch::addmm(bias_, here, weight_) : torch::mm(here, weight_);
}

}  // namespace cellverdict
