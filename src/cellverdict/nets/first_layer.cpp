#include <cellverdict/nets/first_layer.h>

#include <cmath>

namespace cellverdict {

namespace {

// y = x · w with x sparse; x needs no gradient.
class SparseProduct : public torch::autograd::Function<SparseProduct> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& weight, const CellBatch* batch) {
    context->saved_data["cells"] = reinterpret_cast<std::int64_t>(&batch->cells);
    context->saved_data["threads"] = static_cast<std::int64_t>(batch->threads);
    context->saved_data["genes"] = weight.size(0);
    return cells_times(*batch, weight);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients) {
    const CellBatch batch{.cells = *reinterpret_cast<const CsrBlock*>(context->saved_data["cells"].toInt()),
                          .threads = static_cast<int>(context->saved_data["threads"].toInt())};
    return {genes_times(batch, gradients[0], context->saved_data["genes"].toInt()), torch::Tensor()};
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
  return of_dense(dense_of(batch, weight_.size(0)));
}

torch::Tensor FirstLayerImpl::of_dense(const torch::Tensor& x) {
  const torch::Tensor here = x.to(weight_.device(), weight_.scalar_type());
  return bias_.defined() ? torch::addmm(bias_, here, weight_) : torch::mm(here, weight_);
}

}  // namespace cellverdict
