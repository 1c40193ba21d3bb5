#include <cellverdict/base/run_context.h>
#include <cellverdict/split/split.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cellverdict {

std::string split_table(const SplitSummary& summary) {
  std::string text;
  if (summary.optimistic) text += fmt::format("** {} **\n", kOptimisticBanner);
  std::size_t width = 5;
  for (const auto& name : summary.classes) width = std::max(width, name.size());
  text += fmt::format("{:<10}  {:<{}}  {:>5}  {:>9}  {}\n", "side", "class", width, "units", "cells", "which");
  struct Entry {
    std::int64_t n_units = 0, n_cells = 0;
    std::string which;
  };
  std::map<std::pair<Side, std::string>, Entry> entries;
  for (const auto& unit : summary.units) {
    Entry& entry = entries[{unit.side, unit.label}];
    entry.n_cells += unit.n_cells;
    if (++entry.n_units <= 12)
      entry.which += (entry.which.empty() ? "" : ", ") + unit.unit +
                     (unit.stratum.empty() || unit.stratum == unit.unit ? "" : " (" + summary.by + " " + unit.stratum + ")");
    if (entry.n_units == 13) entry.which += ", …";
  }
  for (const auto& [key, entry] : entries)
    text += fmt::format("{:<10}  {:<{}}  {:>5}  {:>9}  {}\n", side_name(key.first), key.second, width, entry.n_units,
                        with_commas(entry.n_cells), entry.which);
  return text;
}

}  // namespace cellverdict
