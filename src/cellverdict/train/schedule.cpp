#include <cellverdict/base/error.h>
#include <cellverdict/train/schedule.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cellverdict {

double schedule_factor(const TrainOptions& o, std::uint64_t step, std::uint64_t n_steps) {
  const auto at = static_cast<double>(step), warm = static_cast<double>(o.warmup), all = static_cast<double>(n_steps);
  if (at < warm) return at / std::max(1.0, warm);
  if (o.schedule == "constant") return 1;
  const double left = std::clamp((all - at) / std::max(1.0, all - warm), 0.0, 1.0);
  if (o.schedule == "cosine") return 0.5 * (1 - std::cos(std::numbers::pi * left));
  if (o.schedule == "polynomial") return (o.learning_rate - 1e-7) * left / o.learning_rate + 1e-7 / o.learning_rate;
  return left;
}

void check_schedule(const TrainOptions& o, std::uint64_t n_steps) {
  if (static_cast<std::uint64_t>(o.warmup) < n_steps || o.warmup == 0) return;
  throw UsageError({.where = fmt::format("[train] warmup = {}", o.warmup),
                    .found = fmt::format("a training of {} steps", n_steps),
                    .expected = "a warm-up shorter than the training",
                    .advice = fmt::format("a tenth of it is warmup = {}", std::max<std::uint64_t>(n_steps / 10, 1))});
}

}  // namespace cellverdict
