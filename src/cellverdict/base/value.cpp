#include <cellverdict/base/value.h>

#include <array>
#include <cctype>
#include <charconv>

namespace cellverdict {

const Value* Value::find(const std::string& key) const {
  if (const auto* table = std::get_if<ValueTable>(&data))
    for (const auto& [name, value] : *table)
      if (name == key) return &value;
  return nullptr;
}

std::string Value::kind() const {
  static constexpr std::array kKinds = {"true or false", "a whole number", "a number", "a text", "a list", "a table"};
  return kKinds[data.index()];
}

std::string Value::text() const {
  struct Writer {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(double x) const {
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
      std::string out(digits.data(), end);
      return out.find_first_of(".en") == std::string::npos ? out + ".0" : out;
    }
    std::string operator()(const std::string& s) const {
      std::string out = "\"";
      for (const char c : s) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
          out += "\\n";
        } else if (c == '\r') {
          out += "\\r";
        } else {
          out += c;
        }
      }
      return out + "\"";
    }
    std::string operator()(const ValueList& list) const {
      std::string out = "[";
      for (std::size_t i = 0; i < list.size(); ++i) out += (i ? ", " : "") + list[i].text();
      return out + "]";
    }
    std::string operator()(const ValueTable& table) const {
      std::string out = "{ ";
      for (std::size_t i = 0; i < table.size(); ++i) out += (i ? ", " : "") + key(table[i].first) + " = " + table[i].second.text();
      return out + " }";
    }
    std::string key(const std::string& name) const {
      for (const char c : name)
        if (!(std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-')) return (*this)(name);
      return name.empty() ? (*this)(name) : name;
    }
  };
  return std::visit(Writer{}, data);
}

}  // namespace cellverdict
