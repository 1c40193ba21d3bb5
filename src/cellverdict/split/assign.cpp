#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/random.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/split/assign.h>
#include <cellverdict/split/groups.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

namespace cellverdict {

namespace {

// Groups without a side go to `rest`; cells without a group are unused.
std::vector<Side> sides_of_cells(const std::vector<std::int32_t>& group, const std::vector<std::optional<Side>>& of_group,
                                 Side rest) {
  std::vector<Side> sides;
  sides.reserve(group.size());
  for (const std::int32_t g : group) sides.push_back(g < 0 ? Side::unused : of_group[g].value_or(rest));
  return sides;
}

void put_listed(const std::vector<std::string>& names, const std::string& by, const std::vector<std::string>& values, Side side,
                std::vector<std::optional<Side>>& of_group) {
  const std::string where = "[split] " + std::string(side_name(side));
  for (const auto& value : values) {
    const auto place = std::find(names.begin(), names.end(), value);
    if (place == names.end())
      throw UsageError({.where = where,
                        .found = "'" + value + "', which is no value of '" + by + "'",
                        .expected = "",
                        .advice = suggestion(value, names)});
    auto& known = of_group[place - names.begin()];
    if (known)
      throw UsageError({.where = where,
                        .found = "'" + value + "', which is listed under " + std::string(side_name(*known)) +
                                 (*known == side ? " twice" : " too"),
                        .expected = "every value once",
                        .advice = "remove one"});
    known = side;
  }
}

// Refuses a matched value where a class is missing, and says which values would do.
void check_matched(const Groups& groups, const std::vector<std::string>& asked, const std::string& by, const std::string& side) {
  const auto& classes = groups.cohort.classes;
  const auto units = units_by_class(groups);
  const auto complete = complete_groups(groups);
  std::vector<std::string> usable;
  for (const std::int32_t g : complete) usable.push_back(groups.names[g]);
  for (const auto& value : asked) {
    const auto g = std::find(groups.names.begin(), groups.names.end(), value) - groups.names.begin();
    if (std::find(complete.begin(), complete.end(), g) != complete.end()) continue;
    std::string present;
    for (std::size_t c = 0; c < classes.size(); ++c)
      for (const auto& unit : units[g][c]) present += (present.empty() ? "" : ", ") + classes[c] + " " + unit;
    throw DataError({.where = "[split] " + side + " = " + value + " of scheme 'matched'",
                     .found = by + " " + value + " with " + present + " alone",
                     .expected = "units of every class (" + listed(classes) + ") at that " + by,
                     .advice = usable.empty() ? "no " + by + " has them all: choose another scheme"
                                              : by + " with all classes: " + listed(usable, 20)});
  }
}

}  // namespace

std::vector<Side> assign_random_cells(const Cohort& cohort, const SplitOptions& options, std::uint64_t seed) {
  std::vector<std::vector<std::int64_t>> of_class(cohort.classes.size());
  for (std::size_t i = 0; i < cohort.label.size(); ++i) of_class[cohort.label[i]].push_back(static_cast<std::int64_t>(i));
  std::vector<Side> sides(cohort.label.size());
  for (std::size_t c = 0; c < of_class.size(); ++c) {
    auto& cells = of_class[c];
    const Shares shares = shares_of(static_cast<std::int64_t>(cells.size()), options,
                                    "class '" + cohort.classes[c] + "' with " + std::to_string(cells.size()) + " cells");
    Random random(seed, "split/random-cells", cohort.classes[c]);
    random.shuffle(std::span(cells));
    for (std::size_t k = 0; k < cells.size(); ++k) sides[cells[k]] = side_at(static_cast<std::int64_t>(k), shares);
  }
  return sides;
}

std::vector<Side> assign_random_units(const Cohort& cohort, const SplitOptions& options, std::uint64_t seed) {
  std::vector<std::optional<Side>> of_unit(cohort.units.size());
  draw_groups({cohort, cohort.units, cohort.unit}, options, seed, of_unit);
  return sides_of_cells(cohort.unit, of_unit, Side::train);
}

std::vector<Side> assign_groups(const Cohort& cohort, const Column& column, const std::string& by, const SplitOptions& options,
                                std::uint64_t seed, std::vector<std::string>& notes) {
  const auto names = distinct_values(column);
  const auto group = codes_of(column, names);
  const Groups groups{cohort, names, group};
  check_whole_units(groups, by);
  const bool draws = options.scheme == "group";
  if (options.test.empty() && !draws)
    throw UsageError({.where = "[split] test",
                      .found = "nothing",
                      .expected = "the values of '" + by + "' to hold out under scheme '" + options.scheme + "'",
                      .advice = "known: " + listed(names, 20)});

  std::vector<std::optional<Side>> of_group(names.size());
  put_listed(names, by, options.train, Side::train, of_group);
  put_listed(names, by, options.validation, Side::validation, of_group);
  put_listed(names, by, options.test, Side::test, of_group);
  if (options.scheme == "matched") {
    check_matched(groups, options.test, by, "test");
    check_matched(groups, options.validation, by, "validation");
  }
  const auto lonely = lonely_classes(groups, by);
  try {
    if (draws) draw_groups(groups, options, seed, of_group);
  } catch (const DataError&) {
    if (lonely.empty()) throw;
    throw DataError({.where = "[split] by = '" + by + "'",
                     .found = listed(lonely),
                     .expected = "every class in several",
                     .advice = "it cannot be tested by " + by + ": drop it in [data.classes], or split by donor"});
  }
  for (const auto& one : lonely) notes.push_back(std::string(kCannotBeTested) + by + ": " + one + ".");
  const Side rest = options.train.empty() ? Side::train : Side::unused;
  if (const auto n = std::count(of_group.begin(), of_group.end(), std::nullopt); n > 0 && rest == Side::unused)
    notes.push_back(std::to_string(n) + " of " + std::to_string(names.size()) + " values of '" + by +
                    "' are on no side, because [split] train lists the others.");
  std::int64_t n_without = 0;
  for (std::size_t i = 0; i < group.size(); ++i) n_without += group[i] < 0 ? cohort.n_cells_of(i) : 0;
  if (n_without > 0) notes.push_back(counted(n_without, "cell") + " without a value of '" + by + "' on no side.");
  return sides_of_cells(group, of_group, rest);
}

}  // namespace cellverdict
