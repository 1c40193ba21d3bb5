#include <cellverdict/split/folds.h>
#include <cellverdict/split/split.h>

#include <doctest/doctest.h>

#include <set>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// Every second cell is a progenitor.
std::shared_ptr<const Cohort> two_types() {
  Cohort cohort = *make_example(many_units({"a", "b"}, 5, 8));
  auto table = cohort.table;
  Frame obs = table->obs();
  std::vector<std::string> type;
  for (std::int64_t i = 0; i < obs.n_rows(); ++i) type.push_back(i % 2 == 0 ? "progenitor" : "monocyte");
  obs.set("type", make_text_column(type));
  std::vector<CsrShard> shards;
  CsrBlock counts;
  std::vector<double> totals;
  for (std::int64_t i = 0; i < obs.n_rows(); ++i) {
    table->append_row(i, counts);
    totals.push_back(table->total(i));
  }
  shards.push_back(make_shard(std::move(counts)));
  return std::make_shared<const Cohort>(make_cohort(
      std::make_shared<const CellTable>(table->genes(), std::move(obs), std::move(totals), std::move(shards)), cohort.roles));
}

std::set<std::string> units_of(const CellView& view) {
  std::set<std::string> units;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) units.insert(view.unit(i));
  return units;
}

bool all_are(const CellView& view, const std::string& type) {
  const Column column = view.column("type", "test");
  for (std::int64_t i = 0; i < view.n_cells(); ++i)
    if (column.text(i) != type) return false;
  return view.n_cells() > 0;
}

constexpr const char* kProgenitors = "type == 'progenitor'";
constexpr const char* kMonocytes = "type == 'monocyte'";

}  // namespace

TEST_CASE("a split seen through some of its cells has the same units on the same sides, and no other cell") {
  const auto cohort = two_types();
  const Split all = Split::make({}, cohort, {.scheme = "group"});
  const Split some = Split::make({}, cohort, {.scheme = "group", .where = kProgenitors});
  CHECK(units_of(some.train()) == units_of(all.train()));
  CHECK(units_of(some.test()) == units_of(all.test()));
  CHECK(all_are(some.train(), "progenitor"));
  CHECK(all_are(*some.validation(), "progenitor"));
  CHECK(all_are(some.test(), "progenitor"));
  CHECK(some.whole().test().n_cells() == all.test().n_cells());
  for (const auto& unit : some.summary().units) CHECK(unit.side != Side::unused);
}

TEST_CASE("other cells of the test side are of its units alone, and stand where they are said to stand") {
  const auto cohort = two_types();
  const Split split = Split::make({}, cohort, {.scheme = "group", .where = kProgenitors});
  const TestView monocytes = split.test(kMonocytes), whole = split.whole().test();
  CHECK(all_are(monocytes, "monocyte"));
  CHECK(units_of(monocytes) == units_of(split.test()));
  const auto places = split.places_in_test(kMonocytes);
  REQUIRE(std::ssize(places) == monocytes.n_cells());
  for (std::int64_t i = 0; i < monocytes.n_cells(); ++i) CHECK(whole.cell(places[i]) == monocytes.cell(i));
  CHECK(split.test("type == 'monocyte' and type == 'progenitor'").n_cells() == 0);
  CHECK_THROWS_AS(split.test("type == 'monocite'"), UsageError);
}

TEST_CASE("tests of several folds are joined by what they are asked about") {
  const auto cohort = two_types();
  const auto folds = make_folds({}, cohort, {.where = kProgenitors}, {.scheme = "group", .folds = 3});
  const FoldedTest joined = join_tests(folds, kMonocytes);
  CHECK(joined.cells.n_cells() == cohort->table->obs().n_rows() / 2);
  CHECK(joined.ends.back() == joined.cells.n_cells());
  CHECK(all_are(joined.cells, "monocyte"));
}

TEST_CASE("a transductive view has the named cells of all sides") {
  const auto cohort = two_types();
  const Split split = Split::make({}, cohort, {.scheme = "group", .where = kProgenitors});
  CHECK(split.transductive(kMonocytes).n_cells() == cohort->table->obs().n_rows() / 2);
  CHECK(units_of(split.transductive("")) == std::set<std::string>(cohort->units.begin(), cohort->units.end()));
}
