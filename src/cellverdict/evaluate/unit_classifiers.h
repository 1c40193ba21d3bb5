#pragma once
// The simple classifiers of units: logistic regression, nearest neighbours, a net with one hidden layer. Each is fitted on the
// training rows, standardised by them, and asked about others.

#include <cellverdict/evaluate/unit_rows.h>
#include <cellverdict/stats/logistic.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

// The names [evaluate] classifiers may have.
inline constexpr const char* kClassifierNames[] = {"logistic", "knn", "mlp"};

struct ClassifierOptions {
  std::int64_t neighbours = 5;  // as scikit-learn; fewer training units: all of them
  std::int64_t mlp_width = 100;
  double mlp_penalty = 1;  // weights weigh as in a logistic regression with C = 1
};

struct UnitTask {
  TwoSides sides;
  std::int64_t n_classes = 2;
  std::vector<double> weight;  // [training entries] how often each is shown; empty: once
  ClassWeights class_weights = ClassWeights::balanced;
  std::uint64_t seed = 42;
  int threads = 1;
};

// [asked entries, n_classes]. Training entries without a weight are left out.
std::vector<double> classify_units(const std::string& classifier, const UnitTask& task, const ClassifierOptions& options);

// "logistic regression", "5 nearest neighbours", "net with one hidden layer of 100".
std::string classifier_in_words(const std::string& classifier, const UnitTask& task, const ClassifierOptions& options);

}  // namespace cellverdict
