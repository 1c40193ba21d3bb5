#pragma once
// What a table of units × features (a model's patient embedding, pseudobulk beside it) says of the units' annotations: how often
// neighbours share a label, how alike labels are, which groups there are and what goes with them, what differs between the levels
// of a severity, whether a response can be told. Every label is asked of units that the answer was not made from.

#include <cellverdict/stats/association.h>
#include <cellverdict/stats/intervals.h>
#include <cellverdict/stats/rank_tests.h>
#include <cellverdict/stats/stable_groups.h>
#include <cellverdict/stats/umap.h>
#include <cellverdict/table/frame.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// A column of labels, each with its units counted.
struct SpaceLabels {
  std::string name;
  std::vector<std::string> levels;  // by falling number of units, then by name
  std::vector<std::int64_t> counts;
  std::vector<std::int32_t> codes;  // [units], -1 missing
};
SpaceLabels labels_of(const std::string& name, const Column& column);

struct NamedNumbers {
  std::string name;
  std::vector<double> values;  // [units], NaN missing
};

// One table of the same units: the embedding, or what it is held against.
struct SpaceTable {
  std::string name;            // "X_patient", "X_pseudobulk, 50 principal components"
  std::vector<double> values;  // [units, n_features]
  std::int64_t n_features = 0;
  std::vector<double> pca;        // [units, n_components]
  std::vector<double> explained;  // [n_components] share of the variance
  Umap umap;
  std::optional<double> umap_trust;
  DenseFeatures rows() const { return {.values = values, .n_features = n_features}; }
};

struct NeighbourScore {
  std::string table, column;
  std::int64_t n = 0, n_labels = 0, n_right = 0, n_neighbours = 0;
  MaybeInterval accuracy;        // of independent units, approximately: they are each other's neighbours
  double balanced_accuracy = 0;  // mean over labels
  double majority = 0;           // accuracy of always answering the most frequent label
};
struct SpaceOptions {
  std::int64_t neighbours = 5;
  Distance distance = Distance::euclidean;
  std::vector<std::int32_t> person;  // [units]; units of one person never vouch for each other. Empty: each its own
  std::uint64_t seed = 42;
  int threads = 1;
};
// Each labelled unit asked of its nearest labelled others, never of itself or another unit of its person. Nothing for fewer than
// two labels or units.
std::optional<NeighbourScore> score_neighbours(const SpaceTable& table, const SpaceLabels& labels, const SpaceOptions& options);

// Cosine between the mean rows of labels with at least two units.
struct LabelSimilarity {
  std::string column;
  std::vector<std::string> labels;
  std::vector<std::int64_t> counts;
  bool centred = false;        // the mean of all units taken off first, so that 0 is "no more alike than any two"
  std::vector<double> cosine;  // [labels, labels]
};
LabelSimilarity label_similarity(const SpaceTable& table, const SpaceLabels& labels, bool centred);

// What goes with groups of units.
struct SpaceAssociation {
  std::string column, measure;  // "Cramér's V, bias-corrected", "Kruskal–Wallis ε²"
  std::int64_t n = 0;
  double strength = 0, p_value = 1, adjusted = 1;  // adjusted: Benjamini & Hochberg over the columns
};
std::vector<SpaceAssociation> associations(const std::vector<std::int32_t>& groups, const std::vector<SpaceLabels>& labels,
                                           const std::vector<NamedNumbers>& numbers);

// Each number between the levels of a label: rank sum for two, Kruskal & Wallis for more.
struct LevelDifference {
  std::string number, test;
  std::vector<std::string> levels;
  std::vector<std::int64_t> n;  // [levels]
  std::vector<double> median;   // [levels]
  std::optional<double> share;  // two levels: P(a unit of the second is above one of the first)
  double p_value = 1, bonferroni = 1, fdr = 1;
};
std::vector<LevelDifference> level_differences(const SpaceLabels& labels, const std::vector<NamedNumbers>& numbers);

// Who responds, each person left out in turn: the frozen features decide, with what a model has to beat beside it.
struct ResponseScore {
  std::string method;  // "logistic regression on X_patient", "majority", "5 nearest neighbours in X_patient"
  std::int64_t n = 0, n_right = 0;
  MaybeInterval accuracy;
  double balanced_accuracy = 0;
  std::optional<Interval> auc;  // two levels: over pairs left out together
  std::string auc_note;         // why there is none, or that it is of a sample of pairs
};
std::vector<ResponseScore> score_response(const std::vector<const SpaceTable*>& tables, const SpaceLabels& labels,
                                          const SpaceOptions& options);

}  // namespace cellverdict
