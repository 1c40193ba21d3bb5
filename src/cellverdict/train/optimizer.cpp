#include <cellverdict/train/optimizer.h>

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>

#include <tuple>

namespace cellverdict {

namespace {

// A torch::optim::Adam or AdamW whose step is LibTorch's fused kernel.
template <class Base, class Options, class State>
class Fused : public Base {
 public:
  using Base::Base;

  torch::Tensor step(torch::optim::Optimizer::LossClosure /*closure*/ = nullptr) override {
    const torch::NoGradGuard no_gradient;
    for (auto& group : this->param_groups()) step_group(group.params(), static_cast<const Options&>(group.options()));
    return {};
  }

 private:
  void step_group(const std::vector<torch::Tensor>& parameters, const Options& o) {
    std::vector<torch::Tensor> moved, gradients, averages, squares, steps;
    for (const torch::Tensor& parameter : parameters) {
      if (!parameter.grad().defined()) continue;
      State& state = state_of(parameter);
      state.step(state.step() + 1);
      moved.push_back(parameter);
      gradients.push_back(parameter.grad());
      averages.push_back(state.exp_avg());
      squares.push_back(state.exp_avg_sq());
      // Single precision counts to 16 million steps.
      steps.push_back(torch::full({}, static_cast<double>(state.step()), torch::kFloat32).to(parameter.device()));
    }
    if (moved.empty()) return;
    const auto [beta1, beta2] = o.betas();
    constexpr auto fused = std::is_same_v<Base, torch::optim::AdamW> ? kAdamW : kAdam;
    fused(moved, gradients, averages, squares, {}, steps, o.lr(), beta1, beta2, o.weight_decay(), o.eps(), false, false, {}, {});
  }

  using Step = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList, double,
                        double, double, double, double, bool, bool, const std::optional<at::Tensor>&,
                        const std::optional<at::Tensor>&);
  static constexpr Step kAdam = at::_fused_adam_, kAdamW = at::_fused_adamw_;

  State& state_of(const torch::Tensor& parameter) {
    auto& kept = this->state()[parameter.unsafeGetTensorImpl()];
    if (!kept) {
      auto fresh = std::make_unique<State>();
      fresh->exp_avg(torch::zeros_like(parameter, torch::MemoryFormat::Preserve));
      fresh->exp_avg_sq(torch::zeros_like(parameter, torch::MemoryFormat::Preserve));
      kept = std::move(fresh);
    }
    return static_cast<State&>(*kept);
  }
};

using FusedAdam = Fused<torch::optim::Adam, torch::optim::AdamOptions, torch::optim::AdamParamState>;
using FusedAdamW = Fused<torch::optim::AdamW, torch::optim::AdamWOptions, torch::optim::AdamWParamState>;

}  // namespace

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainOptions& o, const std::vector<torch::Tensor>& parameters) {
  if (o.optimizer == "adamw")
    return std::make_unique<FusedAdamW>(
        parameters, torch::optim::AdamWOptions(o.learning_rate).weight_decay(o.weight_decay).eps(o.adam_epsilon));
  if (o.optimizer == "sgd")
    return std::make_unique<torch::optim::SGD>(
        parameters, torch::optim::SGDOptions(o.learning_rate).momentum(o.momentum).weight_decay(o.weight_decay));
  return std::make_unique<FusedAdam>(parameters,
                                     torch::optim::AdamOptions(o.learning_rate).weight_decay(o.weight_decay).eps(o.adam_epsilon));
}

std::unique_ptr<torch::optim::Optimizer> make_transformer_optimizer(const TrainOptions& options,
                                                                    const std::vector<torch::Tensor>& parameters) {
  std::vector<torch::Tensor> matrices, others;
  for (const auto& parameter : parameters)
    if (parameter.requires_grad()) (parameter.dim() > 1 ? matrices : others).push_back(parameter);
  auto optimizer = make_optimizer(options, matrices);
  TrainOptions plain = options;
  plain.weight_decay = 0;
  const auto of_others = make_optimizer(plain, others);
  optimizer->add_param_group(of_others->param_groups()[0]);
  return optimizer;
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
}

}  // namespace cellverdict
