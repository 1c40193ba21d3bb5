#include <cellverdict/prepare/shard_obs.h>

#include <cellverdict/base/scratch_array.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cellverdict {

namespace {

constexpr std::array kMeasured = {"total_counts", "n_genes_by_counts", "pct_counts_mt"};

bool is_measured(const std::string& column) {
  return std::find(kMeasured.begin(), kMeasured.end(), column) != kMeasured.end();
}

// The values of single cells, asked for in ascending order, out of pieces of all of them.
template <class T>
class Window {
 public:
  using Fill = std::function<void(std::int64_t first, std::int64_t count, T* out)>;
  Window(std::int64_t n_cells, Fill fill) : n_cells_(n_cells), fill_(std::move(fill)) {}
  T operator[](std::int64_t cell) {
    if (cell < first_ || cell >= first_ + std::ssize(values_)) {
      first_ = cell / kPieceRows * kPieceRows;
      values_.resize(static_cast<std::size_t>(std::min(kPieceRows, n_cells_ - first_)));
      fill_(first_, std::ssize(values_), values_.data());
    }
    return values_[cell - first_];
  }

 private:
  std::int64_t n_cells_, first_ = 0;
  Fill fill_;
  std::vector<T> values_;
};

class TextWindow {
 public:
  using Read = std::function<Names(std::int64_t first, std::int64_t count)>;
  TextWindow(std::int64_t n_cells, Read read) : n_cells_(n_cells), read_(std::move(read)) {}
  std::string_view operator[](std::int64_t cell) {
    if (cell < first_ || cell >= first_ + static_cast<std::int64_t>(texts_.size())) {
      first_ = cell / kPieceRows * kPieceRows;
      texts_ = read_(first_, std::min(kPieceRows, n_cells_ - first_));
    }
    return texts_[cell - first_];
  }

 private:
  std::int64_t n_cells_, first_ = 0;
  Read read_;
  Names texts_;
};

ColumnPieces measured(const ShardRows& rows, const std::string& name) {
  ColumnPieces out;
  out.numbers = [record = rows.record, name](std::int64_t first, std::int64_t count, double* to) {
    for (std::int64_t row = first; row < first + count; ++row)
      *to++ = name == kMeasured[0]   ? record(row).total
              : name == kMeasured[1] ? static_cast<double>(record(row).n_genes)
                                     : record(row).mito_percent;
  };
  return out;
}

// Of all cells of the source, or nothing where the texts are too many: codes in the order in which the texts first appear.
class TextCodes {
 public:
  TextCodes(const ColumnPieces& column, std::int64_t n_cells, std::int64_t most, const std::filesystem::path& scratch)
      : file_(std::make_shared<ScratchArray<std::int32_t>>(scratch)) {
    const PieceReader reader(column);
    for (std::int64_t first = 0; first < n_cells && fits_; first += kPieceRows) {
      add(as_text_column(reader.read(first, std::min(kPieceRows, n_cells - first))));
      fits_ = std::ssize(levels_) <= most;
    }
    codes_ = file_->open();
  }
  bool fits() const { return fits_; }

  ColumnPieces pieces() && {
    ColumnPieces out = pieces_of({.kind = Column::Kind::text, .levels = std::move(levels_), .codes = {}, .numbers = {}});
    out.codes = [file = file_, codes = codes_](std::int64_t first, std::int64_t count, std::int32_t* to) {
      std::copy_n(codes.begin() + first, count, to);
    };
    return out;
  }

 private:
  void add(const Column& piece) {
    std::vector<std::int32_t> translated;
    for (const auto& level : piece.levels) {
      const auto [place, added] = known_.emplace(level, static_cast<std::int32_t>(levels_.size()));
      if (added) levels_.push_back(level);
      translated.push_back(place->second);
    }
    for (const std::int32_t code : piece.codes) file_->push_back(code < 0 ? -1 : translated[code]);
  }

  std::shared_ptr<ScratchArray<std::int32_t>> file_;
  std::span<const std::int32_t> codes_;
  std::vector<std::string> levels_;
  std::unordered_map<std::string, std::int32_t> known_;
  bool fits_ = true;
};

// Codes whose levels have other names here.
ColumnPieces renamed(const ColumnPieces& column, const std::function<Column(Column)>& names_here) {
  Column levels{.kind = Column::Kind::text, .levels = column.levels(0, column.n_levels).texts(), .codes = {}, .numbers = {}};
  for (std::int64_t i = 0; i < column.n_levels; ++i) levels.codes.push_back(static_cast<std::int32_t>(i));
  Column here = names_here(std::move(levels));
  const auto new_codes = std::make_shared<const std::vector<std::int32_t>>(std::move(here.codes));
  here.codes.clear();
  ColumnPieces out = pieces_of(std::move(here));
  out.codes = [codes = column.codes, new_codes](std::int64_t first, std::int64_t count, std::int32_t* to) {
    codes(first, count, to);
    for (std::int64_t i = 0; i < count; ++i)
      if (to[i] >= 0) to[i] = (*new_codes)[to[i]];
  };
  return out;
}

// A column of all cells of the source, as it is to stand in the shard.
ColumnPieces of_all_cells(const ShardRows& rows, const std::string& name) {
  const LabelledSource& opened = rows.opened;
  ColumnPieces column = opened.pieces(name);
  const bool is_label = name == rows.data.label, has_other_names = is_label || opened.is_harmonised(name);
  if (column.form == ColumnPieces::Form::texts || (has_other_names && column.form == ColumnPieces::Form::numbers)) {
    const std::int64_t n = opened.head.n_cells;
    TextCodes codes(column, n, has_other_names ? n : kMostCategories, rows.scratch);
    if (!codes.fits()) return column;
    column = std::move(codes).pieces();
  }
  if (!has_other_names) return column;
  return renamed(column, [&](Column levels) {
    levels = opened.here(name, std::move(levels));
    return is_label ? renamed_labels(levels, rows.data) : levels;
  });
}

template <class T>
std::function<void(std::int64_t, std::int64_t, T*)> of_rows(const ShardRows& rows, typename Window<T>::Fill fill) {
  if (!fill) return {};
  return [record = rows.record, window = std::make_shared<Window<T>>(rows.opened.head.n_cells, std::move(fill))](
             std::int64_t first, std::int64_t count, T* to) {
    for (std::int64_t row = first; row < first + count; ++row) *to++ = (*window)[record(row).cell];
  };
}

ColumnPieces of_kept_cells(const ShardRows& rows, const std::string& name) {
  ColumnPieces column = of_all_cells(rows, name);
  column.codes = of_rows<std::int32_t>(rows, std::move(column.codes));
  column.numbers = of_rows<double>(rows, std::move(column.numbers));
  if (column.form != ColumnPieces::Form::texts) return column;
  const auto read = [texts = std::move(column.texts)](std::int64_t first, std::int64_t count) {
    ColumnPieces::Texts piece = texts(first, count);
    if (piece.missing.empty()) return std::move(piece.texts);
    Names present;
    for (std::int64_t i = 0; i < count; ++i) present.push_back(piece.missing[i] != 0 ? std::string_view() : piece.texts[i]);
    return present;
  };
  column.texts = [record = rows.record, window = std::make_shared<TextWindow>(rows.opened.head.n_cells, read)](std::int64_t first,
                                                                                                               std::int64_t count) {
    Names texts;
    for (std::int64_t row = first; row < first + count; ++row) texts.push_back((*window)[record(row).cell]);
    return ColumnPieces::Texts{std::move(texts), {}};
  };
  return column;
}

}  // namespace

H5adLateFrame shard_obs(const ShardRows& rows) {
  const SourceHead& head = rows.opened.head;
  H5adLateFrame obs{.n_rows = rows.n_rows, .name = {}, .columns = {}, .column = {}};
  const auto names = std::make_shared<TextWindow>(
      head.n_cells, [&head](std::int64_t first, std::int64_t count) { return head.cell_names(first, count); });
  obs.name = [names, &rows](std::int64_t row) { return std::string((*names)[rows.record(row).cell]) + rows.name_ending; };
  for (const auto& column : head.obs_columns)
    if (!is_measured(column)) obs.columns.push_back(column);
  obs.columns.insert(obs.columns.end(), kMeasured.begin(), kMeasured.end());
  obs.column = [&rows](const std::string& name) { return is_measured(name) ? measured(rows, name) : of_kept_cells(rows, name); };
  return obs;
}

}  // namespace cellverdict
