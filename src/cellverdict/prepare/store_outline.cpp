#include <cellverdict/prepare/store_outline.h>

#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/h5ad_pieces.h>
#include <cellverdict/prepare/store.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

namespace cellverdict {

namespace {

using Form = ColumnPieces::Form;

// Values of one column as codes that mean the same in every shard.
class ValueCodes {
 public:
  explicit ValueCodes(bool is_number) : is_number_(is_number) {}

  void code(const Column& piece, std::vector<std::int32_t>& out) {
    out.resize(static_cast<std::size_t>(piece.size()));
    if (is_number_) {
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = std::isnan(piece.numbers[i])
                     ? -1
                     : numbers_.try_emplace(piece.numbers[i], static_cast<std::int32_t>(numbers_.size())).first->second;
      return;
    }
    if (piece.kind == Column::Kind::number) return code(as_text_column(piece), out);
    std::vector<std::int32_t> translated;
    for (const auto& level : piece.levels)
      translated.push_back(texts_.try_emplace(level, static_cast<std::int32_t>(texts_.size())).first->second);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = piece.codes[i] < 0 ? -1 : translated[piece.codes[i]];
  }

  // The values of such codes.
  Column column(const std::vector<std::int32_t>& codes) const {
    if (is_number_) {
      std::vector<double> of_code(numbers_.size()), numbers;
      for (const auto& [number, code] : numbers_) of_code[code] = number;
      for (const std::int32_t code : codes) numbers.push_back(code < 0 ? std::numeric_limits<double>::quiet_NaN() : of_code[code]);
      return make_number_column(std::move(numbers));
    }
    Column out{.kind = Column::Kind::text, .levels = std::vector<std::string>(texts_.size()), .codes = codes, .numbers = {}};
    for (const auto& [text, code] : texts_) out.levels[code] = text;
    return out;
  }

 private:
  bool is_number_;  // in every shard
  std::unordered_map<std::string, std::int32_t> texts_;
  std::unordered_map<double, std::int32_t> numbers_;
};

struct OutlineColumn {
  std::string name;
  bool asked_for = false;  // a part of what makes rows differ
  bool varies = false;     // within a unit and class; then nothing is kept of it
  ValueCodes values;
  std::vector<std::int32_t> known = {};  // [rows] of a column asked for; else [units × classes] the value so far, -1 none
};

Hdf5Object open_obs(const std::filesystem::path& shard) {
  return Hdf5Object::open_file(shard).open("obs");
}

class Outline {
 public:
  // `shards`: files, opened one at a time: a study may have more than a process may have open.
  Outline(const DataOptions& data, const std::vector<std::string>& columns, const std::vector<std::filesystem::path>& shards)
      : data_(data), asked_for_{data.label, data.unit} {
    if (!data.donor.empty()) asked_for_.insert(data.donor);
    asked_for_.insert(columns.begin(), columns.end());
    std::vector<std::string> names;
    std::set<std::string> of_text;
    for (const auto& shard : shards) {
      const Hdf5Object obs = open_obs(shard);
      for (const auto& name : readable_h5ad_columns(obs)) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        if (open_h5ad_pieces(obs, name, h5ad_frame_rows(obs))->form != Form::numbers) of_text.insert(name);
      }
    }
    for (const auto& name : names)
      columns_.push_back({.name = name, .asked_for = asked_for_.contains(name), .values = ValueCodes(!of_text.contains(name))});
  }

  // False when there are too many rows.
  bool add(const std::filesystem::path& shard) {
    const Hdf5Object obs = open_obs(shard);
    const std::int64_t n_cells = h5ad_frame_rows(obs);
    const auto here = readable_h5ad_columns(obs);
    std::vector<std::optional<PieceReader>> readers(columns_.size());
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      OutlineColumn& column = columns_[c];
      if (column.varies || std::find(here.begin(), here.end(), column.name) == here.end()) continue;
      ColumnPieces pieces = open_h5ad_pieces(obs, column.name, n_cells).value();
      const bool too_many = pieces.n_levels > kMostOutlineRows;
      if (too_many && column.asked_for) return false;
      column.varies = too_many;
      if (!too_many) readers[c].emplace(std::move(pieces));
    }
    for (std::int64_t first = 0; first < n_cells; first += kPieceRows) {
      const std::int64_t n = std::min(kPieceRows, n_cells - first);
      find_rows(readers, first, n);
      if (std::ssize(n_alike_) > kMostOutlineRows) return false;
      for (std::size_t c = 0; c < columns_.size(); ++c)
        if (readers[c] && !columns_[c].asked_for) {
          compare(readers[c]->read(first, n), columns_[c]);
          if (columns_[c].varies) readers[c].reset();
        }
    }
    return true;
  }

  Cohort cohort() && {
    Frame obs;
    const std::size_t n = n_alike_.size();
    for (std::size_t row = 0; row < n; ++row) obs.index.push_back(std::to_string(row));
    for (auto& column : columns_) {
      std::vector<std::int32_t> codes(n, -1);
      for (std::size_t row = 0; row < n && !column.varies; ++row) codes[row] = column.known[column.asked_for ? row : of_unit_[row]];
      obs.set(column.name, column.values.column(codes));
    }
    CsrBlock no_counts;
    for (std::size_t row = 0; row < n; ++row) no_counts.end_row();
    auto table = std::make_shared<const CellTable>(GeneList{}, std::move(obs), std::vector<double>(n),
                                                   std::vector<CsrShard>{make_shard(std::move(no_counts))});
    return make_cohort(std::move(table),
                       {.label = data_.label, .unit = data_.unit, .donor = data_.donor, .positive = data_.positive}, {},
                       std::move(n_alike_));
  }

 private:
  // The row of each of these cells.
  void find_rows(const std::vector<std::optional<PieceReader>>& readers, std::int64_t first, std::int64_t n) {
    std::vector<std::vector<std::int32_t>> codes;  // [columns asked for][n]
    std::size_t label = 0, unit = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!columns_[c].asked_for) continue;
      if (columns_[c].name == data_.label) label = codes.size();
      if (columns_[c].name == data_.unit) unit = codes.size();
      auto& of_column = codes.emplace_back(static_cast<std::size_t>(n), -1);
      if (readers[c]) columns_[c].values.code(readers[c]->read(first, n), of_column);
    }
    rows_.resize(static_cast<std::size_t>(n));
    std::vector<std::int32_t> key(codes.size());
    for (std::int64_t i = 0; i < n; ++i) {
      const bool as_before = i > 0 && std::all_of(codes.begin(), codes.end(), [&](const auto& of) { return of[i] == of[i - 1]; });
      if (as_before) {
        rows_[i] = rows_[i - 1];
      } else {
        for (std::size_t k = 0; k < codes.size(); ++k) key[k] = codes[k][i];
        const auto [place, is_new] = row_of_.try_emplace(key, static_cast<std::int32_t>(row_of_.size()));
        rows_[i] = place->second;
        if (is_new) add_row(key, key.empty() ? -1 : key[unit], key.empty() ? -1 : key[label]);
      }
      ++n_alike_[rows_[i]];
    }
  }

  void add_row(const std::vector<std::int32_t>& key, std::int32_t unit, std::int32_t label) {
    n_alike_.push_back(0);
    of_unit_.push_back(units_.try_emplace({unit, label}, static_cast<std::int32_t>(units_.size())).first->second);
    std::size_t k = 0;
    for (auto& column : columns_)
      if (column.asked_for)
        column.known.push_back(key[k++]);
      else
        column.known.resize(units_.size(), -1);
  }

  void compare(const Column& piece, OutlineColumn& column) {
    std::vector<std::int32_t> codes;
    column.values.code(piece, codes);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      std::int32_t& known = column.known[of_unit_[rows_[i]]];
      if (codes[i] < 0 || codes[i] == known) continue;
      if (known < 0) {
        known = codes[i];
        continue;
      }
      column = {.name = column.name, .varies = true, .values = ValueCodes(piece.kind == Column::Kind::number)};
      return;
    }
  }

  const DataOptions& data_;
  std::set<std::string> asked_for_;
  std::vector<OutlineColumn> columns_;
  std::map<std::vector<std::int32_t>, std::int32_t> row_of_;             // codes of the columns asked for → row
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> units_;  // codes of unit and label → their number
  std::vector<std::int32_t> of_unit_;                                    // [rows] number of unit and label
  std::vector<std::int64_t> n_alike_;                                    // [rows]
  std::vector<std::int32_t> rows_;                                       // of the cells looked at
};

}  // namespace

std::optional<Cohort> read_store_outline(const std::filesystem::path& folder, const DataOptions& data,
                                         const std::vector<std::string>& columns) {
  std::vector<std::filesystem::path> shards;
  for (const auto& name : read_store_index(folder).shards) shards.push_back(folder / name);
  Outline outline(data, columns, shards);
  for (const auto& shard : shards)
    if (!outline.add(shard)) return std::nullopt;
  return std::move(outline).cohort();
}

}  // namespace cellverdict
