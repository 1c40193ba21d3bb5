// A recursive-descent parser that evaluates whole columns: each rule gives one flag a row.

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/table/row_filter.h>

#include <algorithm>
#include <cctype>
#include <functional>

namespace cellverdict {

namespace {

constexpr const char* kWhere = "[data] where";

class Parser {
 public:
  Parser(const Frame& frame, const std::string& text, std::vector<UnknownValue>& unknown)
      : frame_(frame), text_(text), unknown_(unknown) {}

  std::vector<bool> whole() {
    auto rows = either();
    if (!at_end()) refuse("'" + text_.substr(at_) + "'", "the end, `and` or `or`");
    return rows;
  }

 private:
  std::vector<bool> either() {
    auto rows = both();
    while (word("or")) {
      const auto other = both();
      std::transform(rows.begin(), rows.end(), other.begin(), rows.begin(), std::logical_or<bool>());
    }
    return rows;
  }

  std::vector<bool> both() {
    auto rows = one();
    while (word("and")) {
      const auto other = one();
      std::transform(rows.begin(), rows.end(), other.begin(), rows.begin(), std::logical_and<bool>());
    }
    return rows;
  }

  std::vector<bool> one() {
    if (word("not")) {
      go_deeper();
      auto rows = one();
      --depth_;
      rows.flip();
      return rows;
    }
    if (symbol("(")) {
      go_deeper();
      auto rows = either();
      if (!symbol(")")) refuse("no closing parenthesis", "`)`");
      --depth_;
      return rows;
    }
    return comparison();
  }

  void go_deeper() {
    if (++depth_ > 50) refuse("more than 50 nested parentheses or nots", "fewer");
  }

  std::vector<bool> comparison() {
    const std::string name = operand("a column name");
    const Column& column = frame_.column(name, kWhere);
    for (const char* op : {"==", "!=", "<=", ">=", "<", ">"})
      if (symbol(op)) return compare(column, name, op, {operand("a value")});
    const bool negated = word("not");
    if (word("in")) {
      std::vector<std::string> values;
      if (!symbol("[") && !symbol("(")) refuse("no list after `in`", "['a', 'b']");
      do values.push_back(operand("a value"));
      while (symbol(","));
      if (!symbol("]") && !symbol(")")) refuse("an unfinished list", "`]`");
      return compare(column, name, negated ? "!=" : "==", values);
    }
    refuse("'" + text_.substr(at_) + "' after " + name, "== != < <= > >= or in");
  }

  std::vector<bool> compare(const Column& column, const std::string& name, const std::string& op,
                            const std::vector<std::string>& values) {
    const auto n = static_cast<std::size_t>(column.size());
    std::vector<bool> rows(n, op == "!=");
    if (op == "==" || op == "!=") {
      for (const auto& value : values) {
        if (value.empty()) {
          for (std::size_t i = 0; i < n; ++i)
            if (column.missing(static_cast<std::int64_t>(i))) rows[i] = op == "==";
          continue;
        }
        const auto number = parse_number(value);
        if (column.kind == Column::Kind::number) {
          if (!number) refuse("'" + value + "' for the number column '" + name + "'", "a number");
          for (std::size_t i = 0; i < n; ++i)
            if (column.numbers[i] == *number) rows[i] = op == "==";
          continue;
        }
        const auto level = std::find(column.levels.begin(), column.levels.end(), value);
        if (level == column.levels.end()) {
          unknown_.push_back({name, value});
          continue;
        }
        for (std::size_t i = 0; i < n; ++i)
          if (column.codes[i] == static_cast<std::int32_t>(level - column.levels.begin())) rows[i] = op == "==";
      }
      return rows;
    }
    const auto bound = parse_number(values[0]);
    if (!bound) refuse("'" + values[0] + "' after " + op, "a number");
    for (std::size_t i = 0; i < n; ++i) {
      double x = std::numeric_limits<double>::quiet_NaN();
      if (column.kind == Column::Kind::number) {
        x = column.numbers[i];
      } else if (const auto parsed = parse_number(column.text(static_cast<std::int64_t>(i)))) {
        x = *parsed;
      }
      rows[i] = op == "<" ? x < *bound : op == "<=" ? x <= *bound : op == ">" ? x > *bound : x >= *bound;
    }
    return rows;
  }

  // A quoted text, or a bare word.
  std::string operand(const std::string& what) {
    skip_space();
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"' || text_[at_] == '`')) {
      const auto end = text_.find(text_[at_], at_ + 1);
      if (end == std::string::npos) refuse("an unfinished quotation", "a closing " + std::string(1, text_[at_]));
      const std::string value = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return value;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                  std::string_view("_.-+:").find(text_[at_]) != std::string_view::npos))
      ++at_;
    if (begin == at_) refuse(at_end() ? "the end" : "'" + text_.substr(at_) + "'", what);
    return text_.substr(begin, at_ - begin);
  }

  bool symbol(std::string_view s) {
    skip_space();
    if (std::string_view(text_).substr(at_, s.size()) != s) return false;
    at_ += s.size();
    return true;
  }

  bool word(std::string_view w) {
    skip_space();
    const auto rest = std::string_view(text_).substr(at_);
    if (!rest.starts_with(w)) return false;
    if (rest.size() > w.size() && (std::isalnum(static_cast<unsigned char>(rest[w.size()])) || rest[w.size()] == '_')) return false;
    at_ += w.size();
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  [[noreturn]] void refuse(const std::string& found, const std::string& expected) const {
    throw UsageError({.where = std::string(kWhere) + " = \"" + text_ + "\"",
                      .found = found,
                      .expected = expected,
                      .advice = "for example cell_type == 'monocyte'"});
  }

  const Frame& frame_;
  const std::string& text_;
  std::vector<UnknownValue>& unknown_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::vector<bool> matching_rows(const Frame& frame, const std::string& expression, std::vector<UnknownValue>& unknown) {
  return Parser(frame, expression, unknown).whole();
}

std::vector<bool> matching_rows(const Frame& frame, const std::string& expression) {
  std::vector<UnknownValue> unknown;
  auto rows = matching_rows(frame, expression, unknown);
  if (!unknown.empty()) refuse_unknown(unknown[0], frame.column(unknown[0].column, kWhere).levels);
  return rows;
}

void refuse_unknown(const UnknownValue& unknown, const std::vector<std::string>& values) {
  throw UsageError({.where = kWhere,
                    .found = "'" + unknown.value + "', which is no value of '" + unknown.column + "'",
                    .expected = "",
                    .advice = suggestion(unknown.value, values)});
}

}  // namespace cellverdict
