#pragma once
// One model asked about further cells of the test side by name: monocytes and lymphocytes of donors held out from a model that was
// taught progenitors alone (blood-lineage study, Tables 1 and 2, Figure 2). The protocol is that of the test side itself: over
// units and over cells, with intervals over units. Besides the label as it is, normal against every disease together.

#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/evaluate/protocol.h>
#include <cellverdict/evaluate/scoring.h>

#include <string>
#include <vector>

namespace cellverdict {

// What one model says of the cells of a set; the net itself, or a simple model.
struct SetAnswer {
  std::string name, how;
  std::vector<double> probability;  // [cells, classes], calibrated
};

struct SetInput {
  EvaluationSet set;
  const TestView& cells;                    // of all folds, fold after fold
  std::vector<FoldRange> folds;             // where those of each end
  std::vector<SetAnswer> answers;           // the net first
  std::vector<double> own_head = {};        // [cells, 2] normal or not, of a head that was taught just that; may be none
  std::vector<std::vector<double>> epochs;  // [epochs] the net's [cells, classes] after each, calibration aside; may be none
  std::string normal;                       // class of the label; empty: no diseases are put together
  bool optimistic = false;                  // cells of these units were in training
  std::uint64_t seed = 42;
  int threads = 1;
};

// The number of [evaluate] normal among the classes of `label`; -1 for none. Throws UsageError for what is no class.
std::int32_t number_of_normal(const std::string& normal, const std::vector<std::string>& classes, const std::string& label);

// Throws UsageError for a `normal` that is no class.
SetResult evaluate_set(const SetInput& input);

// A line a model, set, kind of label (as it is, binary) and level (cells, units); `variant` comes first.
std::string sets_as_tsv(const std::vector<SetResult>& sets);
// A line an epoch and set.
std::string set_curves_as_tsv(const std::vector<SetResult>& sets);

}  // namespace cellverdict
