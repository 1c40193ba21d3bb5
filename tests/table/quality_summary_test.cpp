#include <cellverdict/table/quality_summary.h>
#include <cellverdict/table/quantile.h>

#include <doctest/doctest.h>

#include <cmath>

using namespace cellverdict;

TEST_CASE("a box holds the percentiles that numpy gives") {
  // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [5, 25, 50, 75, 95]), numpy 2.4
  const auto box = make_quality_box({3, 1, 4, 1, 5, 9, 2, 6});
  CHECK(box.p5 == 1.0);
  CHECK(box.p25 == 1.75);
  CHECK(box.p50 == 3.5);
  CHECK(box.p75 == 5.25);
  CHECK(box.p95 == doctest::Approx(7.95));
  CHECK(box.n == 8);
}

TEST_CASE("a box of one cell is that cell, and one of no cell says so") {
  const auto one = make_quality_box({7});
  CHECK(one.p5 == 7);
  CHECK(one.p95 == 7);
  CHECK(one.n == 1);
  CHECK(make_quality_box({}).n == 0);
}

TEST_CASE("a median is the middle value, or midway between the two of them") {
  std::vector<double> odd = {9, 1, 4}, even = {9, 1, 4, 5}, none;
  CHECK(median_of(odd) == 4);
  CHECK(median_of(even) == 4.5);
  CHECK(std::isnan(median_of(none)));
}
