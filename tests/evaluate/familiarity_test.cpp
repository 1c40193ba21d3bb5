// Units like those of the training are familiar, uniformly so; others are not, however many cells they have.

#include <cellverdict/encode/minibatches.h>
#include <cellverdict/evaluate/familiarity.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

struct Fitted {
  Split split;
  Preparation preparation;
  FamiliarUnits known;
};

Fitted fit(const std::shared_ptr<const Cohort>& cohort, const SplitOptions& options) {
  Split split = split_example(cohort, options);
  const RunContext context;
  Preparation preparation = fit_preparation(context, split.train(), {.min_cells_per_gene = 0, .genes = {.select = "all", .n = 0}});
  FamiliarUnits known = fit_familiarity(context, split.train(), split.validation(), preparation);
  return {std::move(split), std::move(preparation), std::move(known)};
}

// Of every unit of the view, `shift` added to the prepared values of one gene.
std::vector<Familiarity> familiarities(const Fitted& fitted, const CellView& view, float shift = 0) {
  const PreparedCells prepared(view, fitted.preparation, 0);
  std::map<std::string, ProfileSums> sums;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    CsrBlock cell;
    prepared.append(i, cell);
    for (std::size_t k = 0; k < cell.indices.size(); ++k)
      if (cell.indices[k] == 3) cell.values[k] += shift;
    sums[view.unit(i)].add(cell.row(0), prepared.n_genes());
  }
  std::vector<Familiarity> out;
  for (const auto& [unit, of_unit] : sums) out.push_back(familiarity_of(fitted.known, of_unit).value());
  return out;
}

}  // namespace

TEST_CASE("familiarity of units that were never seen is uniform, also where they have other numbers of cells") {
  auto units = many_units({"a", "b"}, 120, 12);
  for (std::size_t u = 0; u < units.size(); ++u) units[u].n_cells = 8 + static_cast<int>(u % 5) * 6;
  const Fitted fitted = fit(make_example(units), {.scheme = "group", .validation_fraction = 0.1, .test_fraction = 0.4});
  CHECK(fitted.known.n_left_out == 120);
  CHECK(fitted.known.n_validation == 24);
  std::vector<double> scores;
  for (const auto& f : familiarities(fitted, fitted.split.test())) scores.push_back(f.score);
  std::ranges::sort(scores);
  REQUIRE(scores.size() == 96);
  double most = 0;  // Kolmogorov's distance from the uniform distribution; 5 % of samples of 96 are beyond 0.139
  for (std::size_t i = 0; i < scores.size(); ++i)
    most =
        std::max({most, std::abs(scores[i] - static_cast<double>(i) / 96), std::abs(scores[i] - static_cast<double>(i + 1) / 96)});
  CHECK(most < 0.2);
}

TEST_CASE("units whose cells are of another kind are beyond all that were held out") {
  const Fitted fitted = fit(make_example(many_units({"a", "b"}, 20, 20)), {.scheme = "group", .test_fraction = 0.3});
  const auto strange = familiarities(fitted, fitted.split.test(), 5);
  for (const auto& f : strange) {
    CHECK(f.score == doctest::Approx(1.0 / (1 + static_cast<double>(fitted.known.held_out.size()))));
    CHECK(is_strange(fitted.known, f, 0.05));
  }
  // A level below what so few units can give still leaves those beyond all of them out.
  CHECK(is_strange(fitted.known, strange.front(), 0));
}

TEST_CASE("units of one donor do not vouch for each other, and two donors are too few to leave one out") {
  auto units = many_units({"a", "b"}, 6, 10);
  for (auto& unit : units) unit.donor = "donor-" + unit.label;
  const SplitOptions by_unit{.scheme = "random-units", .validation_fraction = 0, .test_fraction = 0.2};
  const Fitted two = fit(make_example(units), by_unit);
  CHECK(two.known.held_out.empty());
  CHECK_FALSE(familiarity_of(two.known, {}).has_value());
  const Fitted many = fit(make_example(many_units({"a", "b"}, 6, 10)), by_unit);
  CHECK(many.known.n_left_out == many.known.n_units());
}

TEST_CASE("nothing about the test side changes what is known of the training units") {
  auto poisoned = std::set<std::string>{};
  const SplitOptions lists = lmna_lists();
  for (const auto& unit : lists.test) poisoned.insert(unit);
  const Fitted clean = fit(make_example(lmna_units()), lists),
               dirty = fit(make_example(lmna_units(), {.poisoned = poisoned}), lists);
  CHECK(clean.known.places == dirty.known.places);
  CHECK(clean.known.held_out == dirty.known.held_out);
}
