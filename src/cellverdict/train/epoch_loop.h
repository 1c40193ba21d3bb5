#pragma once
// The epochs of a training, whatever the net: history, best weights, early stopping, checkpoints, interrupts. What one epoch does
// is the caller's.

#include <cellverdict/train/checkpoint.h>
#include <cellverdict/train/classifier.h>

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <optional>

namespace cellverdict {

// One pass over the training cells, and what the net then says of the validation side (empty: there is none).
struct EpochWork {
  std::function<EpochMetrics(int number)> train;
  std::function<EpochMetrics()> validate;
  // What else of the validation side is said in the log besides its loss; empty: AUC and accuracy.
  std::function<std::string(const EpochMetrics&)> describe;
};

class EpochLoop {
 public:
  EpochLoop(const RunContext& context, const TrainRequest& request, torch::nn::Module& net, torch::optim::Optimizer& optimizer)
      : context_(context), request_(request), net_(net), optimizer_(optimizer) {}

  // Goes on from a checkpoint when the request says so. The net holds the best weights afterwards.
  const LearningCurve& run(const EpochWork& work);

  // For `work`, while it runs.
  const LearningCurve& curve() const { return state_.curve; }
  std::uint64_t next_step() { return state_.step++; }
  // Throws DataError unless the loss is a number.
  static void check_loss(double loss, int epoch);
  // Throws Interrupted when the context is stopping, with the checkpoint of the last whole epoch written.
  void stop_if_asked(int epoch);

 private:
  bool finished() const;
  void resume();
  void run_epoch(const EpochWork& work, int number);
  void keep_checkpoint();
  void write_kept_checkpoint();

  const RunContext& context_;
  const TrainRequest& request_;
  torch::nn::Module& net_;
  torch::optim::Optimizer& optimizer_;
  TrainingState state_;
  bool validated_ = false;
  std::optional<Safetensors> checkpoint_;  // of the last whole epoch, not written yet
  int written_epochs_ = 0;                 // of the checkpoint on the disk
  Stopwatch since_written_;
  double seconds_to_write_ = 0;  // of the last checkpoint
};

// n / (classes · n_class) over what is trained on, as scikit-learn's "balanced".
std::vector<double> balanced_weights(const std::vector<std::int32_t>& truth, std::size_t n_classes);

}  // namespace cellverdict
