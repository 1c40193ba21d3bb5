#pragma once
// What is said about one model on the held-out side of one split. Plain data, written as evaluation.json and read by the report.

#include <cellverdict/split/side.h>
#include <cellverdict/stats/intervals.h>
#include <cellverdict/stats/learning_curve.h>
#include <cellverdict/stats/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// One output of the model (the label, or an auxiliary such as the day) on the test cells.
struct HeadResult {
  std::string label;  // obs column
  std::vector<std::string> classes;
  double weight = 1;                    // in the combined loss
  Classification cells;                 // per cell
  std::optional<Classification> units;  // per unit: mean probability of its cells; absent for auxiliary heads
  std::vector<RocPoint> cell_roc;       // two classes
  std::vector<RocPoint> unit_roc;
};

struct UnitResult {
  std::string unit, donor, label, stratum;  // one entry per unit and class; donor: "a, b" when several are in it
  std::int64_t n_cells = 0;
  std::vector<double> probability;  // [classes] mean over its cells
  std::string predicted;
  double cell_accuracy = 0;          // share of its cells called right
  std::vector<double> uncalibrated;  // probability before the temperature; empty where that is 1 throughout
};

// A number of the label's head and how far it can be off in new units.
struct MeasuredMetric {
  // "auc", "accuracy", "sensitivity", "specificity", kWeightedF1; of more classes "recall of NAME"
  std::string metric;
  bool over_units = true;  // else over cells, the interval then from drawing whole units
  std::optional<double> estimate;
  std::optional<Interval> interval;
  std::string why_not;  // a clause, where there is no interval
};

// MeasuredMetric::metric: F1 of each class, weighted by how often it is true.
inline constexpr const char* kWeightedF1 = "weighted F1";

// A metric over units of every drawing of cells. How far one drawing is from another says nothing of new units: never an interval.
struct SampledMetric {
  std::string metric;          // "auc", "accuracy", "balanced accuracy", "weighted F1", "macro F1", "loss"
  std::vector<double> values;  // [drawings]
};
struct SampledSpread {
  double mean = 0, sd = 0, lowest = 0, highest = 0;  // sd: ddof 1; 0 of one drawing
};
SampledSpread sampled_spread(const std::vector<double>& values);
struct CellSamplings {
  std::int64_t n_drawings = 0;  // 0: the model was asked about all cells, or none was drawn anew
  std::int64_t cells = 0;       // drawn of each unit
  std::int64_t n_more = 0;      // units that have more: of the others every drawing is the same
  std::vector<SampledMetric> metrics;
};

// A simple model asked about the same cells by the same protocol.
struct RivalResult {
  std::string name, how;  // "pseudobulk", "logistic regression on the summed profile of each unit, 1,000 genes"
  Classification cells, units;
  std::vector<MeasuredMetric> metrics;
  MeasuredMetric difference;  // model minus this one, over units: of the AUC for two classes, else of the accuracy
  std::string sentence;       // what that means, for people
};

// PermutationResult::model of what was trained.
inline constexpr const char* kPermutedNet = "the net";

// The negative control: scores of a pipeline that was run anew with the labels of the units dealt at random.
struct PermutationResult {
  std::string model;      // "pseudobulk", or "the net" when the whole of it was trained again on every deal
  std::string statistic;  // over units: "auc" or "accuracy"
  std::string within;     // obs column whose values kept their labels among themselves; empty: all units together
  double observed = 0;
  std::vector<double> deals;  // one score a deal
  std::optional<double> p_value;
  double smallest_p = 1;   // that so many deals of so few units can give
  std::string n_distinct;  // different deals there are, all digits
  std::string why_not;     // a clause, where there is no p
};

// One fold of a cross-validation.
struct FoldScore {
  std::string held_out;  // the value tested, when the scheme holds out values
  std::int64_t n_units = 0, n_cells = 0;
  std::optional<double> unit_auc, cell_auc;  // absent where the fold lacks a class
  std::vector<std::int64_t> class_units;     // [classes] of that class, tested
  std::vector<std::int64_t> class_right;     // [classes] and called so
  std::vector<std::int64_t> taught_units;    // [classes] of that class that its model was trained on
  double unit_accuracy = 0, unit_weighted_f1 = 0;
  double cell_accuracy = 0;
  double threshold = 0.5, temperature = 1;
  std::string threshold_source, temperature_source;
};

// A rule that knows only a covariate ("the day"): P(class | value) among training units, the training prevalence for values never
// seen in training.
struct CovariateRule {
  std::string value;                      // "day 16"
  std::vector<std::int64_t> train_units;  // [classes]
  std::vector<std::int64_t> test_units;   // [classes]
};
struct CovariateBaseline {
  std::string covariate;
  std::optional<double> unit_auc;  // two classes, over test units
  std::optional<double> cell_auc;  // over test cells, for comparison with the model's cell-level AUC
  double unit_balanced_accuracy = 0;
  std::vector<CovariateRule> rules;  // every value on the training or test side
  std::string sentence;              // what this means for the result, for people
};

// Of a column of obs: a value whose units are all of one class.
struct OneClassValue {
  std::string value, label;
  std::int64_t n_units = 0;
  bool operator==(const OneClassValue&) const = default;
};

// A column of obs that has one value in each unit, and how far it goes with the label (confounding.h).
struct ConfoundingRow {
  std::string column;
  std::int64_t n_values = 0;  // among units
  std::int64_t n_units = 0;   // with a value; a unit with cells of two classes counts for each
  std::optional<double> v;    // Cramér's V with the label, bias-corrected (Bergsma 2013)
  std::optional<double> p;    // of labels dealt anew between units
  std::vector<OneClassValue> one_class_values;
  std::string nested;   // "unit", "donor" or "label": it names that one again, and the label goes with it by construction
  std::string warning;  // a sentence; empty: nothing to be afraid of
  bool operator==(const ConfoundingRow&) const = default;
};

// Of the test cells whose probabilities of the positive lie next to one another: what was promised and what was so. Cells of one
// unit are no independent witnesses, so a share here has no interval.
struct CellBin {
  double mean_probability = 0;
  std::int64_t n = 0, n_positive = 0;
};

// The units of one value of an obs column, and how they were called.
struct Subgroup {
  std::string value;
  std::int64_t n_units = 0, n_cells = 0;
  std::vector<MeasuredMetric> metrics;  // accuracy; of two classes sensitivity and specificity at the threshold in use
};
struct SubgroupTable {
  std::string column;
  std::vector<Subgroup> groups;  // values in order
  std::string why_not;           // a clause, where there are none
};

// Scores of the label over cells or over units.
struct SetScores {
  std::int64_t n = 0;
  double loss = 0, accuracy = 0, balanced_accuracy = 0;
  double f1 = 0;  // of the positive class; of more classes macro
  double macro_f1 = 0, weighted_f1 = 0;
  std::optional<double> auc;
};
struct SetCall {
  std::string unit, label, predicted;
  std::int64_t n_cells = 0;
  double cell_accuracy = 0;  // share of its cells called right
};
struct SetModel {
  std::string name, how;  // the net first, its name empty; then simple models
  SetScores cells, units;
  std::optional<SetScores> binary_cells, binary_units;      // normal or not, the positive not being normal
  std::optional<SetScores> own_head_cells, own_head_units;  // the same by a head that was taught just that
  std::vector<MeasuredMetric> metrics;                      // with intervals over units
  std::vector<SetCall> calls;
};
struct SetEpoch {
  std::int64_t epoch = 0;
  SetScores cells;
  std::optional<SetScores> binary;
};
// Cells of the test side by name (named_sets.h).
struct SetResult {
  std::string name, where;
  std::int64_t n_cells = 0, n_units = 0;
  std::vector<std::int64_t> class_cells;  // [classes]
  std::vector<std::string> missing;       // classes without a cell
  std::vector<SetModel> models;
  std::vector<SetEpoch> curve;  // of the net, after each epoch; none: it was not asked for
};

// Cells as points on the first two principal components of their latent numbers; the axes are fitted on training cells.
struct LatentMap {
  std::vector<double> x, y;
  std::vector<std::string> label, type, side;  // [points]; type may be empty
  std::string type_column;
  std::vector<double> explained;  // share of the variance on x and y
};

// How well the encoder reconstructs cells of the test side.
struct ReconstructionSummary {
  std::string set;  // of [evaluate] set, or "test"
  std::int64_t n_cells = 0;
  double r2 = 0, mse = 0;
  double median_r2_of_gene = 0, median_r2_of_cell = 0;
};

// Below this an AUC is no longer the noise around 0.5 that a handful of units gives, but a rule learned the wrong way round.
inline constexpr double kInvertedBelow = 0.4;

// Where the AUC of a rule that knows only a covariate begins to explain a result that is inverted, or one that is good.
inline constexpr double kRuleInvertedAt = 0.35;
inline constexpr double kRuleRivalAt = 0.65;

struct Evaluation {
  std::string name;  // of the variant
  SplitSummary split;
  std::vector<std::string> classes;  // of the label, sorted
  std::string positive;              // two classes: the class the AUC and F1 are of
  std::vector<HeadResult> heads;     // the label first
  double combined_loss = 0;          // Σ weight × loss, test cells
  double threshold = 0.5;
  std::string threshold_source;  // "fixed", "chosen on validation"
  double temperature = 1;
  std::string temperature_source;
  std::vector<FoldScore> folds;                 // of a cross-validation; empty: one split
  std::vector<MeasuredMetric> metrics;          // of the label's head, units first
  CellSamplings samplings;                      // of nets of bags
  std::vector<CellBin> cell_bins;               // of equal mass; two classes
  std::optional<double> cell_brier;             // two classes: mean squared error of the positive's probability, over test cells
  std::vector<CellBin> uncalibrated_cell_bins;  // the same before the temperature; empty where that is 1 throughout
  std::optional<double> uncalibrated_cell_brier;
  std::vector<SubgroupTable> subgroups;  // a table a column
  std::vector<UnitResult> units;         // test side, one a unit and class: see n_test_units
  std::vector<CovariateBaseline> baselines;
  std::vector<RivalResult> rivals;
  std::vector<SetResult> sets;                        // of [evaluate] set; the test side itself first, as "test"
  std::string normal;                                 // of [evaluate] normal
  LatentMap latent_map;                               // of input "latent"; else without points
  std::vector<ReconstructionSummary> reconstruction;  // likewise
  std::vector<PermutationResult> permutations;        // of each pipeline that was asked for
  std::vector<ConfoundingRow> confounding;            // of the whole cohort, all sides
  double majority_accuracy = 0;                       // always answering the class with most training cells, over test cells
  std::vector<std::string> first_lines;  // what must be read before any number: person against disease, optimistic split
  std::vector<std::string> warnings;     // inverted ROC, classes missing on a side
  std::string verdict;                   // one sentence: how well, on whom, and why
  // Whether these units show that the label can be read in new ones: the interval of the AUC over units lies above 0.5 (more
  // classes: that of the accuracy above answering by prevalence) and the model beats the covariates where there are any.
  bool shown = false;
  std::string answer;  // that, in words
};

// Distinct units of the test side: a unit with cells of two classes has two results and is one unit.
std::int64_t n_test_units(const Evaluation& evaluation);
// "4 units", or "2 units, each class of one on its own" where results and units differ in number.
std::string units_in_words(const Evaluation& evaluation, const std::string& unit_noun);

// How many cells of each unit were left after each step of preparation.
struct CohortFlow {
  std::vector<std::string> units;
  struct Stage {
    std::string name;                   // "in the files", "drawn (at most 3,000 a library)", "200 to 6,000 genes"
    std::vector<std::int64_t> n_cells;  // [units]
  };
  std::vector<Stage> stages;
};

std::string evaluation_to_json(const Evaluation& evaluation);
// `where` names the file in errors. Throws InputError.
Evaluation evaluation_from_json(const std::string& text, const std::string& where);

}  // namespace cellverdict
