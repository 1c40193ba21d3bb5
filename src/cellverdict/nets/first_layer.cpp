#include <cellverdict/base/random.h>
#include <cellverdict/nets/first_layer.h>
#include <cellverdict/sparse/csr_dense.h>

#include <algorithm>
#include <array>
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
    csr_times_dense(batch->cells, floats_of(weight.contiguous()), weight.size(1), mutable_floats_of(y), batch->threads);
    return y;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients) {
    const auto* cells = reinterpret_cast<const CsrBlock*>(context->saved_data["cells"].toInt());
    const torch::Tensor dy = gradients[0].contiguous();
    torch::Tensor gradient = torch::empty({context->saved_data["genes"].toInt(), dy.size(1)});
    csr_transposed_times_dense(*cells, floats_of(dy), dy.size(1), mutable_floats_of(gradient),
                               static_cast<int>(context->saved_data["threads"].toInt()));
    return {gradient, torch::Tensor()};
  }
};

}  // namespace

FirstLayerImpl::FirstLayerImpl(std::int64_t n_genes, std::int64_t width) {
  const double bound = 1 / std::sqrt(static_cast<double>(n_genes));  // torch::nn::Linear's
  weight_ = register_parameter("weight", torch::empty({n_genes, width}).uniform_(-bound, bound));
  bias_ = register_parameter("bias", torch::empty({width}).uniform_(-bound, bound));
}

torch::Tensor FirstLayerImpl::forward(const CellBatch& batch) {
  if (batch.kernel == FirstLayerKernel::sparse && weight_.device().is_cpu()) return SparseProduct::apply(weight_, &batch) + bias_;
  torch::Tensor dense = torch::empty({batch.cells.n_rows(), weight_.size(0)});
  csr_to_dense(batch.cells, weight_.size(0), mutable_floats_of(dense));
  return torch::addmm(bias_, dense.to(weight_.device()), weight_);
}

torch::Tensor counter_dropout(const torch::Tensor& x, double probability, std::uint64_t key) {
  if (probability <= 0) return x;
  torch::Tensor mask = torch::empty(x.sizes());
  auto values = mutable_floats_of(mask);
  const auto threshold = static_cast<std::uint32_t>(probability * 65536.0);
  const auto scale = static_cast<float>(1 / (1 - threshold / 65536.0));
  // One 64-bit hash decides four elements, 16 bits each. The lots of a block are drawn before any is compared: two plain loops that
  // the compiler vectorises, five times faster than one.
  constexpr std::size_t kBlock = 1024;
  std::array<std::uint16_t, kBlock> lots{};
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    for (std::size_t i = 0; i < kBlock; i += 4) {
      const std::uint64_t bits = mix_bits(key + begin + i);
      for (std::size_t k = 0; k < 4; ++k) lots[i + k] = static_cast<std::uint16_t>(bits >> (16 * k));
    }
    const std::size_t n = std::min(kBlock, values.size() - begin);
    for (std::size_t i = 0; i < n; ++i) values[begin + i] = lots[i] >= threshold ? scale : 0.0F;
  }
  return x * mask.to(x.device());
}

}  // namespace cellverdict
