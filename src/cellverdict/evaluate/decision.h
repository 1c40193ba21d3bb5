#pragma once
// How probabilities become calls: the temperature that calibrates them and the threshold that cuts them, settled on validation
// before the test side is opened.

#include <cellverdict/split/views.h>

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

// The threshold of greatest balanced accuracy over validation units (mean probability of their cells).
// `probability` [cells, classes] of the validation cells,
// calibrated if the test's will be. Throws UsageError for more than two classes.
double choose_threshold(const ValidationView& validation, const std::vector<double>& probability);

// The temperature of least cross-entropy over validation cells (Guo et al. 2017).
double calibrate_temperature(const ValidationView& validation, const std::vector<double>& probability);

}  // namespace cellverdict
