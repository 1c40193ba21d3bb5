#include <cellverdict/encode/balance.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

using namespace cellverdict;

namespace {

// 40 of disease 0, 10 of 1, 6 of 2; tissues unequal within each.
struct Study {
  BagClasses disease{.of_bag = {}, .n_classes = 3}, tissue{.of_bag = {}, .n_classes = 3};
  Study() {
    const int n[3][3] = {{30, 10, 0}, {0, 7, 3}, {1, 2, 3}};
    for (int d = 0; d < 3; ++d)
      for (int t = 0; t < 3; ++t)
        for (int i = 0; i < n[d][t]; ++i) disease.of_bag.push_back(d), tissue.of_bag.push_back(t);
  }
};

std::map<std::int64_t, int> times(const BalancedBags& bags) {
  std::map<std::int64_t, int> n;
  for (const std::int64_t b : bags.draws) ++n[b];
  return n;
}

std::map<std::int32_t, int> per_class(const BalancedBags& bags, const BagClasses& classes) {
  std::map<std::int32_t, int> n;
  for (const std::int64_t b : bags.draws) ++n[classes.of_bag[b]];
  return n;
}

}  // namespace

TEST_CASE("without balancing every bag is shown once") {
  const Study study;
  const BalancedBags bags = balance_bags({}, study.disease, study.tissue, 42, 1);
  CHECK(bags.draws.size() == 56);
  CHECK(times(bags).size() == 56);
  CHECK(bags.disease[0] == doctest::Approx(40.0 / 56));
  CHECK(bags.tissue[0] == doctest::Approx(31.0 / 56));
}

TEST_CASE("downsampling shows every disease as often as the rarest, no bag twice, others each epoch") {
  const Study study;
  const BalancedBags bags = balance_bags({.kind = "downsample-disease"}, study.disease, study.tissue, 42, 1);
  CHECK((per_class(bags, study.disease) == std::map<std::int32_t, int>{{0, 6}, {1, 6}, {2, 6}}));
  CHECK(times(bags).size() == 18);
  CHECK(bags.most_off == doctest::Approx(0));
  CHECK(bags.draws != balance_bags({.kind = "downsample-disease"}, study.disease, study.tissue, 42, 2).draws);
  CHECK(bags.draws == balance_bags({.kind = "downsample-disease"}, study.disease, study.tissue, 42, 1).draws);
}

TEST_CASE("oversampling shows every class as often as the most frequent, its bags as equally often as can be") {
  const Study study;
  const BalancedBags disease = balance_bags({.kind = "oversample-disease"}, study.disease, study.tissue, 42, 1);
  CHECK((per_class(disease, study.disease) == std::map<std::int32_t, int>{{0, 40}, {1, 40}, {2, 40}}));
  for (const auto& [bag, n] : times(disease)) {
    if (study.disease.of_bag[bag] == 1) CHECK(n == 4);
    if (study.disease.of_bag[bag] == 2) CHECK(std::abs(n - 40.0 / 6) < 1);
  }
  const BalancedBags tissue = balance_bags({.kind = "oversample-tissue"}, study.disease, study.tissue, 42, 1);
  CHECK((per_class(tissue, study.tissue) == std::map<std::int32_t, int>{{0, 31}, {1, 31}, {2, 31}}));
  CHECK(tissue.most_off == doctest::Approx(0));
}

TEST_CASE("balancing both gives equal diseases and equal tissues where the observed pairs allow it") {
  const Study study;
  const BalancedBags both = balance_bags({.kind = "oversample-disease-and-tissue"}, study.disease, study.tissue, 42, 1);
  CHECK(both.draws.size() == 120);
  for (const double share : both.disease) CHECK(share == doctest::Approx(1.0 / 3).epsilon(0.03));
  for (const double share : both.tissue) CHECK(share == doctest::Approx(1.0 / 3).epsilon(0.03));
  CHECK(both.most_off < 0.01);
  const BalancedBags published =
      balance_bags({.kind = "oversample-disease-and-tissue", .as_published_code = true}, study.disease, study.tissue, 42, 1);
  CHECK(published.most_off > 0.02);  // one after the other undoes the first
  const auto tissue = per_class(published, study.tissue);
  CHECK(tissue.at(0) == tissue.at(1));
  CHECK(tissue.at(1) == tissue.at(2));
}

TEST_CASE("fitted pairs are zero where nothing was observed, and have the marginals asked for") {
  const auto w = equal_marginals({1, 1, 0, 0, 1, 1, 1, 1, 1}, 3, 3);
  CHECK(w[2] == 0);
  CHECK(w[3] == 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(w[3 * i] + w[3 * i + 1] + w[3 * i + 2] == doctest::Approx(1.0 / 3));
    CHECK(w[i] + w[3 + i] + w[6 + i] == doctest::Approx(1.0 / 3));
  }
}

TEST_CASE("where each disease has its own tissues the diseases are equal, and how far off the tissues are is said") {
  // Disease 0 in tissue 0 alone; disease 1 in tissues 1 and 2.
  const BagClasses disease{.of_bag = {0, 0, 0, 0, 1, 1}, .n_classes = 2}, tissue{.of_bag = {0, 0, 0, 0, 1, 2}, .n_classes = 3};
  const BalancedBags both = balance_bags({.kind = "oversample-disease-and-tissue"}, disease, tissue, 42, 1);
  CHECK(both.disease[0] == doctest::Approx(0.5));
  CHECK(both.tissue[0] == doctest::Approx(0.5));
  CHECK(both.most_off == doctest::Approx(0.5 - 1.0 / 3));
}

TEST_CASE("bags without a tissue are left out of what balances tissues, and counted") {
  const BagClasses disease{.of_bag = {0, 1, 0, 1}, .n_classes = 2}, tissue{.of_bag = {0, -1, 1, 1}, .n_classes = 2};
  const BalancedBags bags = balance_bags({.kind = "oversample-tissue"}, disease, tissue, 42, 1);
  CHECK(bags.n_left_out == 1);
  CHECK(std::count(bags.draws.begin(), bags.draws.end(), 1) == 0);
  CHECK(balance_bags({.kind = "oversample-disease"}, disease, tissue, 42, 1).n_left_out == 0);
}

TEST_CASE("how often each bag is shown on average is known without drawing") {
  Study study;
  study.tissue.of_bag[5] = -1;  // one without a tissue
  for (const char* kind :
       {"none", "downsample-disease", "oversample-disease", "oversample-tissue", "oversample-disease-and-tissue"})
    for (const bool published : {false, true}) {
      CAPTURE(kind);
      CAPTURE(published);
      const BalanceOptions options{.kind = kind, .as_published_code = published};
      const auto expected = expected_draws(options, study.disease, study.tissue);
      std::vector<double> n(study.disease.of_bag.size());
      constexpr int kEpochs = 400;
      for (int epoch = 1; epoch <= kEpochs; ++epoch)
        for (const std::int64_t b : balance_bags(options, study.disease, study.tissue, 7, epoch).draws) n[b] += 1.0 / kEpochs;
      for (std::size_t b = 0; b < n.size(); ++b) {
        CAPTURE(b);
        // Numbers of draws are whole: a share of a pair is rounded, by at most one draw among its bags. Drawing twice adds chance.
        const bool both = std::string(kind) == "oversample-disease-and-tissue";
        CHECK(std::abs(n[b] - expected[b]) < (both ? 0.1 * expected[b] + 0.35 : 0.2));
      }
    }
}
