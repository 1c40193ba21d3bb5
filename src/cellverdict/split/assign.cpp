#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/random.h>
#include <cellverdict/split/assign.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace cellverdict {

namespace {

// Sides for n shuffled items of one class: the first part test, the next validation, the rest training.
struct Shares {
  std::int64_t test = 0, validation = 0;
};
Shares shares_of(std::int64_t n, const SplitOptions& options, const std::string& what) {
  const auto part = [n](double fraction) {
    return fraction > 0 ? std::max<std::int64_t>(1, std::llround(fraction * static_cast<double>(n))) : std::int64_t{0};
  };
  const Shares shares{part(options.test_fraction), part(options.validation_fraction)};
  if (shares.test + shares.validation >= n)
    throw DataError(
        {.where = "[split] scheme = '" + options.scheme + "'",
         .found = what,
         .expected = "at least " + std::to_string(options.validation_fraction > 0 ? 3 : 2) + " to have one on every side",
         .advice =
             options.validation_fraction > 0 ? "set validation_fraction = 0 or choose another scheme" : "choose another scheme"});
  return shares;
}

Side side_at(std::int64_t position, const Shares& shares) {
  if (position < shares.test) return Side::test;
  return position < shares.test + shares.validation ? Side::validation : Side::train;
}

// The class most cells of each group have.
std::vector<std::int32_t> main_class(const Cohort& cohort, const std::vector<std::int32_t>& group, std::size_t n_groups) {
  std::vector<std::vector<std::int64_t>> n(n_groups, std::vector<std::int64_t>(cohort.classes.size()));
  for (std::size_t i = 0; i < group.size(); ++i)
    if (group[i] >= 0) ++n[group[i]][cohort.label[i]];
  std::vector<std::int32_t> result;
  for (const auto& counts : n)
    result.push_back(static_cast<std::int32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin()));
  return result;
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

std::vector<Side> sides_of_cells(const std::vector<std::int32_t>& group, const std::vector<Side>& of_group) {
  std::vector<Side> sides;
  sides.reserve(group.size());
  for (const std::int32_t g : group) sides.push_back(g < 0 ? Side::unused : of_group[g]);
  return sides;
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

std::vector<Side> assign_random_groups(const Cohort& cohort, const std::vector<std::string>& names,
                                       const std::vector<std::int32_t>& group, const SplitOptions& options, std::uint64_t seed) {
  const auto label = main_class(cohort, group, names.size());
  std::vector<Side> of_group(names.size(), Side::train);
  for (std::size_t c = 0; c < cohort.classes.size(); ++c) {
    std::vector<std::int32_t> members;
    for (std::size_t g = 0; g < names.size(); ++g)
      if (label[g] == static_cast<std::int32_t>(c)) members.push_back(static_cast<std::int32_t>(g));
    const Shares shares = shares_of(static_cast<std::int64_t>(members.size()), options,
                                    "class '" + cohort.classes[c] + "' in " + std::to_string(members.size()) + " group(s)");
    Random random(seed, "split/groups", cohort.classes[c]);
    random.shuffle(std::span(members));
    for (std::size_t k = 0; k < members.size(); ++k) of_group[members[k]] = side_at(static_cast<std::int64_t>(k), shares);
  }
  return sides_of_cells(group, of_group);
}

std::vector<Side> assign_groups(const Cohort& cohort, const Column& column, const std::string& by, const SplitOptions& options,
                                std::uint64_t seed, std::vector<std::string>& notes) {
  const auto names = distinct_values(column);
  const auto group = codes_of(column, names);
  check_whole_units(cohort, group, names, by);
  if (options.test.empty()) {
    if (options.scheme != "group")
      throw UsageError({.where = "[split] test",
                        .found = "nothing",
                        .expected = "the values of '" + by + "' to hold out under scheme '" + options.scheme + "'",
                        .advice = "known: " + listed(names, 20)});
    return assign_random_groups(cohort, names, group, options, seed);
  }

  std::vector<Side> of_group(names.size(), options.train.empty() ? Side::train : Side::unused);
  std::map<std::string, std::string> listed_in;
  const auto put = [&](const std::vector<std::string>& values, Side side) {
    for (const auto& value : values) {
      const std::string where = "[split] " + std::string(side_name(side));
      const auto place = std::find(names.begin(), names.end(), value);
      if (place == names.end())
        throw UsageError({.where = where,
                          .found = "'" + value + "', which is no value of '" + by + "'",
                          .expected = "",
                          .advice = suggestion(value, names)});
      if (const auto [earlier, added] = listed_in.emplace(value, side_name(side)); !added)
        throw UsageError({.where = where,
                          .found = "'" + value + "', which is listed under " + earlier->second + " too",
                          .expected = "every value once",
                          .advice = "remove one"});
      of_group[place - names.begin()] = side;
    }
  };
  put(options.train, Side::train);
  put(options.validation, Side::validation);
  put(options.test, Side::test);
  if (options.scheme == "matched") {
    check_matched(cohort, group, names, options.test, by, "test");
    check_matched(cohort, group, names, options.validation, by, "validation");
  }
  if (const auto n = std::count(of_group.begin(), of_group.end(), Side::unused); n > 0)
    notes.push_back(std::to_string(n) + " of " + std::to_string(names.size()) + " values of '" + by +
                    "' are on no side, because [split] train lists the rest.");
  return sides_of_cells(group, of_group);
}

}  // namespace cellverdict
