#include <cellverdict/stats/enrichment.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>

namespace cellverdict {

namespace {

struct Extreme {
  double score = 0;
  std::size_t member = 0;  // of the set: the last of a leading edge at the top, the first of one at the bottom
};

// A step up at each member by its share of the members' values, a step down between them by the share of the others.
Extreme greatest_distance(std::span<const double> values, std::span<const std::int64_t> places) {
  const auto n_members = static_cast<double>(places.size());
  const double down = 1 / (static_cast<double>(values.size()) - n_members);
  double all = 0;
  for (const std::int64_t p : places) all += std::abs(values[static_cast<std::size_t>(p)]);
  Extreme most, least;
  double up = 0;
  for (std::size_t k = 0; k < places.size(); ++k) {
    const double fallen = static_cast<double>(places[k] - static_cast<std::int64_t>(k)) * down;
    if (up - fallen < least.score) least = {up - fallen, k};
    // Members that all have the value 0 count alike.
    up += all > 0 ? std::abs(values[static_cast<std::size_t>(places[k])]) / all : 1 / n_members;
    if (up - fallen > most.score) most = {up - fallen, k};
  }
  return most.score > -least.score ? most : least;
}

std::vector<double> random_scores(std::span<const double> values, std::size_t n_members, const EnrichmentOptions& options) {
  Random random(options.seed, "enrichment", "", n_members);
  std::vector<double> scores;
  for (std::int64_t r = 0; r < options.permutations; ++r) {
    const auto places = sample_without_replacement(random, std::ssize(values), static_cast<std::int64_t>(n_members));
    scores.push_back(greatest_distance(values, places).score);
  }
  return scores;
}

void check(std::span<const double> values, const std::vector<std::vector<std::int64_t>>& places) {
  const auto refuse = [](const std::string& found, const std::string& expected) {
    throw InternalError({.where = "enrichment", .found = found, .expected = expected, .advice = ""});
  };
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isnan(values[i]) || (i > 0 && values[i] > values[i - 1])) refuse("values out of order", "descending numbers");
  for (const auto& set : places) {
    if (set.empty() || set.size() >= values.size()) refuse("a set of " + std::to_string(set.size()), "some places and not all");
    for (std::size_t k = 0; k < set.size(); ++k)
      if (set[k] < (k == 0 ? 0 : set[k - 1] + 1) || set[k] >= std::ssize(values)) refuse("places out of order", "ascending places");
  }
}

}  // namespace

std::vector<Enrichment> test_enrichment(std::span<const double> values, const std::vector<std::vector<std::int64_t>>& places,
                                        const EnrichmentOptions& options) {
  check(values, places);
  std::map<std::size_t, std::vector<double>> random;  // by the number of members
  std::vector<Enrichment> out;
  for (const auto& set : places) {
    const Extreme found = greatest_distance(values, set);
    auto& scores = random[set.size()];
    if (scores.empty()) scores = random_scores(values, set.size(), options);
    double sum = 0, n = 0, n_as_far = 0;
    for (const double score : scores) {
      if ((score >= 0) != (found.score >= 0)) continue;
      ++n;
      sum += std::abs(score);
      n_as_far += std::abs(score) >= std::abs(found.score) ? 1 : 0;
    }
    const auto member = static_cast<std::int64_t>(found.member);
    out.push_back({.score = found.score,
                   .normalised = sum > 0 ? found.score / (sum / n) : std::numeric_limits<double>::quiet_NaN(),
                   .p_value = (1 + n_as_far) / (1 + n),
                   .n_first = found.score >= 0 ? member + 1 : std::ssize(set) - member});
  }
  return out;
}

}  // namespace cellverdict
