#pragma once
// Groups of cells that stay together (donors, days), and how they are drawn. Used by the schemes and by cross-validation.

#include <cellverdict/split/split.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// `group` [cells] indexes `names`, -1 is none.
struct Groups {
  const Cohort& cohort;
  const std::vector<std::string>& names;
  const std::vector<std::int32_t>& group;
};

// Of n shuffled items of one class: the first part is test, the next validation, the rest stays where it was.
struct Shares {
  std::int64_t test = 0, validation = 0;
};
// `what` names the items for errors. Throws DataError when there are too few.
Shares shares_of(std::int64_t n, const SplitOptions& options, const std::string& what);
Side side_at(std::int64_t position, const Shares& shares);

// No unit may have cells in two values of the column; throws DataError.
void check_whole_units(const Groups& groups, const std::string& by);

// How many cells of each class every group has.
std::vector<std::vector<std::int64_t>> class_counts(const Groups& groups);

// Groups that are drawn together: a side takes its share of each stratum.
struct Stratum {
  std::string name;  // of its class; empty: groups with cells of several classes
  std::vector<std::int32_t> groups;
};
// Groups of one class are a stratum of that class; groups with several (every donor treated and untreated) are one of their own,
// for which of their classes has most cells says nothing. A stratum of fewer than `least` joins the other kind, where it can be
// drawn. Groups that have a side already are left out.
std::vector<Stratum> strata_of(const Groups& groups, const std::vector<std::optional<Side>>& of_group, std::int64_t least);

// What a note about such a class begins with.
inline constexpr const char* kCannotBeTested = "Cannot be tested by ";
// "'lupus' in study S3 alone": classes that a single group has, where groups are more than the people and units themselves; empty:
// none. Held out with its only group, such a class was never taught.
std::vector<std::string> lonely_classes(const Groups& groups, const std::string& by);

// Draws the sides that no list names from the groups that no list names, within each stratum. Throws DataError when one has too
// few groups.
void draw_groups(const Groups& groups, const SplitOptions& options, std::uint64_t seed, std::vector<std::optional<Side>>& of_group);

// The units of each class in every group: [groups][classes].
std::vector<std::vector<std::vector<std::string>>> units_by_class(const Groups& groups);
// Groups with a unit of every class.
std::vector<std::int32_t> complete_groups(const Groups& groups);

}  // namespace cellverdict
