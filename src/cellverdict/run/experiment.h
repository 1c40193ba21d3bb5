#pragma once
// The experiment file: which measurements, which label, what counts as one observation, how to split, which model.

#include <cellverdict/base/option_table.h>
#include <cellverdict/base/value.h>
#include <cellverdict/evaluate/protocol.h>
#include <cellverdict/prepare/options.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/split/folds.h>
#include <cellverdict/train/options.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct Experiment {
  std::string title;
  DataOptions data;
  SplitOptions split;
  CvOptions cv;
  PrepareOptions prepare;
  ModelOptions model;
  TrainOptions train;
  EvaluateOptions evaluate;

  Value sweep;                         // [sweep] as it stands in the file; an empty table when there is none
  std::vector<Experiment> candidates;  // of the sweep, each named for what it sets

  std::string name;            // of the variant; empty when the file has none
  bool is_repeat = false;      // the same as `repeat_of`, its net trained with another seed ([train] seeds)
  std::string repeat_of;       // name of a variant
  std::filesystem::path base;  // folder of the file: relative paths start there
};
const OptionTable<Experiment>& experiment_options();

struct ExperimentRequest {
  std::filesystem::path file;
  std::vector<std::string> sets;  // "train.learning_rate=1e-3": what is typed wins over the file and its variants
  std::string variant;            // a name, "all", or empty: all of them
};

// One experiment per chosen variant; a file without variants is one experiment. Nothing but the file is read.
// Throws UsageError for anything unknown or out of range.
std::vector<Experiment> read_experiments(const ExperimentRequest& request);

// The effective configuration as an experiment file.
std::string experiment_to_toml(const Experiment& experiment);

}  // namespace cellverdict
