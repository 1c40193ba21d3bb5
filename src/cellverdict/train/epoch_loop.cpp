#include <cellverdict/base/error.h>
#include <cellverdict/train/epoch_loop.h>
#include <cellverdict/train/tensors.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {
// Waiting for the disk takes as long as a twentieth of a short epoch, and of a large net at most a twentieth of the training.
constexpr double kCheckpointSeconds = 2;
constexpr double kMostOfTheTime = 1.0 / 20;
// A net whose state is larger is not kept twice: an interrupt leaves what was written last.
constexpr std::size_t kMostKeptBytes = 256 << 20;

std::string describe_classes(const EpochMetrics& m) {
  return fmt::format("  auc {}  accuracy {:.3f}", m.auc ? fmt::format("{:.3f}", *m.auc) : "-", m.accuracy);
}
}  // namespace

const LearningCurve& EpochLoop::run(const EpochWork& work) {
  validated_ = static_cast<bool>(work.validate);
  if (validated_) state_.curve.monitor = request_.train.monitor;
  if (request_.resume) resume();
  while (!finished()) {
    run_epoch(work, static_cast<int>(state_.curve.epochs.size()) + 1);
    if (!finished()) keep_checkpoint();
  }
  restore_tensors(net_, "", state_.best, "best epoch");
  return state_.curve;
}

void EpochLoop::keep_checkpoint() {
  if (request_.checkpoints.empty()) return;
  checkpoint_ = view_checkpoint(request_.key, net_, optimizer_, state_);
  std::size_t bytes = 0;
  for (const auto& tensor : checkpoint_->tensors) bytes += tensor.data().size();
  if (written_epochs_ == 0 || since_written_.seconds() > std::max(kCheckpointSeconds, seconds_to_write_ / kMostOfTheTime)) {
    write_kept_checkpoint();
  } else if (bytes > kMostKeptBytes) {
    checkpoint_.reset();
  } else {
    keep_copies(*checkpoint_);
  }
}

void EpochLoop::write_kept_checkpoint() {
  if (!checkpoint_) return;
  const Stopwatch watch;
  write_checkpoint(request_.checkpoints, *checkpoint_);
  checkpoint_.reset();
  written_epochs_ = static_cast<int>(state_.curve.epochs.size());
  seconds_to_write_ = watch.seconds();
  since_written_ = {};
}

bool EpochLoop::finished() const {
  const int done = static_cast<int>(state_.curve.epochs.size());
  if (done >= request_.train.epochs) return true;
  return validated_ && request_.train.patience > 0 && done - state_.curve.best_epoch >= request_.train.patience;
}

void EpochLoop::resume() {
  if (auto saved = read_checkpoint(request_.checkpoints, request_.key, net_, optimizer_)) {
    state_ = *std::move(saved);
    written_epochs_ = static_cast<int>(state_.curve.epochs.size());
    context_.log(fmt::format("resume    after epoch {}", state_.curve.epochs.size()));
  }
}

void EpochLoop::run_epoch(const EpochWork& work, int number) {
  const Stopwatch watch;
  Epoch epoch{.number = number};
  epoch.train = work.train(number);
  if (work.validate) epoch.validation = work.validate();
  epoch.seconds = watch.seconds();

  const double now = epoch.validation ? monitored(request_.train.monitor, *epoch.validation) : number;
  const auto best = [&] { return monitored(request_.train.monitor, *state_.curve.epochs[state_.curve.best_epoch - 1].validation); };
  if (!epoch.validation || state_.curve.best_epoch == 0 || now > best()) {
    state_.curve.best_epoch = number;
    state_.best = {};
    collect_tensors(net_, "", state_.best);
  }
  state_.curve.epochs.push_back(epoch);
  if (!request_.every_epoch.empty()) {
    fs::create_directories(request_.every_epoch);
    Safetensors weights;
    view_tensors(net_, "", weights);
    write_safetensors(request_.every_epoch / fmt::format("{:05}.safetensors", number), weights);
  }
  std::string line = fmt::format("epoch {:>3}/{}  loss {:.4f}", number, request_.train.epochs, epoch.train.loss);
  if (epoch.validation)
    line += fmt::format("  validation loss {:.4f}{}  best epoch {}", epoch.validation->loss,
                        work.describe ? work.describe(*epoch.validation) : describe_classes(*epoch.validation),
                        state_.curve.best_epoch);
  context_.log(line + fmt::format("  {:.1f} s", epoch.seconds));
}

void EpochLoop::check_loss(double loss, int epoch) {
  if (!std::isfinite(loss))
    throw DataError({.where = fmt::format("training, epoch {}", epoch),
                     .found = "a loss that is not a number",
                     .expected = "a finite loss",
                     .advice = "lower [train] learning_rate"});
}

void EpochLoop::stop_if_asked(int epoch) {
  if (!context_.stopping()) return;
  write_kept_checkpoint();
  throw Interrupted(
      {.where = "training",
       .found = fmt::format("an interrupt in epoch {}", epoch),
       .expected = "",
       .advice = written_epochs_ > 0
                     ? fmt::format("epochs 1 to {} are kept: run the same command with --resume to go on", written_epochs_)
                     : "no epoch was finished: run again to start over"});
}

std::vector<double> balanced_weights(const std::vector<std::int32_t>& truth, std::size_t n_classes) {
  std::vector<double> n(n_classes);
  for (const std::int32_t c : truth) ++n[c];
  for (double& x : n) x = static_cast<double>(truth.size()) / (static_cast<double>(n_classes) * x);
  return n;
}

}  // namespace cellverdict
