#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/stats/permutation.h>

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace cellverdict {

namespace {

// Units of each stratum, strata ascending.
std::map<std::int32_t, std::vector<std::size_t>> units_of_stratum(const LabelledUnits& units) {
  if (!units.stratum.empty() && units.stratum.size() != units.label.size())
    throw InternalError(
        {.where = "permutation",
         .found = std::to_string(units.stratum.size()) + " strata for " + std::to_string(units.label.size()) + " units",
         .expected = "one a unit, or none",
         .advice = ""});
  std::map<std::int32_t, std::vector<std::size_t>> out;
  for (std::size_t u = 0; u < units.label.size(); ++u) out[units.stratum.empty() ? 0 : units.stratum[u]].push_back(u);
  return out;
}

}  // namespace

std::vector<std::int32_t> permuted_labels(const LabelledUnits& units, std::uint64_t seed, std::uint64_t number) {
  std::vector<std::int32_t> dealt(units.label.size());
  for (const auto& [stratum, members] : units_of_stratum(units)) {
    std::vector<std::int32_t> labels;
    for (const std::size_t u : members) labels.push_back(units.label[u]);
    Random(seed, "permute labels", std::to_string(stratum), number).shuffle(std::span(labels));
    for (std::size_t i = 0; i < members.size(); ++i) dealt[members[i]] = labels[i];
  }
  return dealt;
}

PermutationCount count_permutations(const LabelledUnits& units) {
  using boost::multiprecision::cpp_int;
  cpp_int count = 1;
  double log = 0;
  for (const auto& [stratum, members] : units_of_stratum(units)) {
    std::map<std::int32_t, std::int64_t> n_of_label;
    for (const std::size_t u : members) ++n_of_label[units.label[u]];
    // n!/Π n_label! as a product of binomials: the k-th unit placed, of which k' have its label, is a factor k / k'.
    std::int64_t placed = 0;
    for (const auto& [label, n] : n_of_label)
      for (std::int64_t of_label = 1; of_label <= n; ++of_label) {
        ++placed;
        count = count * placed / of_label;
        log += std::log10(static_cast<double>(placed)) - std::log10(static_cast<double>(of_label));
      }
  }
  return {.log10 = count == 1 ? 0 : log, .exact = count.str()};
}

double smallest_p(std::int64_t n_deals, const PermutationCount& count) {
  return std::max(1 / (1 + static_cast<double>(n_deals)), std::pow(10, -count.log10));
}

PermutationTest permutation_test(double observed, std::span<const double> deals) {
  if (std::isnan(observed) || std::any_of(deals.begin(), deals.end(), [](double d) { return std::isnan(d); }))
    throw DataError({.where = "permutation test",
                     .found = "a statistic that is not a number",
                     .expected = "numbers",
                     .advice = "a class may be absent from a fold; stratify or use fewer folds"});
  const double edge = observed - 1e-12 * std::max(1.0, std::abs(observed));
  PermutationTest out;
  out.n_deals = static_cast<std::int64_t>(deals.size());
  out.n_as_great = std::count_if(deals.begin(), deals.end(), [&](double d) { return d >= edge; });
  out.p_value = static_cast<double>(1 + out.n_as_great) / static_cast<double>(1 + out.n_deals);
  return out;
}

}  // namespace cellverdict
