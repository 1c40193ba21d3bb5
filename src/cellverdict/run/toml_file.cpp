#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/toml_file.h>

// The library asserts of headings such as [.data] what it complains of a line later: without its asserts, as in a release, every
// build gives the complaint.
#define TOML_ASSERT(condition) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace cellverdict {

namespace {

// The `file` of a value from the command line, which has no lines.
constexpr const char* kArgument = "--set";

Value to_value(const toml::node& node, const std::string& file) {
  Value value;
  value.where = file == kArgument ? kArgument : file + " line " + std::to_string(node.source().begin.line);
  if (const auto* table = node.as_table()) {
    ValueTable pairs;
    for (const auto& [key, item] : *table) pairs.emplace_back(std::string(key.str()), to_value(item, file));
    // The library sorts by key; people and error messages go by line.
    std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) {
      const auto place = [&](const auto& pair) { return table->get(pair.first)->source().begin; };
      return std::pair(place(a).line, place(a).column) < std::pair(place(b).line, place(b).column);
    });
    value.data = std::move(pairs);
  } else if (const auto* array = node.as_array()) {
    ValueList list;
    for (const auto& item : *array) list.push_back(to_value(item, file));
    value.data = std::move(list);
  } else if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* whole = node.as_integer()) {
    value.data = whole->get();
  } else if (const auto* real = node.as_floating_point()) {
    value.data = real->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.data = flag->get();
  } else {
    throw UsageError({.where = value.where,
                      .found = "a date or time",
                      .expected = "a text, number, list or table",
                      .advice = "put it in quotes"});
  }
  return value;
}

// "Error while parsing value: could not determine value type" → what comes after the colon.
std::string reason_of(const toml::parse_error& failure) {
  std::string reason(failure.description());
  if (const auto colon = reason.find(": "); reason.starts_with("Error while") && colon != std::string::npos)
    reason.erase(0, colon + 2);
  return reason;
}

std::string quoted_line(const std::string& text, std::size_t number) {
  std::istringstream lines(text);
  std::string line;
  for (std::size_t n = 0; n < number && std::getline(lines, line); ++n) {
  }
  return line.empty() ? "nothing" : "`" + line.substr(0, 80) + (line.size() > 80 ? "…`" : "`");
}

// Whether a value is written under a [heading] of its own, after the plain ones.
bool is_section(const Value& value) {
  return std::holds_alternative<ValueTable>(value.data);
}

}  // namespace

Value read_toml(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  try {
    return to_value(toml::parse(text), file.string());
  } catch (const toml::parse_error& failure) {
    throw UsageError({.where = file.string() + " line " + std::to_string(failure.source().begin.line),
                      .found = quoted_line(text, failure.source().begin.line),
                      .expected = "TOML (" + reason_of(failure) + ")",
                      .advice = "texts need quotes, and every line is `key = value` or a [heading]"});
  }
}

Value value_of_argument(const std::string& text) {
  try {
    const auto table = toml::parse("x = " + text);
    if (table.size() == 1) return to_value(*table.get("x"), kArgument);
  } catch (const toml::parse_error&) {
    // Not TOML: a bare word.
  }
  return {text, kArgument};
}

void set_by_path(Value& root, const std::string& path, const Value& value) {
  const auto dot = path.find('.');
  const std::string key = path.substr(0, dot);
  auto* table = std::get_if<ValueTable>(&root.data);
  if (table == nullptr || key.empty())
    throw UsageError({.where = (value.where.empty() ? "" : value.where + " ") + path,
                      .found = table == nullptr ? root.kind() : "an empty name",
                      .expected = "a path of tables such as train.learning_rate",
                      .advice = "see --dump-config for all names"});
  auto place = std::find_if(table->begin(), table->end(), [&](const auto& pair) { return pair.first == key; });
  if (place == table->end()) place = table->insert(table->end(), {key, Value{ValueTable{}, value.where}});
  if (dot == std::string::npos) {
    place->second = value;
  } else {
    set_by_path(place->second, path.substr(dot + 1), value);
  }
}

std::string write_toml(const ValueTable& root) {
  std::string text;
  const auto lines = [&](const ValueTable& table) {
    for (const auto& [key, value] : table) {
      // Key quoting is Value::text()'s: written as a one-pair table and unwrapped.
      const std::string pair = Value{ValueTable{{key, value}}, {}}.text();
      text += pair.substr(2, pair.size() - 4) + "\n";
    }
  };
  ValueTable plain;
  for (const auto& pair : root)
    if (!is_section(pair.second)) plain.push_back(pair);
  lines(plain);
  for (const auto& [key, value] : root) {
    if (!is_section(value)) continue;
    text += (text.empty() ? "[" : "\n[") + key + "]\n";
    lines(std::get<ValueTable>(value.data));
  }
  return text;
}

}  // namespace cellverdict
