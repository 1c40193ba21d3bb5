#pragma once
// A configuration value as a person writes it: TOML's types, without TOML. Tables keep the order of the file.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cellverdict {

struct Value;
using ValueList = std::vector<Value>;
using ValueTable = std::vector<std::pair<std::string, Value>>;

struct Value {
  std::variant<bool, std::int64_t, double, std::string, ValueList, ValueTable> data;
  std::string where;  // "experiment.toml line 12"; empty when made by the program

  const Value* find(const std::string& key) const;  // in a table; null when absent or not a table
  // "a whole number", "a list", …: for error messages.
  std::string kind() const;
  // As the user would write it, on one line.
  std::string text() const;
};

// clang wants a Value made once before the first pair that holds one: the pair's own definition asks whether a Value can be.
inline Value empty_value() {
  return {};
}

}  // namespace cellverdict
