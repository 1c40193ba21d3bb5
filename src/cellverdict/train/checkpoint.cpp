#include <cellverdict/base/error.h>
#include <cellverdict/train/checkpoint.h>
#include <cellverdict/train/model_card.h>
#include <cellverdict/train/tensors.h>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCheckpointFile = "checkpoint.safetensors";

template <class State>
void collect_adam(const torch::optim::OptimizerParamState& base, const std::string& prefix, Safetensors& out) {
  const auto& state = static_cast<const State&>(base);
  out.tensors.push_back(to_named(prefix + "exp_avg", state.exp_avg()));
  out.tensors.push_back(to_named(prefix + "exp_avg_sq", state.exp_avg_sq()));
  out.tensors.push_back(to_named(prefix + "step", torch::tensor({state.step()}, torch::kInt64)));
}

template <class State>
std::unique_ptr<torch::optim::OptimizerParamState> restore_adam(const std::string& prefix, const Safetensors& in) {
  auto state = std::make_unique<State>();
  state->exp_avg(from_named(*in.find(prefix + "exp_avg")));
  state->exp_avg_sq(from_named(*in.find(prefix + "exp_avg_sq")));
  state->step(from_named(*in.find(prefix + "step")).template item<std::int64_t>());
  return state;
}

// Parameters in the order the optimiser holds them.
template <class Use>
void each_parameter(torch::optim::Optimizer& optimizer, Use use) {
  std::size_t number = 0;
  for (auto& group : optimizer.param_groups())
    for (auto& parameter : group.params()) use(parameter, "optimizer." + std::to_string(number++) + ".");
}

void collect_optimizer(torch::optim::Optimizer& optimizer, Safetensors& out) {
  each_parameter(optimizer, [&](const torch::Tensor& parameter, const std::string& prefix) {
    const auto found = optimizer.state().find(parameter.unsafeGetTensorImpl());
    if (found == optimizer.state().end()) return;
    if (dynamic_cast<torch::optim::AdamW*>(&optimizer) != nullptr) {
      collect_adam<torch::optim::AdamWParamState>(*found->second, prefix, out);
    } else if (dynamic_cast<torch::optim::Adam*>(&optimizer) != nullptr) {
      collect_adam<torch::optim::AdamParamState>(*found->second, prefix, out);
    } else if (const auto& buffer = static_cast<const torch::optim::SGDParamState&>(*found->second).momentum_buffer();
               buffer.defined()) {
      out.tensors.push_back(to_named(prefix + "momentum", buffer));
    }
  });
}

void restore_optimizer(torch::optim::Optimizer& optimizer, const Safetensors& in) {
  each_parameter(optimizer, [&](const torch::Tensor& parameter, const std::string& prefix) {
    auto& state = optimizer.state()[parameter.unsafeGetTensorImpl()];
    if (in.find(prefix + "exp_avg") != nullptr) {
      const bool decoupled = dynamic_cast<torch::optim::AdamW*>(&optimizer) != nullptr;
      state = decoupled ? restore_adam<torch::optim::AdamWParamState>(prefix, in)
                        : restore_adam<torch::optim::AdamParamState>(prefix, in);
    } else if (const NamedTensor* momentum = in.find(prefix + "momentum")) {
      auto sgd = std::make_unique<torch::optim::SGDParamState>();
      sgd->momentum_buffer(from_named(*momentum));
      state = std::move(sgd);
    }
  });
}

}  // namespace

void write_checkpoint(const fs::path& folder, const std::string& key, const torch::nn::Module& net,
                      torch::optim::Optimizer& optimizer, const TrainingState& state) {
  Safetensors out;
  collect_tensors(net, "net.", out);
  collect_optimizer(optimizer, out);
  for (NamedTensor tensor : state.best.tensors) {
    tensor.name = "best." + tensor.name;
    out.tensors.push_back(std::move(tensor));
  }
  out.metadata = {{"key", key}, {"history", learning_curve_to_json(state.curve)}, {"step", std::to_string(state.step)}};
  write_safetensors(folder / kCheckpointFile, out);
}

std::optional<TrainingState> read_checkpoint(const fs::path& folder, const std::string& key, torch::nn::Module& net,
                                             torch::optim::Optimizer& optimizer) {
  const fs::path file = folder / kCheckpointFile;
  if (!fs::exists(file)) return std::nullopt;
  const Safetensors in = read_safetensors(file);
  const auto said = [&](const std::string& name) {
    const auto found = in.metadata.find(name);
    if (found == in.metadata.end())
      throw InputError({.where = file.string(),
                        .found = "no '" + name + "'",
                        .expected = "a checkpoint of cellverdict",
                        .advice = "delete it and train from the start"});
    return found->second;
  };
  if (said("key") != key)
    throw UsageError({.where = "--resume",
                      .found = "a checkpoint of another configuration or other data in " + file.string(),
                      .expected = "one of this run",
                      .advice = "run without --resume to start over"});
  restore_tensors(net, "net.", in, file.string());
  restore_optimizer(optimizer, in);
  TrainingState state{.curve = learning_curve_from_json(said("history"), file.string()), .step = std::stoull(said("step"))};
  for (NamedTensor tensor : in.tensors) {
    if (!tensor.name.starts_with("best.")) continue;
    tensor.name.erase(0, 5);
    state.best.tensors.push_back(std::move(tensor));
  }
  return state;
}

}  // namespace cellverdict
