#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/split/cohort.h>

#include <algorithm>
#include <map>
#include <set>

namespace cellverdict {

namespace {

void refuse_missing(std::int64_t n_cells, const std::string& column, const std::string& role) {
  if (n_cells == 0) return;
  throw DataError({.where = "[data] " + role + " = '" + column + "'",
                   .found = counted(n_cells, "cell") + " without a value",
                   .expected = "a " + role + " for every cell",
                   .advice = "leave them out with [data] where = \"" + column + " != ''\""});
}

std::int64_t cells_without(const Cohort& cohort, const std::vector<std::int32_t>& codes) {
  std::int64_t n = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) n += codes[i] < 0 ? cohort.n_cells_of(i) : 0;
  return n;
}

}  // namespace

std::vector<std::string> distinct_values(const Column& column) {
  std::vector<std::string> values;
  if (column.kind == Column::Kind::text) {
    std::vector<bool> seen(column.levels.size());
    for (const std::int32_t code : column.codes)
      if (code >= 0) seen[code] = true;
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (seen[i]) values.push_back(column.levels[i]);
  } else {
    std::set<double> seen;
    for (const double x : column.numbers)
      if (x == x) seen.insert(x);
    const Column numbers = make_number_column({seen.begin(), seen.end()});
    for (std::int64_t i = 0; i < numbers.size(); ++i) values.push_back(numbers.text(i));
  }
  sort_labels(values);
  return values;
}

std::vector<std::int32_t> codes_of(const Column& column, const std::vector<std::string>& values) {
  std::map<std::string, std::int32_t> position;
  for (std::size_t i = 0; i < values.size(); ++i) position.emplace(values[i], static_cast<std::int32_t>(i));
  const auto look_up = [&](const std::string& text) {
    const auto place = position.find(text);
    return place == position.end() ? -1 : place->second;
  };
  std::vector<std::int32_t> codes(static_cast<std::size_t>(column.size()));
  if (column.kind == Column::Kind::text) {
    std::vector<std::int32_t> of_level;
    for (const auto& level : column.levels) of_level.push_back(look_up(level));
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = column.codes[i] < 0 ? -1 : of_level[column.codes[i]];
  } else {
    for (std::size_t i = 0; i < codes.size(); ++i)
      codes[i] = column.missing(static_cast<std::int64_t>(i)) ? -1 : look_up(column.text(static_cast<std::int64_t>(i)));
  }
  return codes;
}

std::int32_t Cohort::positive_class() const {
  const auto place = std::find(classes.begin(), classes.end(), roles.positive);
  return static_cast<std::int32_t>(place - classes.begin());
}

Cohort make_cohort(std::shared_ptr<const CellTable> table, CohortRoles roles, std::optional<UnitGeneSums> sums,
                   std::vector<std::int64_t> n_alike) {
  Cohort cohort{.n_alike = std::move(n_alike)};
  const Frame& obs = table->obs();
  const Column& label = obs.column(roles.label, "[data] label");
  const Column& unit = obs.column(roles.unit, "[data] unit");
  if (roles.donor.empty()) roles.donor = roles.unit;
  const Column& donor = obs.column(roles.donor, "[data] donor");

  cohort.classes = distinct_values(label);
  if (cohort.classes.size() < 2)
    throw DataError({.where = "[data] label = '" + roles.label + "'",
                     .found = cohort.classes.empty() ? "no value" : "only the class '" + cohort.classes[0] + "'",
                     .expected = "at least two classes",
                     .advice = "name another column or check [data] where and [data.classes]"});
  if (roles.positive.empty()) roles.positive = cohort.classes.back();
  if (std::find(cohort.classes.begin(), cohort.classes.end(), roles.positive) == cohort.classes.end())
    throw UsageError({.where = "[data] positive",
                      .found = "'" + roles.positive + "', which is no class of " + roles.label,
                      .expected = "",
                      .advice = suggestion(roles.positive, cohort.classes)});
  cohort.label = codes_of(label, cohort.classes);
  cohort.units = distinct_values(unit);
  cohort.unit = codes_of(unit, cohort.units);
  cohort.donors = distinct_values(donor);
  cohort.donor = codes_of(donor, cohort.donors);
  refuse_missing(cells_without(cohort, cohort.label), roles.label, "label");
  refuse_missing(cells_without(cohort, cohort.unit), roles.unit, "unit");
  refuse_missing(cells_without(cohort, cohort.donor), roles.donor, "donor");

  if (sums && sums->units != cohort.units)
    throw InternalError({.where = "statistics of units",
                         .found = counted(static_cast<std::int64_t>(sums->units.size()), "unit"),
                         .expected = "the units of the cells"});
  cohort.sums = std::move(sums);
  cohort.roles = std::move(roles);
  cohort.table = std::move(table);
  return cohort;
}

}  // namespace cellverdict
