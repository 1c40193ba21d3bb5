#include <cellverdict/base/random.h>
#include <cellverdict/nets/dropout.h>

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>

namespace cellverdict {

namespace {

// Dropped when its lot of 16 bits is below the threshold.
struct Chance {
  explicit Chance(double probability) : threshold(static_cast<std::uint32_t>(probability * 65536.0)) {}
  std::uint32_t threshold;
  float scale() const { return static_cast<float>(1 / (1 - threshold / 65536.0)); }
};

// Calls use(begin, n, lots) on blocks of the elements [0, n_elements).
template <class Use>
void each_block(std::int64_t n_elements, std::uint64_t key, const Use& use) {
  // One 64-bit hash decides four elements, 16 bits each. The lots of a block are drawn before any is compared, in loops of their
  // own.
  constexpr std::int64_t kBlock = 1024, kBlocksWorthAThread = 16;
  at::parallel_for(0, (n_elements + kBlock - 1) / kBlock, kBlocksWorthAThread, [&](std::int64_t first, std::int64_t last) {
    std::array<std::uint16_t, kBlock> lots{};
    for (std::int64_t begin = first * kBlock; begin < std::min(last * kBlock, n_elements); begin += kBlock) {
      for (std::int64_t i = 0; i < kBlock; i += 4) {
        const std::uint64_t bits = mix_bits(key + static_cast<std::uint64_t>(begin + i));
        for (std::int64_t k = 0; k < 4; ++k) lots[i + k] = static_cast<std::uint16_t>(bits >> (16 * k));
      }
      use(begin, std::min(kBlock, n_elements - begin), lots.data());
    }
  });
}

bool plain_floats(const torch::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat32;
}

// The loops below are functions of their own, with values and unaliased pointers, and choose by the forms that GCC turns into
// vector code: as written in the callers they took ten times as long. What is not a number stays one: a training that diverges must
// be seen.

void drop(const float* __restrict in, const std::uint16_t* __restrict lots, std::int64_t n, Chance chance, float* __restrict out) {
  const float scale = chance.scale();
  for (std::int64_t i = 0; i < n; ++i) out[i] = in[i] * (lots[i] >= chance.threshold ? scale : 0.0F);
}

void mark_kept(const std::uint16_t* __restrict lots, std::int64_t n, Chance chance, std::uint8_t* __restrict kept) {
  for (std::int64_t i = 0; i < n; ++i) kept[i] = lots[i] >= chance.threshold ? 1 : 0;
}

void cut_and_drop(const float* __restrict in, const std::uint16_t* __restrict lots, std::int64_t n, Chance chance,
                  float* __restrict out) {
  const float scale = chance.scale();
  for (std::int64_t i = 0; i < n; ++i) {
    const float positive = 0 > in[i] ? 0 : in[i];
    out[i] = (lots[i] >= chance.threshold ? scale : 0.0F) * positive;
  }
}

void pass_where(const float* __restrict y, const float* __restrict dy, std::int64_t n, float scale, float* __restrict dx) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] = dy[i] * (y[i] == 0 ? 0.0F : scale);
}

class Dropout : public torch::autograd::Function<Dropout> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x, double probability,
                               std::int64_t key) {
    const Chance chance(probability);
    const torch::Tensor whole = x.contiguous();
    torch::Tensor y = torch::empty(whole.sizes(), whole.options());
    torch::Tensor kept = torch::empty(whole.sizes(), torch::kUInt8);
    const float* in = whole.const_data_ptr<float>();
    float* out = y.mutable_data_ptr<float>();
    std::uint8_t* mask = kept.mutable_data_ptr<std::uint8_t>();
    each_block(whole.numel(), static_cast<std::uint64_t>(key), [&](std::int64_t begin, std::int64_t n, const std::uint16_t* lots) {
      mark_kept(lots, n, chance, mask + begin);
      drop(in + begin, lots, n, chance, out + begin);
    });
    context->save_for_backward({kept});
    context->saved_data["scale"] = static_cast<double>(chance.scale());
    return y;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const torch::Tensor kept = context->get_saved_variables()[0];
    return {gradients[0] * kept * context->saved_data["scale"].toDouble(), torch::Tensor(), torch::Tensor()};
  }
};

class ReluDropout : public torch::autograd::Function<ReluDropout> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x, double probability,
                               std::int64_t key) {
    const Chance chance(probability);
    const torch::Tensor whole = x.contiguous();
    torch::Tensor y = torch::empty(whole.sizes(), whole.options());
    const float* in = whole.const_data_ptr<float>();
    float* out = y.mutable_data_ptr<float>();
    each_block(whole.numel(), static_cast<std::uint64_t>(key), [&](std::int64_t begin, std::int64_t n, const std::uint16_t* lots) {
      cut_and_drop(in + begin, lots, n, chance, out + begin);
    });
    context->save_for_backward({y});
    context->saved_data["scale"] = static_cast<double>(chance.scale());
    return y;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const torch::Tensor y = context->get_saved_variables()[0], dy = gradients[0].contiguous();
    torch::Tensor dx = torch::empty(dy.sizes(), dy.options());
    const auto scale = static_cast<float>(context->saved_data["scale"].toDouble());
    const float *of_y = y.const_data_ptr<float>(), *in = dy.const_data_ptr<float>();
    float* out = dx.mutable_data_ptr<float>();
    constexpr std::int64_t kWorthAThread = 16384;
    at::parallel_for(0, dy.numel(), kWorthAThread, [&](std::int64_t begin, std::int64_t end) {
      pass_where(of_y + begin, in + begin, end - begin, scale, out + begin);
    });
    return {dx, torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor counter_dropout(const torch::Tensor& x, double probability, std::uint64_t key) {
  if (probability <= 0) return x;
  if (plain_floats(x)) return Dropout::apply(x, probability, static_cast<std::int64_t>(key));
  // Elsewhere the mask is made here and sent there.
  return x * Dropout::apply(torch::ones(x.sizes()), probability, static_cast<std::int64_t>(key)).to(x.options());
}

torch::Tensor relu_dropout(const torch::Tensor& x, double probability, std::uint64_t key) {
  if (probability <= 0 || !plain_floats(x)) return counter_dropout(torch::relu(x), probability, key);
  return ReluDropout::apply(x, probability, static_cast<std::int64_t>(key));
}

}  // namespace cellverdict
