#include <cellverdict/split/groups.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace cellverdict {

namespace {

// One for every side that is drawn, and one that stays.
std::int64_t least_of(const SplitOptions& options) {
  return 1 + (options.test_fraction > 0 ? 1 : 0) + (options.validation_fraction > 0 ? 1 : 0);
}

}  // namespace

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

void check_whole_units(const Groups& groups, const std::string& by) {
  const auto& [cohort, names, group] = groups;
  std::vector<std::int32_t> of_unit(cohort.units.size(), -2);
  for (std::size_t i = 0; i < group.size(); ++i) {
    std::int32_t& known = of_unit[cohort.unit[i]];
    if (known == -2) known = group[i];
    if (known != group[i]) {
      const auto name = [&names = names](std::int32_t g) { return g < 0 ? std::string("no value") : "'" + names[g] + "'"; };
      throw DataError(
          {.where = "[split] by = '" + by + "'",
           .found = "unit '" + cohort.units[cohort.unit[i]] + "' with cells in " + name(known) + " and " + name(group[i]),
           .expected = "one value for all cells of a unit",
           .advice = "a unit is never torn: choose a finer [data] unit or another column"});
    }
  }
}

std::vector<std::vector<std::int64_t>> class_counts(const Groups& groups) {
  std::vector<std::vector<std::int64_t>> n(groups.names.size(), std::vector<std::int64_t>(groups.cohort.classes.size()));
  for (std::size_t i = 0; i < groups.group.size(); ++i)
    if (groups.group[i] >= 0) n[groups.group[i]][groups.cohort.label[i]] += groups.cohort.n_cells_of(i);
  return n;
}

std::vector<std::string> lonely_classes(const Groups& groups, const std::string& by) {
  const CohortRoles& roles = groups.cohort.roles;
  std::vector<std::string> out;
  if (by == roles.unit || by == roles.donor || by == roles.label) return out;
  const auto n = class_counts(groups);
  for (std::size_t c = 0; c < groups.cohort.classes.size(); ++c) {
    std::vector<std::size_t> having;
    for (std::size_t g = 0; g < n.size(); ++g)
      if (n[g][c] > 0) having.push_back(g);
    if (having.size() == 1) out.push_back("'" + groups.cohort.classes[c] + "' in " + by + " " + groups.names[having[0]] + " alone");
  }
  return out;
}

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

std::vector<std::vector<std::vector<std::string>>> units_by_class(const Groups& groups) {
  const auto& [cohort, names, group] = groups;
  std::vector<std::vector<std::set<std::string>>> units(names.size(), std::vector<std::set<std::string>>(cohort.classes.size()));
  for (std::size_t i = 0; i < group.size(); ++i)
    if (group[i] >= 0) units[group[i]][cohort.label[i]].insert(cohort.units[cohort.unit[i]]);
  std::vector<std::vector<std::vector<std::string>>> out(names.size());
  for (std::size_t g = 0; g < names.size(); ++g)
    for (const auto& of_class : units[g]) out[g].emplace_back(of_class.begin(), of_class.end());
  return out;
}

std::vector<std::int32_t> complete_groups(const Groups& groups) {
  std::vector<std::int32_t> complete;
  const auto units = units_by_class(groups);
  for (std::size_t g = 0; g < units.size(); ++g)
    if (std::none_of(units[g].begin(), units[g].end(), [](const auto& of_class) { return of_class.empty(); }))
      complete.push_back(static_cast<std::int32_t>(g));
  return complete;
}

}  // namespace cellverdict
