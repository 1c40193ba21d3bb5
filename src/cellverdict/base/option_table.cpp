#include <cellverdict/base/option_table.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace {

std::string number_text(double x) {
  if (x == std::floor(x) && std::abs(x) < 1e15) return std::to_string(static_cast<std::int64_t>(x));
  return Value{x, {}}.text();
}

[[noreturn]] void refuse(const Value& value, const std::string& where, const std::string& expected) {
  throw UsageError({.where = where, .found = value.text(), .expected = expected, .advice = "correct the value"});
}

void check_range(double x, const Value& value, const Allowed& allowed, const std::string& where) {
  const bool too_low = allowed.least && (allowed.exclusive_least ? x <= *allowed.least : x < *allowed.least);
  if (!std::isfinite(x) || too_low || (allowed.most && x > *allowed.most)) refuse(value, where, allowed.described());
}

double as_number(const Value& value, const Allowed& allowed, const std::string& where) {
  double x = 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value.data)) {
    x = static_cast<double>(*whole);
  } else if (const auto* real = std::get_if<double>(&value.data)) {
    x = *real;
  } else {
    refuse(value, where, "a number");
  }
  check_range(x, value, allowed, where);
  return x;
}

template <class Whole>
void read_whole(const Value& value, const Allowed& allowed, const std::string& where, Whole& out) {
  const auto* whole = std::get_if<std::int64_t>(&value.data);
  if (whole == nullptr) refuse(value, where, "a whole number");
  check_range(static_cast<double>(*whole), value, allowed, where);
  if (!std::in_range<Whole>(*whole)) refuse(value, where, "a whole number of moderate size");
  out = static_cast<Whole>(*whole);
}

std::string as_text(const Value& value, const Allowed& allowed, const std::string& where) {
  std::string text;
  if (const auto* s = std::get_if<std::string>(&value.data)) {
    text = *s;
  } else if (value.data.index() <= 2) {
    text = value.text();
  } else {
    refuse(value, where, "a text");
  }
  if (!allowed.choices.empty() && std::find(allowed.choices.begin(), allowed.choices.end(), text) == allowed.choices.end())
    throw UsageError(
        {.where = where, .found = "'" + text + "'", .expected = allowed.described(), .advice = suggestion(text, allowed.choices)});
  return text;
}

}  // namespace

std::string Allowed::described() const {
  if (!choices.empty()) return "one of: " + listed(choices, choices.size());
  if (least && most) return (exclusive_least ? "above " : "") + number_text(*least) + " to " + number_text(*most);
  if (least) return (exclusive_least ? "above " : "at least ") + number_text(*least);
  if (most) return "at most " + number_text(*most);
  return "a finite number";
}

void read_option(const Value& value, const Allowed&, const std::string& where, bool& out) {
  const auto* b = std::get_if<bool>(&value.data);
  if (b == nullptr) refuse(value, where, "true or false");
  out = *b;
}
void read_option(const Value& value, const Allowed& allowed, const std::string& where, int& out) {
  read_whole(value, allowed, where, out);
}
void read_option(const Value& value, const Allowed& allowed, const std::string& where, std::int64_t& out) {
  read_whole(value, allowed, where, out);
}
void read_option(const Value& value, const Allowed& allowed, const std::string& where, std::uint64_t& out) {
  read_whole(value, allowed, where, out);
}
void read_option(const Value& value, const Allowed& allowed, const std::string& where, double& out) {
  out = as_number(value, allowed, where);
}
void read_option(const Value& value, const Allowed& allowed, const std::string& where, std::string& out) {
  out = as_text(value, allowed, where);
}
void read_option(const Value& value, const Allowed& allowed, const std::string& where, std::vector<std::string>& out) {
  out.clear();
  if (const auto* list = std::get_if<ValueList>(&value.data)) {
    for (const auto& item : *list) out.push_back(as_text(item, allowed, where));
  } else {
    out.push_back(as_text(value, allowed, where));
  }
}

Value write_option(bool value) {
  return {value, {}};
}
Value write_option(int value) {
  return {static_cast<std::int64_t>(value), {}};
}
Value write_option(std::int64_t value) {
  return {value, {}};
}
Value write_option(std::uint64_t value) {
  return {static_cast<std::int64_t>(value), {}};
}
Value write_option(double value) {
  return {value, {}};
}
Value write_option(const std::string& value) {
  return {value, {}};
}
Value write_option(const std::vector<std::string>& value) {
  ValueList list;
  for (const auto& item : value) list.push_back({item, {}});
  return {std::move(list), {}};
}

}  // namespace cellverdict
