#include <cellverdict/base/error.h>
#include <cellverdict/train/checkpoint.h>
#include <cellverdict/train/model_card.h>
#include <cellverdict/train/tensors.h>

#include <charconv>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCheckpointFile = "checkpoint.safetensors";

template <class State>
void collect_adam(const torch::optim::OptimizerParamState& base, const std::string& prefix, Safetensors& out) {
  const auto& state = static_cast<const State&>(base);
  out.tensors.push_back(view_of(prefix + "exp_avg", state.exp_avg()));
  out.tensors.push_back(view_of(prefix + "exp_avg_sq", state.exp_avg_sq()));
  out.tensors.push_back(to_named(prefix + "step", torch::tensor({state.step()}, torch::kInt64)));
}

[[noreturn]] void refuse_damaged(const std::string& file, const std::string& found) {
  throw InputError({.where = file,
                    .found = found,
                    .expected = "a whole checkpoint of cellverdict",
                    .advice = "delete it and train from the start"});
}

// A tensor of the optimiser, of the parameter's shape.
torch::Tensor saved_tensor(const Safetensors& in, const std::string& name, torch::IntArrayRef shape, const std::string& file) {
  const NamedTensor* found = in.find(name);
  if (found == nullptr || torch::IntArrayRef(found->shape) != shape)
    refuse_damaged(file, (found == nullptr ? "no tensor '" : "another shape of tensor '") + name + "'");
  return from_named(*found);
}

template <class State>
std::unique_ptr<torch::optim::OptimizerParamState> restore_adam(const std::string& prefix, const Safetensors& in,
                                                                torch::IntArrayRef shape, const std::string& file) {
  auto state = std::make_unique<State>();
  state->exp_avg(saved_tensor(in, prefix + "exp_avg", shape, file));
  state->exp_avg_sq(saved_tensor(in, prefix + "exp_avg_sq", shape, file));
  state->step(saved_tensor(in, prefix + "step", {1}, file).template item<std::int64_t>());
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
      out.tensors.push_back(view_of(prefix + "momentum", buffer));
    }
  });
}

void restore_optimizer(torch::optim::Optimizer& optimizer, const Safetensors& in, const std::string& file) {
  const bool adamw = dynamic_cast<torch::optim::AdamW*>(&optimizer) != nullptr;
  const bool adam = dynamic_cast<torch::optim::Adam*>(&optimizer) != nullptr;
  each_parameter(optimizer, [&](const torch::Tensor& parameter, const std::string& prefix) {
    std::unique_ptr<torch::optim::OptimizerParamState> restored;
    if (adamw) {
      restored = restore_adam<torch::optim::AdamWParamState>(prefix, in, parameter.sizes(), file);
    } else if (adam) {
      restored = restore_adam<torch::optim::AdamParamState>(prefix, in, parameter.sizes(), file);
    } else {
      auto sgd = std::make_unique<torch::optim::SGDParamState>();
      // Without momentum there is nothing to keep.
      if (in.find(prefix + "momentum") != nullptr)
        sgd->momentum_buffer(saved_tensor(in, prefix + "momentum", parameter.sizes(), file));
      restored = std::move(sgd);
    }
    optimizer.state()[parameter.unsafeGetTensorImpl()] = std::move(restored);
  });
}

std::uint64_t step_from(const std::string& text, const std::string& file) {
  std::uint64_t step = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (failure != std::errc() || end != text.data() + text.size()) refuse_damaged(file, "step '" + text + "'");
  return step;
}

}  // namespace

Safetensors view_checkpoint(const std::string& key, const torch::nn::Module& net, torch::optim::Optimizer& optimizer,
                            const TrainingState& state) {
  Safetensors out;
  view_tensors(net, "net.", out);
  collect_optimizer(optimizer, out);
  for (const NamedTensor& tensor : state.best.tensors)
    out.tensors.push_back(
        {.name = "best." + tensor.name, .dtype = tensor.dtype, .shape = tensor.shape, .bytes = {}, .elsewhere = tensor.data()});
  out.metadata = {{"key", key}, {"history", learning_curve_to_json(state.curve)}, {"step", std::to_string(state.step)}};
  return out;
}

void write_checkpoint(const fs::path& folder, const Safetensors& checkpoint) {
  write_safetensors(folder / kCheckpointFile, checkpoint);
}

std::optional<TrainingState> read_checkpoint(const fs::path& folder, const std::string& key, torch::nn::Module& net,
                                             torch::optim::Optimizer& optimizer) {
  const fs::path file = folder / kCheckpointFile;
  if (!fs::exists(file)) return std::nullopt;
  const Safetensors in = read_safetensors(file);
  const auto said = [&](const std::string& name) {
    const auto found = in.metadata.find(name);
    if (found == in.metadata.end()) refuse_damaged(file.string(), "no '" + name + "'");
    return found->second;
  };
  if (said("key") != key)
    throw UsageError({.where = "--resume",
                      .found = file.string() + ", made with another configuration, data, version or number of threads",
                      .expected = "a checkpoint of this very run",
                      .advice = "run without --resume to start over"});
  restore_tensors(net, "net.", in, file.string());
  restore_optimizer(optimizer, in, file.string());
  TrainingState state{.curve = learning_curve_from_json(said("history"), file.string()),
                      .step = step_from(said("step"), file.string())};
  for (NamedTensor tensor : in.tensors) {
    if (!tensor.name.starts_with("best.")) continue;
    tensor.name.erase(0, 5);
    state.best.tensors.push_back(std::move(tensor));
  }
  const auto n_epochs = static_cast<int>(state.curve.epochs.size());
  if (state.best.tensors.empty() || state.curve.best_epoch < 1 || state.curve.best_epoch > n_epochs)
    refuse_damaged(file.string(), "no weights of the best epoch");
  return state;
}

}  // namespace cellverdict
