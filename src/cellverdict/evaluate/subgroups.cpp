#include <cellverdict/evaluate/subgroups.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace cellverdict {

namespace {

const std::string kMissing = "(missing)", kSeveral = "(several)";

std::string value_of(const Column& column, const UnitCall& call) {
  std::set<std::string> values;
  for (const std::int64_t i : call.mean.cells) values.insert(column.missing(i) ? kMissing : column.text(i));
  return values.size() == 1 ? *values.begin() : kSeveral;
}

// Of a column of numbers with many values: the half its unit is in.
void halve(const Column& column, const std::vector<UnitCall>& calls, std::vector<std::string>& values) {
  std::vector<double> known;
  std::set<double> distinct;
  for (std::size_t u = 0; u < calls.size(); ++u) {
    if (values[u] == kMissing || values[u] == kSeveral) continue;
    known.push_back(column.numbers[calls[u].mean.cells.front()]);
    distinct.insert(known.back());
  }
  if (std::ssize(distinct) <= kMostNumbersAsGroups) return;
  std::vector<double> sorted = known;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[(sorted.size() - 1) / 2];
  std::size_t next = 0;
  for (auto& value : values)
    if (value != kMissing && value != kSeveral)
      value = fmt::format("{} {:g} (median)", known[next++] <= median ? "up to" : "above", median);
}

SubgroupTable judge(const ScoringInput& input, const std::vector<UnitCall>& calls, const std::string& name) {
  SubgroupTable out{.column = name};
  const Column column = input.test.column(name, "[evaluate] subgroups");
  std::vector<std::string> values;
  for (const auto& call : calls) values.push_back(value_of(column, call));
  if (column.kind == Column::Kind::number) halve(column, calls, values);
  std::map<std::string, std::vector<const UnitCall*>> groups;
  for (std::size_t u = 0; u < calls.size(); ++u) groups[values[u]].push_back(&calls[u]);
  if (groups.size() < 2) {
    out.why_not = calls.empty() ? "there are no test units" : "all test units have the value " + groups.begin()->first;
  } else if (groups.size() == calls.size()) {
    out.why_not = "every test unit has a value of its own";
  } else if (std::ssize(groups) > kMostSubgroups) {
    out.why_not = fmt::format("it has {} values among the test units, more than {}", groups.size(), kMostSubgroups);
  }
  if (!out.why_not.empty()) return out;
  std::vector<std::string> names;
  for (const auto& [value, members] : groups) names.push_back(value);
  sort_labels(names);
  for (const auto& value : names) {
    const auto& members = groups.at(value);
    Subgroup group{.value = value, .n_units = std::ssize(members)};
    for (const UnitCall* call : members) group.n_cells += call->mean.n_cells;
    group.metrics = shares_right(input, members);
    out.groups.push_back(std::move(group));
  }
  return out;
}

}  // namespace

std::vector<SubgroupTable> judge_subgroups(const ScoringInput& input, const std::vector<UnitCall>& calls,
                                           const std::vector<std::string>& columns) {
  std::vector<SubgroupTable> out;
  for (const auto& column : columns) out.push_back(judge(input, calls, column));
  return out;
}

}  // namespace cellverdict
