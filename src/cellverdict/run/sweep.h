#pragma once
// Several settings of net, training and choice of genes, ranked on the validation side alone. Under cross-validation each fold has
// a sweep of its own (nested): no test unit has a say in which setting tests it.
//
//   [sweep]
//   mode = "grid"                    # every combination; "one-at-a-time": the file's own setting, and each value with all
//                                    # else as the file has it
//   set  = { "train.learning_rate" = [1e-3, 3e-4], "model.width" = [128, 512] }
//
// The weight of an extra head, the α of the combined loss, is swept by the head's label: "model.head.day.weight" = [0.1, 0.3, 1].
// A variant may have a sweep of its own: set = { "sweep.mode" = "one-at-a-time", "sweep.set" = { … } }.

#include <cellverdict/base/value.h>

#include <string>
#include <vector>

namespace cellverdict {

struct SweepCandidate {
  std::string name;  // "train.learning_rate 0.001, model.width 512"
  ValueTable set;    // path → value
};

// The keys that are varied, in the order of the file; the sweep has been read before.
std::vector<std::string> sweep_keys(const Value& sweep);

// Nothing for an empty table. Throws UsageError for another mode, a key that is not of [model], [train] or the fitted part of
// [prepare], or a value that is no list.
std::vector<SweepCandidate> read_sweep(const Value& sweep, const std::string& file);

}  // namespace cellverdict
