#include <cellverdict/base/random.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <vector>

using namespace cellverdict;

namespace {

std::vector<std::uint64_t> first_four(Random random) {
  return {random(), random(), random(), random()};
}

double chi_square(const std::vector<int>& counts) {
  const double expected = std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double sum = 0;
  for (const int n : counts) sum += (n - expected) * (n - expected) / expected;
  return sum;
}

}  // namespace

TEST_CASE("a stream is the one that seed and purpose define, on every machine") {
  // make_random_truth.py
  CHECK(first_four(Random(42)) ==
        std::vector<std::uint64_t>{0x57e30c307ebf386f, 0x0158faef3042ecbe, 0xebfef93653de68d6, 0xa1d6c5abb87e48b1});
  CHECK(first_four(Random(42, "subsample", "GSM8325046")) ==
        std::vector<std::uint64_t>{0x5f0aef22661130fa, 0xabbdf18ec35098ad, 0xfe79c52b8471ea1c, 0xf068987543c06cbd});
  CHECK(first_four(Random(0, "epoch", "", 7)) ==
        std::vector<std::uint64_t>{0xd3c8c76e90368198, 0xae9f6d5b1c1eb861, 0x9c89f3456bed849e, 0x85d594af3a266347});
}

TEST_CASE("mixing gives SplitMix64's published output for seed 1234567") {
  CHECK(mix_bits(1234567) == 6457827717110365317ULL);
  CHECK(mix_bits(1234567 + 0x9e3779b97f4a7c15ULL) == 3203168211198807973ULL);
}

TEST_CASE("streams for different seeds, purposes, items and numbers differ") {
  std::set<std::uint64_t> first;
  std::size_t n = 0;
  for (const std::uint64_t seed : {0, 1, 42})
    for (const char* purpose : {"", "split", "subsample", "dropout"})
      for (const char* item : {"", "a", "b", "split"})
        for (const std::uint64_t number : {0, 1, 2}) {
          first.insert(Random(seed, purpose, item, number)());
          ++n;
        }
  first.insert(Random(1, "ab", "c")());
  first.insert(Random(1, "a", "bc")());
  CHECK(first.size() == n + 2);
}

TEST_CASE("uniform numbers lie in [0, 1) and fill it evenly") {
  Random random(1, "uniform");
  std::vector<int> counts(20);
  for (int i = 0; i < 200'000; ++i) {
    const double u = random.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    ++counts[static_cast<std::size_t>(u * 20)];
  }
  CHECK(chi_square(counts) < 43.8);  // 0.1 % point at 19 degrees of freedom
}

TEST_CASE("numbers below a bound are unbiased") {
  Random random(2, "below");
  std::vector<int> small(7);
  for (int i = 0; i < 140'000; ++i) ++small[random.below(7)];
  CHECK(chi_square(small) < 22.5);  // 0.1 % point at 6 degrees of freedom

  // At 3 · 2^62 a remainder favours the lowest third twofold, and scaling without rejection favours multiples of three.
  const std::uint64_t bound = std::uint64_t{3} << 62;
  std::vector<int> thirds(3), remainders(3);
  for (int i = 0; i < 30'000; ++i) {
    const std::uint64_t x = random.below(bound);
    REQUIRE(x < bound);
    ++thirds[x >> 62];
    ++remainders[x % 3];
  }
  CHECK(chi_square(thirds) < 13.8);  // 0.1 % point at 2 degrees of freedom
  CHECK(chi_square(remainders) < 13.8);
  for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
}

TEST_CASE("every order of a shuffle is as likely as another") {
  Random random(3, "shuffle");
  std::map<std::array<int, 3>, int> orders;
  for (int i = 0; i < 60'000; ++i) {
    std::array<int, 3> items = {0, 1, 2};
    random.shuffle(std::span<int>(items));
    ++orders[items];
  }
  std::vector<int> counts;
  for (const auto& [order, n] : orders) counts.push_back(n);
  CHECK(counts.size() == 6);
  CHECK(chi_square(counts) < 20.5);  // 0.1 % point at 5 degrees of freedom
}

TEST_CASE("a sample without replacement is distinct, sorted, inside, and every number is as likely as another") {
  Random random(4, "sample");
  std::vector<int> drawn(10);
  for (int i = 0; i < 20'000; ++i) {
    const auto sample = sample_without_replacement(random, 10, 3);
    REQUIRE(sample.size() == 3);
    REQUIRE(std::is_sorted(sample.begin(), sample.end()));
    REQUIRE(std::adjacent_find(sample.begin(), sample.end()) == sample.end());
    for (const auto x : sample) {
      REQUIRE(x >= 0);
      REQUIRE(x < 10);
      ++drawn[static_cast<std::size_t>(x)];
    }
  }
  CHECK(chi_square(drawn) < 27.9);  // 0.1 % point at 9 degrees of freedom
}

TEST_CASE("a sample of all or more is all, and of none is empty") {
  Random random(5);
  const std::vector<std::int64_t> all = {0, 1, 2, 3};
  CHECK(sample_without_replacement(random, 4, 4) == all);
  CHECK(sample_without_replacement(random, 4, 9) == all);
  CHECK(sample_without_replacement(random, 4, 0).empty());
  CHECK(sample_without_replacement(random, 0, 3).empty());
}
