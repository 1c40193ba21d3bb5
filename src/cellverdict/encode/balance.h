#pragma once
// How often each bag is shown in an epoch, where diseases or tissues are unequally frequent (PaSCient, Methods "Resampling
// strategies"). Training bags only.

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

struct BalanceOptions {
  // none; downsample-disease: every class as often as the rarest; oversample-disease, oversample-tissue: as often as the most
  // frequent; oversample-disease-and-tissue: both as equal as the observed pairs allow, by iterative proportional fitting.
  std::string kind = "none";
  // The published code oversamples diseases, then tissues of the result, with replacement: diseases are unequal again.
  bool as_published_code = false;
};

// The classes of a column among bags. Bags of class -1 are left out of what balances that column.
struct BagClasses {
  std::vector<std::int32_t> of_bag;  // [bags]
  std::int64_t n_classes = 0;
};

struct BalancedBags {
  std::vector<std::int64_t> draws;      // bag numbers, repeats allowed, ascending
  std::vector<double> disease, tissue;  // [classes] achieved share of the draws; tissue empty when there is none
  double most_off = 0;                  // largest |share − equal share| of what was to be balanced
  std::int64_t n_left_out = 0;          // bags without a value of a column to be balanced
};

// Repeats are whole turns through a class's bags; only the rest is drawn, by seed and epoch.
BalancedBags balance_bags(const BalanceOptions& options, const BagClasses& disease, const BagClasses& tissue, std::uint64_t seed,
                          int epoch);

// How often balance_bags shows each bag in an epoch, on average: [bags]. In the published order of oversampling, whose second turn
// starts from the draws of the first, of its mean.
std::vector<double> expected_draws(const BalanceOptions& options, const BagClasses& disease, const BagClasses& tissue);

// Weights of observed pairs [rows, columns], row-major, zero where not observed: sums of rows and of columns as equal as can be,
// adding up to 1. Where no such weights exist, rows are equal and columns as the iteration left them.
std::vector<double> equal_marginals(const std::vector<double>& observed, std::int64_t n_rows, std::int64_t n_columns);

}  // namespace cellverdict
