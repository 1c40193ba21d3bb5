// Leave-one-person-out: a classifier never sees another unit of the person it is asked about, and its features are scaled by the
// units it is fitted on.

#include <cellverdict/base/parallel.h>
#include <cellverdict/base/random.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/space.h>
#include <cellverdict/stats/leave_pair_out.h>
#include <cellverdict/stats/logistic.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace cellverdict {

namespace {

constexpr std::int64_t kMostPairs = 1000;

struct Units {
  std::vector<std::int64_t> row;    // of the table
  std::vector<std::int32_t> truth;  // [units with a label]
  std::vector<std::int32_t> person;
};

Units labelled(const SpaceLabels& labels, const SpaceOptions& options) {
  Units out;
  std::int32_t next = 0;
  for (const std::int32_t person : options.person) next = std::max(next, person + 1);
  for (std::size_t u = 0; u < labels.codes.size(); ++u) {
    const std::int32_t own = options.person.empty() || options.person[u] < 0 ? next++ : options.person[u];
    if (labels.codes[u] < 0) continue;
    out.row.push_back(static_cast<std::int64_t>(u));
    out.truth.push_back(labels.codes[u]);
    out.person.push_back(own);
  }
  return out;
}

// Features of the chosen units, each scaled by mean and deviation of those that are fitted.
struct Scaled {
  std::vector<double> fitted, asked;
};
Scaled scaled(const SpaceTable& table, const std::vector<std::int64_t>& fit, const std::vector<std::int64_t>& ask) {
  const auto width = static_cast<std::size_t>(table.n_features);
  std::vector<double> mean(width), deviation(width);
  const auto at = [&](std::int64_t row, std::size_t f) { return table.values[static_cast<std::size_t>(row) * width + f]; };
  const auto n = static_cast<double>(fit.size());
  for (const std::int64_t row : fit)
    for (std::size_t f = 0; f < width; ++f) mean[f] += at(row, f) / n;
  for (const std::int64_t row : fit)
    for (std::size_t f = 0; f < width; ++f) deviation[f] += (at(row, f) - mean[f]) * (at(row, f) - mean[f]) / n;
  const auto scale = [&](const std::vector<std::int64_t>& rows) {
    std::vector<double> out;
    for (const std::int64_t row : rows)
      for (std::size_t f = 0; f < width; ++f)
        out.push_back(deviation[f] > 0 ? (at(row, f) - mean[f]) / std::sqrt(deviation[f]) : 0);
    return out;
  };
  return {scale(fit), scale(ask)};
}

// Probabilities [ask, n_classes] of a regression on the others; of one class only, that class.
std::vector<double> ask_others(const SpaceTable& table, const Units& units, const std::vector<std::size_t>& ask,
                               std::int64_t n_classes) {
  std::set<std::int32_t> left_out;
  for (const std::size_t i : ask) left_out.insert(units.person[i]);
  std::vector<std::int64_t> fit, asked;
  std::vector<std::int32_t> truth;
  for (std::size_t i = 0; i < units.row.size(); ++i) {
    if (left_out.contains(units.person[i])) continue;
    fit.push_back(units.row[i]);
    truth.push_back(units.truth[i]);
  }
  for (const std::size_t i : ask) asked.push_back(units.row[i]);
  std::vector<double> sure(ask.size() * static_cast<std::size_t>(n_classes));
  if (truth.empty()) return sure;
  if (std::ranges::all_of(truth, [&](std::int32_t t) { return t == truth.front(); })) {
    for (std::size_t i = 0; i < ask.size(); ++i)
      sure[i * static_cast<std::size_t>(n_classes) + static_cast<std::size_t>(truth.front())] = 1;
    return sure;
  }
  const Scaled features = scaled(table, fit, asked);
  const LogisticModel model =
      fit_logistic(DenseFeatures{features.fitted, table.n_features}, truth, n_classes, {.class_weights = ClassWeights::balanced});
  return apply_logistic(model, rows_of(DenseFeatures{features.asked, table.n_features}));
}

void count(ResponseScore& score, const std::vector<std::int32_t>& truth, const std::vector<std::int32_t>& called,
           std::size_t n_classes) {
  std::vector<double> right(n_classes), all(n_classes);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ++all[static_cast<std::size_t>(truth[i])];
    if (called[i] == truth[i]) ++right[static_cast<std::size_t>(truth[i])];
  }
  score.n = std::ssize(truth);
  double present = 0, sum = 0;
  for (std::size_t c = 0; c < n_classes; ++c) {
    score.n_right += static_cast<std::int64_t>(right[c]);
    if (all[c] == 0) continue;
    ++present;
    sum += right[c] / all[c];
  }
  score.balanced_accuracy = sum / present;
  score.accuracy = proportion_interval(score.n_right, score.n);
}

// Pairs of different persons, one of each level, left out together.
void add_auc(ResponseScore& score, const SpaceTable& table, const Units& units, const SpaceOptions& options) {
  std::vector<std::vector<std::size_t>> pairs;
  std::set<std::int32_t> persons[2];
  for (std::size_t i = 0; i < units.truth.size(); ++i) {
    persons[units.truth[i]].insert(units.person[i]);
    for (std::size_t j = 0; j < units.truth.size(); ++j)
      if (units.truth[i] == 1 && units.truth[j] == 0 && units.person[i] != units.person[j]) pairs.push_back({i, j});
  }
  if (std::ssize(pairs) > kMostPairs) {
    score.auc_note = with_commas(kMostPairs) + " of " + counted(std::ssize(pairs), "pair") + ", drawn at random";
    Random random(options.seed, "pairs left out");
    std::vector<std::vector<std::size_t>> drawn;
    for (const std::int64_t p : sample_without_replacement(random, std::ssize(pairs), kMostPairs))
      drawn.push_back(pairs[static_cast<std::size_t>(p)]);
    pairs = std::move(drawn);
  }
  std::vector<ScoredPair> scored(pairs.size());
  parallel_for(std::ssize(pairs), options.threads, [&](std::int64_t begin, std::int64_t end) {
    for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
      const auto probability = ask_others(table, units, pairs[p], 2);
      scored[p] = {.positive = probability[1], .negative = probability[3]};
    }
  });
  const auto auc = leave_pair_out_auc(scored);
  const auto fewest = static_cast<std::int64_t>(std::min(persons[0].size(), persons[1].size()));
  if (!auc || fewest < kLeastUnitsForAuc) {
    score.auc_note = "fewer than " + std::to_string(kLeastUnitsForAuc) + " persons of a level";
    return;
  }
  score.auc = newcombe_auc_interval(*auc, {.n_positive = static_cast<std::int64_t>(persons[1].size()),
                                           .n_negative = static_cast<std::int64_t>(persons[0].size())});
}

ResponseScore by_regression(const SpaceTable& table, const Units& units, std::size_t n_classes, const SpaceOptions& options) {
  ResponseScore out{.method = "logistic regression on " + table.name};
  std::vector<std::int32_t> called(units.truth.size());
  parallel_for(std::ssize(called), options.threads, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const auto p = ask_others(table, units, {i}, static_cast<std::int64_t>(n_classes));
      called[i] = static_cast<std::int32_t>(std::max_element(p.begin(), p.end()) - p.begin());
    }
  });
  count(out, units.truth, called, n_classes);
  if (n_classes == 2) add_auc(out, table, units, options);
  return out;
}

ResponseScore by_neighbours(const SpaceTable& table, const Units& units, std::size_t n_classes, const SpaceOptions& options) {
  std::vector<double> rows;
  for (const std::int64_t row : units.row) {
    const auto begin = table.values.begin() + row * table.n_features;
    rows.insert(rows.end(), begin, begin + table.n_features);
  }
  const Neighbours near = nearest_neighbours(
      {.values = rows, .n_features = table.n_features},
      {.neighbours = options.neighbours, .distance = options.distance, .group = units.person, .threads = options.threads});
  ResponseScore out{.method = std::to_string(near.n_neighbours) + " nearest neighbours in " + table.name};
  count(out, units.truth, neighbour_calls(near, units.truth), n_classes);
  return out;
}

// The most frequent level among the others' units.
ResponseScore by_majority(const Units& units, std::size_t n_classes) {
  std::vector<std::int32_t> called;
  for (std::size_t i = 0; i < units.truth.size(); ++i) {
    std::vector<std::int64_t> votes(n_classes);
    for (std::size_t j = 0; j < units.truth.size(); ++j)
      if (units.person[j] != units.person[i]) ++votes[static_cast<std::size_t>(units.truth[j])];
    called.push_back(static_cast<std::int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin()));
  }
  ResponseScore out{.method = "majority"};
  count(out, units.truth, called, n_classes);
  return out;
}

}  // namespace

std::vector<ResponseScore> score_response(const std::vector<const SpaceTable*>& tables, const SpaceLabels& labels,
                                          const SpaceOptions& options) {
  const Units units = labelled(labels, options);
  const std::size_t n_classes = labels.levels.size();
  if (n_classes < 2) return {};
  std::vector<ResponseScore> out;
  for (const SpaceTable* table : tables) out.push_back(by_regression(*table, units, n_classes, options));
  for (const SpaceTable* table : tables) out.push_back(by_neighbours(*table, units, n_classes, options));
  out.push_back(by_majority(units, n_classes));
  return out;
}

}  // namespace cellverdict
