#include <cellverdict/table/frame.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>

namespace cellverdict {

namespace {

std::string number_text(double x) {
  // Left to itself to_chars writes 100000 as 1e+05.
  if (x == std::floor(x) && std::abs(x) < 1e15) return std::to_string(static_cast<std::int64_t>(x));
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr};
}

// Codes text as it comes.
class Coder {
 public:
  explicit Coder(Column& column) : column_(column) {
    for (std::size_t i = 0; i < column.levels.size(); ++i) codes_.emplace(column.levels[i], static_cast<std::int32_t>(i));
  }
  std::int32_t code(std::string_view value) {
    if (value.empty()) return -1;
    if (const auto known = codes_.find(value); known != codes_.end()) return known->second;
    const auto next = static_cast<std::int32_t>(column_.levels.size());
    codes_.emplace(value, next);
    column_.levels.emplace_back(value);
    return next;
  }

 private:
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name; looked up by view, without a copy
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  Column& column_;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> codes_;
};

Column missing_column(Column::Kind kind, std::int64_t n_rows) {
  Column column;
  column.kind = kind;
  if (kind == Column::Kind::text) {
    column.codes.assign(static_cast<std::size_t>(n_rows), -1);
  } else {
    column.numbers.assign(static_cast<std::size_t>(n_rows), std::numeric_limits<double>::quiet_NaN());
  }
  return column;
}

void append_column(Column& above, const Column& below) {
  if (above.kind != below.kind) {
    above = as_text_column(above);
    append_column(above, as_text_column(below));
    return;
  }
  if (above.kind == Column::Kind::number) {
    above.numbers.insert(above.numbers.end(), below.numbers.begin(), below.numbers.end());
    return;
  }
  Coder coder(above);
  std::vector<std::int32_t> translated;
  for (const auto& level : below.levels) translated.push_back(coder.code(level));
  above.codes.reserve(above.codes.size() + below.codes.size());
  for (const std::int32_t code : below.codes) above.codes.push_back(code < 0 ? -1 : translated[code]);
}

}  // namespace

bool Column::missing(std::int64_t row) const {
  return kind == Kind::text ? codes[row] < 0 : std::isnan(numbers[row]);
}

std::string Column::text(std::int64_t row) const {
  if (missing(row)) return {};
  return kind == Kind::text ? levels[codes[row]] : number_text(numbers[row]);
}

Column make_text_column(const Names& values) {
  Column column;
  Coder coder(column);
  column.codes.reserve(values.size());
  for (const std::string_view value : values) column.codes.push_back(coder.code(value));
  return column;
}

Column as_text_column(const Column& column) {
  if (column.kind == Column::Kind::text) return column;
  Names values;
  for (std::int64_t i = 0; i < column.size(); ++i) values.push_back(column.text(i));
  return make_text_column(values);
}

Column select_rows(const Column& column, const std::vector<std::int64_t>& rows) {
  Column out;
  out.kind = column.kind;
  out.levels = column.levels;
  if (column.kind == Column::Kind::text) {
    out.codes.reserve(rows.size());
    for (const std::int64_t row : rows) out.codes.push_back(column.codes[row]);
  } else {
    out.numbers.reserve(rows.size());
    for (const std::int64_t row : rows) out.numbers.push_back(column.numbers[row]);
  }
  return out;
}

Column make_constant_column(const std::string& value, std::int64_t n_rows) {
  Column column;
  if (!value.empty()) column.levels = {value};
  column.codes.assign(static_cast<std::size_t>(n_rows), value.empty() ? -1 : 0);
  return column;
}

Column make_number_column(std::vector<double> values) {
  Column column;
  column.kind = Column::Kind::number;
  column.numbers = std::move(values);
  return column;
}

const Column* Frame::find(const std::string& name) const {
  const auto place = std::find(names.begin(), names.end(), name);
  return place == names.end() ? nullptr : &columns[place - names.begin()];
}

const Column& Frame::column(const std::string& name, const std::string& where) const {
  if (const Column* column = find(name)) return *column;
  throw UsageError(
      {.where = where, .found = "no column '" + name + "' in the data", .expected = "", .advice = suggestion(name, names)});
}

void Frame::set(const std::string& name, Column column) {
  const auto place = std::find(names.begin(), names.end(), name);
  if (place != names.end()) {
    columns[place - names.begin()] = std::move(column);
  } else {
    names.push_back(name);
    columns.push_back(std::move(column));
  }
}

Frame Frame::select(const std::vector<std::int64_t>& rows) const {
  Frame out;
  out.names = names;
  for (const std::int64_t row : rows) out.index.push_back(index[row]);
  for (const auto& column : columns) out.columns.push_back(select_rows(column, rows));
  return out;
}

void append_rows(Frame& above, const Frame& below) {
  if (above.n_rows() == 0 && above.names.empty()) {
    above = below;
    return;
  }
  for (std::size_t i = 0; i < below.names.size(); ++i)
    if (above.find(below.names[i]) == nullptr) above.set(below.names[i], missing_column(below.columns[i].kind, above.n_rows()));
  for (std::size_t i = 0; i < above.names.size(); ++i) {
    const Column* addition = below.find(above.names[i]);
    append_column(above.columns[i], addition ? *addition : missing_column(above.columns[i].kind, below.n_rows()));
  }
  above.index.append(below.index);
}

std::optional<double> parse_number(const std::string& text) {
  double x = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return x;
}

void sort_labels(std::vector<std::string>& labels) {
  // "nan" parses as a number but has no place in an order.
  const bool numeric =
      std::all_of(labels.begin(), labels.end(), [](const auto& s) { return !std::isnan(parse_number(s).value_or(std::nan(""))); });
  std::sort(labels.begin(), labels.end(), [numeric](const auto& a, const auto& b) {
    if (!numeric) return a < b;
    const double x = *parse_number(a), y = *parse_number(b);
    return x != y ? x < y : a < b;
  });
}

}  // namespace cellverdict
