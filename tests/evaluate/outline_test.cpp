// read_store_outline: what splits and the audit say of an outline is what they say of the cells.

#include <cellverdict/evaluate/confounding.h>
#include <cellverdict/prepare/store_outline.h>
#include <cellverdict/split/folds.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "prepare/example_files.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// Three files of twelve units; what is text in one may be numbers in another, or not there at all.
StoreRequest write_three_files(const TempFolder& folder) {
  int unit = 0;
  for (const std::string name : {"a", "b", "c"}) {
    Frame obs;
    Names units, donors, labels, studies, types, sometimes;
    std::vector<double> batch, age, score;
    for (int u = 0; u < 12; ++u, ++unit)
      for (int i = 0; i < 5 + u % 4; ++i) {
        obs.index.push_back(name + std::to_string(u) + "_" + std::to_string(i));
        units.push_back("u" + std::to_string(unit));
        donors.push_back("d" + std::to_string(unit / 2));
        labels.push_back(unit % 2 == 0 ? "ill" : "well");
        studies.push_back(name);
        types.push_back(i % 3 == 0 ? "T" : "B");
        sometimes.push_back(i == 2 ? "" : "s" + std::to_string(u % 2));
        batch.push_back(u % 3);
        age.push_back(u == 4 && i == 1 ? std::numeric_limits<double>::quiet_NaN() : 40.5 + unit % 5);
        score.push_back(unit + 0.1 * i);
      }
    obs.set("unit", make_text_column(units));
    obs.set("donor", make_text_column(donors));
    obs.set("label", make_text_column(labels));
    obs.set("study", make_text_column(studies));
    obs.set("type", make_text_column(types));
    if (name != "b") obs.set("sometimes", make_text_column(sometimes));
    obs.set("batch", name == "c" ? as_text_column(make_number_column(batch)) : make_number_column(batch));
    obs.set("age", make_number_column(age));
    obs.set("score", make_number_column(score));
    write_annotated(folder / (name + ".h5ad"), obs, example_genes(20), example_counts(name));
  }
  StoreRequest request{.base = folder.path()};
  request.data = {.files = {"a.h5ad", "b.h5ad", "c.h5ad"}, .label = "label", .unit = "unit", .donor = "donor"};
  request.prepare.min_genes = 0;
  request.prepare.max_mito_percent = 100;
  return request;
}

void check_same(const SplitSummary& found, const SplitSummary& expected) {
  CHECK(found.notes == expected.notes);
  REQUIRE(found.units.size() == expected.units.size());
  for (std::size_t u = 0; u < found.units.size(); ++u) {
    CHECK(found.units[u].unit == expected.units[u].unit);
    CHECK(found.units[u].donors == expected.units[u].donors);
    CHECK(found.units[u].label == expected.units[u].label);
    CHECK(found.units[u].stratum == expected.units[u].stratum);
    CHECK(found.units[u].side == expected.units[u].side);
    CHECK(found.units[u].n_cells == expected.units[u].n_cells);
  }
}

}  // namespace

TEST_CASE("splits, folds and the audit of an outline are those of the cells") {
  const TempFolder folder;
  const StoreRequest request = write_three_files(folder);
  RunContext context;
  write_store(context, request, folder / "store");
  const auto cells = std::make_shared<const Cohort>(read_store(folder / "store", request.data));
  for (const std::string& by :
       {std::string(), std::string("study"), std::string("batch"), std::string("sometimes"), std::string("type")}) {
    CAPTURE(by);
    auto read = read_store_outline(folder / "store", request.data, {by});
    REQUIRE(read.has_value());
    const auto outline = std::make_shared<const Cohort>(*std::move(read));
    CHECK(outline->label.size() < cells->label.size() / 2);
    CHECK(outline->table->obs().names == cells->table->obs().names);
    CHECK(outline->classes == cells->classes);
    CHECK(outline->donors == cells->donors);
    CHECK(audit_confounding(*outline, {}) == audit_confounding(*cells, {}));
    const auto said_of = [&](const std::shared_ptr<const Cohort>& cohort, const SplitOptions& split, const CvOptions& cv) {
      std::vector<SplitSummary> out;
      std::string problem;
      try {
        if (cv.scheme == "none") {
          out.push_back(Split::make(context, cohort, split).summary());
        } else {
          for (const auto& fold : make_folds(context, cohort, split, cv)) out.push_back(fold.summary());
        }
      } catch (const Error& error) {
        problem = error.what();
      }
      return std::pair(out, problem);
    };
    for (const std::string scheme : {"group", "random-units", "matched", "lists"})
      for (const std::string cv : {"none", "group", "stratified-group", "leave-one-out", "matched"}) {
        CAPTURE(scheme);
        CAPTURE(cv);
        SplitOptions split{.scheme = scheme, .by = by};
        if (cv == "none" && scheme == "matched") split.test = {by == "batch" ? "1" : "c"};
        if (cv == "none" && scheme == "lists") split.test = {by.empty() ? "u3" : by == "batch" ? "1" : "b"};
        const auto [found, found_problem] = said_of(outline, split, {.scheme = cv, .by = by, .folds = 3});
        const auto [expected, expected_problem] = said_of(cells, split, {.scheme = cv, .by = by, .folds = 3});
        CHECK(found_problem == expected_problem);
        REQUIRE(found.size() == expected.size());
        for (std::size_t k = 0; k < found.size(); ++k) check_same(found[k], expected[k]);
      }
  }
  CHECK(audit_confounding(*cells, {}).size() > 2);
}
