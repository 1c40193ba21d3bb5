#include <cellverdict/prepare/annotations.h>

#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/text_table.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace cellverdict {

namespace fs = std::filesystem;

Annotations::Annotations(const fs::path& file) : file_(file) {
  const TextTable table = read_text_table(file);
  if (table.rows.size() < 2)
    throw InputError({.where = file.string(), .found = "no row", .expected = "a header and a row for each sample"});
  names_ = table.rows[0];
  // R's write.table leaves out the header of the first column.
  if (table.rows[1].size() == names_.size() + 1) names_.insert(names_.begin(), "");
  std::set<std::string> seen;
  for (const auto& name : names_)
    if (!name.empty() && !seen.insert(name).second)
      throw InputError({.where = file.string(), .found = "column '" + name + "' twice", .expected = "distinct columns"});
  columns_.resize(names_.size());
  std::string text;
  for (std::size_t row = 1; row < table.rows.size(); ++row) {
    const auto& fields = table.rows[row];
    if (fields.size() != names_.size())
      throw InputError({.where = file.string() + " line " + std::to_string(table.lines[row]),
                        .found = counted(std::ssize(fields), "field"),
                        .expected = std::to_string(names_.size()) + ", as in the header"});
    for (std::size_t c = 0; c < fields.size(); ++c) {
      columns_[c].push_back(fields[c] == "NA" ? "" : fields[c]);
      text += fields[c] + '\t';
    }
    text += '\n';
    lines_.push_back(table.lines[row]);
  }
  for (const auto& name : names_) text += name + '\t';
  digest_ = sha256(text);
}

Annotations::Joined Annotations::join(const SourceHead& head) const {
  std::unordered_map<std::string, std::int64_t> cells;
  const Names names = head.cell_names(0, head.n_cells);
  for (std::int64_t i = 0; i < head.n_cells; ++i) cells.emplace(names.text(i), i);
  std::size_t key = 0;
  std::int64_t best = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const auto n = std::count_if(columns_[c].begin(), columns_[c].end(), [&](const auto& x) { return cells.contains(x); });
    if (n > best) std::tie(key, best) = std::pair(c, static_cast<std::int64_t>(n));
  }
  Joined joined;
  if (best == 0) return joined;
  std::vector<std::int64_t> row_of(static_cast<std::size_t>(head.n_cells), -1);
  for (std::size_t row = 0; row < lines_.size(); ++row) {
    const auto cell = cells.find(columns_[key][row]);
    if (cell == cells.end()) continue;
    std::int64_t& place = row_of[static_cast<std::size_t>(cell->second)];
    if (place >= 0)
      throw InputError(
          {.where = file_.string() + " line " + std::to_string(lines_[row]),
           .found = "'" + cell->first + "' again, first in line " + std::to_string(lines_[static_cast<std::size_t>(place)]),
           .expected = "one row for each sample"});
    place = static_cast<std::int64_t>(row);
    ++joined.n_found;
  }
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (names_[c].empty()) continue;
    std::vector<std::string> values;
    for (const std::int64_t row : row_of) values.push_back(row < 0 ? "" : columns_[c][static_cast<std::size_t>(row)]);
    joined.columns.emplace_back(names_[c], make_text_column(Names(values)));
  }
  joined.note = file_.filename().string() + ": " + with_commas(joined.n_found) + " of " + counted(head.n_cells, "sample") +
                " found by " + (names_[key].empty() ? "its first column" : "column '" + names_[key] + "'");
  if (const auto others = std::ssize(lines_) - joined.n_found; others > 0)
    joined.note += "; " + counted(others, "row") + " of none of them";
  return joined;
}

}  // namespace cellverdict
