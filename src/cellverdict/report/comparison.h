#pragma once
// Variants side by side: which of them were asked the same question (the same units on the same sides), which of them are the same
// model asked under several splits, and how far two models are apart on the same test units. Everything is derived from the splits
// and the settings, never from the order in which variants were run.

#include <cellverdict/report/report.h>

#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct ComparedModel {
  std::string letter;                   // "A"
  std::vector<ModelSetting> differing;  // [Comparison::keys] of keys in which the models differ; "none" where a key is not there
  std::vector<std::size_t> splits;      // where it was asked
};

struct ComparedSplit {
  std::string name;                                 // "day-matched t19 v0"
  std::vector<std::optional<std::size_t>> variant;  // [models] its number in the report, where the model was asked
  std::size_t n_models() const;
  // Any of its variants: they share the split.
  const Evaluation& evaluation(const ReportInput& report) const;
};

struct Comparison {
  std::vector<std::string> keys;  // in which any two models differ
  std::vector<ComparedModel> models;
  std::vector<ComparedSplit> splits;

  // Whether anything stands beside something else: two models under one split, or one model under two.
  bool is_empty() const;
  // Models asked under several splits, or both where there are two models and one split; the first is the one others are held
  // against. Fewer than two: none.
  std::vector<std::size_t> paired_models() const;
};
Comparison compare_variants(const ReportInput& report);

// The label's score: AUC for two classes, else accuracy.
std::string score_name(const Evaluation& evaluation);
std::optional<double> cell_score(const Evaluation& evaluation);
std::optional<double> unit_score_of(const Evaluation& evaluation);

// `second` minus `first` on the same test side.
struct VariantDifference {
  std::optional<double> cells, units;
  std::optional<Interval> interval;  // over units, paired
  std::string why_not;               // a clause, where there is no interval
};
// Over units: F1 of each class, weighted by how often it is true.
std::optional<double> units_weighted_f1(const Evaluation& evaluation);

VariantDifference difference_between(const Evaluation& first, const Evaluation& second);

// How a model differs from the first: "no model.head.day.weight", "model.width 128, train.optimizer sgd". Of the first: what it has
// in those keys, where they are few.
std::string differing_in_words(const Comparison& comparison, std::size_t model);
// A variant's name without that of its split: "depth 1".
std::string name_within(const ComparedSplit& split, const std::string& variant);

// A line a variant with its difference from the first model under the same split.
std::string comparison_tsv(const ReportInput& report, const Comparison& comparison);

}  // namespace cellverdict
