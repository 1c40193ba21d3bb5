#include <cellverdict/base/error.h>
#include <cellverdict/genes/probe_map.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace cellverdict;

namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// p1: A; p2: A, B; p3: B; p4: no gene; p6: A.
ProbeGenes annotation() {
  return {
      .source = "GPL1", .probes = {"p1", "p2", "p3", "p4", "p6"}, .starts = {0, 1, 3, 4, 4, 5}, .genes = {"A", "A", "B", "B", "A"}};
}

const Names kColumns = {"p3", "p1", "p2", "p4", "p5", "p6"};

std::string shown(const ProbeMap& map) {
  std::string out;
  for (std::int64_t g = 0; g < map.n_genes(); ++g) {
    out += map.genes[static_cast<std::size_t>(g)] + ":";
    for (const auto probe : map.probes_of(g)) out += " " + kColumns.text(probe);
    out += "; ";
  }
  return out;
}

std::vector<float> applied(const ProbeMap& map, const FittedProbes& fitted, const std::vector<float>& sample) {
  std::vector<float> genes(static_cast<std::size_t>(map.n_genes()));
  apply_probes(map, fitted, sample, genes);
  return genes;
}

}  // namespace

TEST_CASE("probes of several genes are dropped, given to the first, or to all; what is lost is counted and said") {
  const ProbeMap dropped = make_probe_map(kColumns, annotation(), MultiGene::drop);
  CHECK(shown(dropped) == "B: p3; A: p1 p6; ");
  CHECK(dropped.n_unknown == 1);
  CHECK(dropped.n_geneless == 1);
  CHECK(dropped.n_shared == 1);
  CHECK(dropped.n_used == 3);
  CHECK(dropped.notes == std::vector<std::string>{"1 probe of 6 not in GPL1, left out: p5",
                                                  "1 probe of 6 without a gene in GPL1, left out",
                                                  "1 probe of 6 of several genes, left out", "3 probes for 2 genes"});
  CHECK(shown(make_probe_map(kColumns, annotation(), MultiGene::first)) == "B: p3; A: p1 p2 p6; ");
  CHECK(shown(make_probe_map(kColumns, annotation(), MultiGene::all)) == "B: p3 p2; A: p1 p2 p6; ");
}

TEST_CASE("another platform, and one without genes, are refused") {
  CHECK_THROWS_WITH_AS(
      make_probe_map({"x1", "x2", "p1"}, annotation(), MultiGene::drop),
      doctest::Contains("GPL1: found 1 of the matrix' 3 probes (it has, for example, x1, x2), expected the annotation of "
                        "the same array"),
      DataError);
  CHECK_THROWS_WITH_AS(make_probe_map({"p4"}, annotation(), MultiGene::drop), doctest::Contains("found no gene for any probe"),
                       DataError);
  CHECK_THROWS_AS(multi_gene_named("most", "[x]"), UsageError);
  CHECK(probe_summary_named("max-variance", "[x]") == ProbeSummary::max_variance);
}

TEST_CASE("several probes become one value by mean or median of those that are there") {
  const ProbeMap map = make_probe_map(kColumns, annotation(), MultiGene::first);
  const ProbeMoments none(6);
  const FittedProbes mean = choose_probes(map, none, ProbeSummary::mean), median = choose_probes(map, none, ProbeSummary::median);
  CHECK(applied(map, mean, {7, 1, 2, 0, 0, 6}) == std::vector<float>{7, 3});
  CHECK(applied(map, median, {7, 1, 2, 0, 0, 6}) == std::vector<float>{7, 2});
  CHECK(applied(map, mean, {7, 1, kNone, 0, 0, 6})[1] == 3.5F);
  CHECK(applied(map, median, {7, 1, kNone, 0, 0, 6})[1] == 3.5F);
  CHECK(std::isnan(applied(map, mean, {kNone, 1, 2, 0, 0, 6})[0]));
}

TEST_CASE("the probe with the largest mean or variance over the training samples is chosen, and stays whatever comes later") {
  const ProbeMap map = make_probe_map(kColumns, annotation(), MultiGene::first);
  ProbeMoments training(6);
  training.add(std::vector<float>{1, 5, 0, 0, 0, kNone});
  training.add(std::vector<float>{1, 5, 4, 0, 0, 9});
  CHECK(training.mean(2) == 2);
  CHECK(training.variance(2) == 8);
  CHECK(std::isnan(training.variance(5)));
  const FittedProbes by_mean = choose_probes(map, training, ProbeSummary::max_mean),
                     by_variance = choose_probes(map, training, ProbeSummary::max_variance);
  CHECK(by_mean.chosen == std::vector<std::int32_t>{0, 5});
  CHECK(by_variance.chosen == std::vector<std::int32_t>{0, 2});
  CHECK(applied(map, by_mean, {1, 100, 200, 0, 0, 3}) == std::vector<float>{1, 3});
  CHECK(applied(map, by_variance, {1, 100, 200, 0, 0, 3}) == std::vector<float>{1, 200});
}
