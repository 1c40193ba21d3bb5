#pragma once
// How probabilities become calls: the temperature that calibrates them and the threshold that cuts them, settled on validation
// before the test side is opened.

#include <cellverdict/split/views.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct Decision {
  double threshold = 0.5;  // two classes: called positive at or above
  std::string threshold_source = "fixed";
  double temperature = 1;  // logits are divided by it
  std::string temperature_source = "fixed";
};

// With fewer validation units in a class nothing is fitted there: the best cut of three units is noise.
inline constexpr std::int64_t kLeastUnitsToSettle = 5;

// What is to be settled on validation; the rest stays fixed.
struct DecisionWish {
  bool threshold = false;
  bool temperature = false;
};

// Throws UsageError for more than two classes: only one of two is cut off by a threshold.
void refuse_threshold_choice(const std::vector<std::string>& classes);

// `predict` gives probability [cells, classes] of the validation cells; it is called only when something is to be settled there.
// Throws UsageError as above. Without a validation side, or with fewer than kLeastUnitsToSettle units of a class on it, what was
// asked for stays fixed, and its source says why; a temperature at
// the limit of what is tried says so in its source.
Decision settle_decision(const DecisionWish& wish, const std::optional<ValidationView>& validation,
                         const std::vector<std::string>& classes, const std::function<std::vector<double>()>& predict);

// The threshold of greatest balanced accuracy over validation units (mean probability of their cells).
// `probability` [cells, classes] of the validation cells,
// calibrated if the test's will be. Throws UsageError for more than two classes.
double choose_threshold(const ValidationView& validation, const std::vector<double>& probability);

// The temperature of least cross-entropy over validation cells, every unit weighing the same (fit_unit_temperature): one with many
// cells has no more to say than one with few.
double calibrate_temperature(const ValidationView& validation, const std::vector<double>& probability);

}  // namespace cellverdict
