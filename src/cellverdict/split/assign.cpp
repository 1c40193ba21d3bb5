#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/random.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/split/assign.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

namespace cellverdict {

namespace {

// Of n shuffled items of one class: the first part is test, the next validation, the rest stays where it was.
struct Shares {
  std::int64_t test = 0, validation = 0;
};
// One for every side that is drawn, and one that stays.
std::int64_t least_of(const SplitOptions& options) {
  return 1 + (options.test_fraction > 0 ? 1 : 0) + (options.validation_fraction > 0 ? 1 : 0);
}

Shares shares_of(std::int64_t n, const SplitOptions& options, const std::string& what) {
  const auto part = [n](double fraction) {
    return fraction > 0 ? std::max<std::int64_t>(1, std::llround(fraction * static_cast<double>(n))) : std::int64_t{0};
  };
  const Shares shares{part(options.test_fraction), part(options.validation_fraction)};
  if (shares.test + shares.validation < n) return shares;
  const std::int64_t least = least_of(options);
  const bool too_few = n < least;
  throw DataError(
      {.where = "[split] scheme = '" + options.scheme + "'",
       .found = what + (too_few ? ""
                                : ", of which " + std::to_string(shares.test) + " for test and " +
                                      std::to_string(shares.validation) + " for validation"),
       .expected = too_few ? "at least " + std::to_string(least) + " to have one on every side" : "some left for training",
       .advice = !too_few                          ? "lower test_fraction or validation_fraction"
                 : options.validation_fraction > 0 ? "set validation_fraction = 0 or choose another scheme"
                                                   : "choose another scheme"});
}

Side side_at(std::int64_t position, const Shares& shares) {
  if (position < shares.test) return Side::test;
  return position < shares.test + shares.validation ? Side::validation : Side::train;
}

// No unit may have cells in two values of the column.
void check_whole_units(const Cohort& cohort, const std::vector<std::int32_t>& group, const std::vector<std::string>& names,
                       const std::string& by) {
  std::vector<std::int32_t> of_unit(cohort.units.size(), -2);
  for (std::size_t i = 0; i < group.size(); ++i) {
    std::int32_t& known = of_unit[cohort.unit[i]];
    if (known == -2) known = group[i];
    if (known != group[i]) {
      const auto name = [&](std::int32_t g) { return g < 0 ? std::string("no value") : "'" + names[g] + "'"; };
      throw DataError(
          {.where = "[split] by = '" + by + "'",
           .found = "unit '" + cohort.units[cohort.unit[i]] + "' with cells in " + name(known) + " and " + name(group[i]),
           .expected = "one value for all cells of a unit",
           .advice = "a unit is never torn: choose a finer [data] unit or another column"});
    }
  }
}

// Groups without a side go to `rest`; cells without a group are unused.
std::vector<Side> sides_of_cells(const std::vector<std::int32_t>& group, const std::vector<std::optional<Side>>& of_group,
                                 Side rest) {
  std::vector<Side> sides;
  sides.reserve(group.size());
  for (const std::int32_t g : group) sides.push_back(g < 0 ? Side::unused : of_group[g].value_or(rest));
  return sides;
}

// Groups of cells: `group` [cells] indexes `names`, -1 is none.
struct Groups {
  const Cohort& cohort;
  const std::vector<std::string>& names;
  const std::vector<std::int32_t>& group;
};

// Groups that are drawn together: a side takes its share of each stratum.
struct Stratum {
  std::string name;  // of its class; empty: groups with cells of several classes
  std::vector<std::int32_t> groups;
};

// How many cells of each class every group has.
std::vector<std::vector<std::int64_t>> class_counts(const Groups& groups) {
  std::vector<std::vector<std::int64_t>> n(groups.names.size(), std::vector<std::int64_t>(groups.cohort.classes.size()));
  for (std::size_t i = 0; i < groups.group.size(); ++i)
    if (groups.group[i] >= 0) ++n[groups.group[i]][groups.cohort.label[i]];
  return n;
}

// Groups of one class are a stratum of that class; groups with several (every donor treated and untreated) are one of their own,
// for which of their classes has most cells says nothing. A stratum of too few joins the other kind, where it can be drawn.
std::vector<Stratum> strata_of(const Groups& groups, const std::vector<std::optional<Side>>& of_group, std::int64_t least) {
  const auto n = class_counts(groups);
  std::vector<Stratum> strata;
  for (const auto& name : groups.cohort.classes) strata.push_back({.name = name, .groups = {}});
  Stratum mixed;
  for (std::size_t g = 0; g < n.size(); ++g) {
    if (of_group[g]) continue;
    const auto n_present = std::count_if(n[g].begin(), n[g].end(), [](auto cells) { return cells > 0; });
    const auto main = std::max_element(n[g].begin(), n[g].end()) - n[g].begin();
    (n_present > 1 ? mixed : strata[main]).groups.push_back(static_cast<std::int32_t>(g));
  }
  const bool alone = std::all_of(strata.begin(), strata.end(), [](const Stratum& stratum) { return stratum.groups.empty(); });
  if (std::ssize(mixed.groups) < least && !alone) {
    for (const std::int32_t g : mixed.groups) {
      auto& members = strata[std::max_element(n[g].begin(), n[g].end()) - n[g].begin()].groups;
      members.insert(std::lower_bound(members.begin(), members.end(), g), g);
    }
    return strata;
  }
  for (std::size_t c = 0; c < strata.size(); ++c) {
    const bool elsewhere = std::any_of(mixed.groups.begin(), mixed.groups.end(), [&](std::int32_t g) { return n[g][c] > 0; });
    if (std::ssize(strata[c].groups) >= least || !elsewhere) continue;
    mixed.groups.insert(mixed.groups.end(), strata[c].groups.begin(), strata[c].groups.end());
    strata[c].name.clear();
  }
  std::erase_if(strata, [](const Stratum& stratum) { return stratum.name.empty(); });
  std::sort(mixed.groups.begin(), mixed.groups.end());
  strata.push_back(std::move(mixed));
  return strata;
}

// Draws the sides that no list names from the groups that no list names, within each stratum. Throws DataError when one has too
// few groups.
void draw_groups(const Groups& groups, const SplitOptions& options, std::uint64_t seed,
                 std::vector<std::optional<Side>>& of_group) {
  SplitOptions drawn = options;
  if (options.scheme == "group" && !options.test.empty()) drawn.test_fraction = 0;
  if (options.scheme == "group" && !options.validation.empty()) drawn.validation_fraction = 0;
  if (drawn.test_fraction == 0 && drawn.validation_fraction == 0) return;
  for (auto& stratum : strata_of(groups, of_group, least_of(drawn))) {
    const auto n = static_cast<std::int64_t>(stratum.groups.size());
    const bool mixed = stratum.name.empty();
    const Shares shares = shares_of(n, drawn,
                                    mixed ? counted(n, "group") + " with several classes to draw from"
                                          : "class '" + stratum.name + "' in " + counted(n, "group") + " to draw from");
    Random random(seed, mixed ? "split/mixed-groups" : "split/groups", stratum.name);
    random.shuffle(std::span(stratum.groups));
    for (std::int64_t k = 0; k < shares.test + shares.validation; ++k) of_group[stratum.groups[k]] = side_at(k, shares);
  }
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
void check_matched(const Cohort& cohort, const std::vector<std::int32_t>& group, const std::vector<std::string>& names,
                   const std::vector<std::string>& asked, const std::string& by, const std::string& side) {
  std::vector<std::vector<std::set<std::string>>> units(names.size(), std::vector<std::set<std::string>>(cohort.classes.size()));
  for (std::size_t i = 0; i < group.size(); ++i)
    if (group[i] >= 0) units[group[i]][cohort.label[i]].insert(cohort.units[cohort.unit[i]]);
  const auto complete = [&](std::size_t g) {
    return std::none_of(units[g].begin(), units[g].end(), [](const auto& u) { return u.empty(); });
  };
  std::vector<std::string> usable;
  for (std::size_t g = 0; g < names.size(); ++g)
    if (complete(g)) usable.push_back(names[g]);
  for (const auto& value : asked) {
    const auto g = static_cast<std::size_t>(std::find(names.begin(), names.end(), value) - names.begin());
    if (complete(g)) continue;
    std::string present;
    for (std::size_t c = 0; c < cohort.classes.size(); ++c)
      for (const auto& unit : units[g][c]) present += (present.empty() ? "" : ", ") + cohort.classes[c] + " " + unit;
    throw DataError({.where = "[split] " + side + " = " + value + " of scheme 'matched'",
                     .found = by + " " + value + " with " + present + " alone",
                     .expected = "units of every class (" + listed(cohort.classes) + ") at that " + by,
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
  check_whole_units(cohort, group, names, by);
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
    check_matched(cohort, group, names, options.test, by, "test");
    check_matched(cohort, group, names, options.validation, by, "validation");
  }
  if (draws) draw_groups({cohort, names, group}, options, seed, of_group);
  const Side rest = options.train.empty() ? Side::train : Side::unused;
  if (const auto n = std::count(of_group.begin(), of_group.end(), std::nullopt); n > 0 && rest == Side::unused)
    notes.push_back(std::to_string(n) + " of " + std::to_string(names.size()) + " values of '" + by +
                    "' are on no side, because [split] train lists the others.");
  if (const auto n = std::count(group.begin(), group.end(), -1); n > 0)
    notes.push_back(counted(n, "cell") + " without a value of '" + by + "' on no side.");
  return sides_of_cells(group, of_group, rest);
}

}  // namespace cellverdict
