#pragma once
// One table per options struct: name, member, range or choices, one line of help. From it come the TOML parser, `--set`,
// range checks, help, docs/CLI.md and --dump-config; the defaults are the struct's own member initialisers.
//
//   inline const auto& train_options() {
//     static const auto table = OptionTable<TrainOptions>("train")
//         .add("epochs", &TrainOptions::epochs, "most passes over the training cells", at_least(1))
//         .add("optimizer", &TrainOptions::optimizer, "update rule", one_of({"adam", "adamw", "sgd"}));
//     return table;
//   }
//
// To add an option: add the member with its default, and one `.add` line.

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/value.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// What values an option may take; all empty: anything of its type.
struct Allowed {
  std::optional<double> least, most;
  bool exclusive_least = false;  // strictly above `least`
  std::vector<std::string> choices;
  std::string described() const;  // "0 to 1", "one of: adam, sgd"
};

inline Allowed at_least(double least) {
  return {.least = least};
}
inline Allowed above(double least) {
  return {.least = least, .exclusive_least = true};
}
inline Allowed between(double least, double most) {
  return {.least = least, .most = most};
}
inline Allowed one_of(std::vector<std::string> choices) {
  return {.choices = std::move(choices)};
}

// Conversions between a Value and a member. Reading throws UsageError that names `where`.
void read_option(const Value& value, const Allowed& allowed, const std::string& where, bool& out);
void read_option(const Value& value, const Allowed& allowed, const std::string& where, int& out);
void read_option(const Value& value, const Allowed& allowed, const std::string& where, std::int64_t& out);
void read_option(const Value& value, const Allowed& allowed, const std::string& where, std::uint64_t& out);
void read_option(const Value& value, const Allowed& allowed, const std::string& where, double& out);
void read_option(const Value& value, const Allowed& allowed, const std::string& where, std::string& out);  // numbers become text
void read_option(const Value& value, const Allowed& allowed, const std::string& where,
                 std::vector<std::string>& out);  // one value is a list of one
Value write_option(bool value);
Value write_option(int value);
Value write_option(std::int64_t value);
Value write_option(std::uint64_t value);
Value write_option(double value);
Value write_option(const std::string& value);
Value write_option(const std::vector<std::string>& value);

template <class Options>
class OptionTable {
 public:
  struct Entry {
    std::string name, help;
    Allowed allowed;
    std::function<void(Options&, const Value&, const std::string& where)> read;
    std::function<Value(const Options&)> write;
  };

  explicit OptionTable(std::string section) : section_(std::move(section)) {}

  template <class T>
  OptionTable& add(std::string name, T Options::* member, std::string help, Allowed allowed = {}) {
    entries_.push_back(
        {name, std::move(help), allowed,
         [member, allowed](Options& o, const Value& v, const std::string& where) { read_option(v, allowed, where, o.*member); },
         [member](const Options& o) { return write_option(o.*member); }});
    return *this;
  }

  // For members that are tables themselves or have a form of their own.
  OptionTable& add_custom(std::string name, std::string help, decltype(Entry::read) read, decltype(Entry::write) write) {
    entries_.push_back({std::move(name), std::move(help), {}, std::move(read), std::move(write)});
    return *this;
  }

  // A member that is an options struct itself: `genes = { select = "variance", n = 1000 }`. `table` must outlive this one.
  template <class T>
  OptionTable& add_group(std::string name, T Options::* member, std::string help, const OptionTable<T>& table) {
    add_custom(
        std::move(name), std::move(help),
        [member, &table](Options& o, const Value& v, const std::string& where) { table.read(v, o.*member, where); },
        [member, &table](const Options& o) { return Value{table.write(o.*member), {}}; });
    return *this;
  }

  // Sets the members named in `table` (a TOML table). Throws UsageError for an unknown key, naming the nearest.
  void read(const Value& table, Options& out, const std::string& file) const {
    const std::string place = file + (section_.empty() ? "" : " [" + section_ + "]");
    const auto* pairs = std::get_if<ValueTable>(&table.data);
    if (pairs == nullptr)
      throw UsageError({.where = place,
                        .found = table.kind(),
                        .expected = "a table of options",
                        .advice = "write it as [" + section_ + "] with one `key = value` a line"});
    for (const auto& [key, value] : *pairs) {
      const Entry* entry = find(key);
      const std::string where =
          (value.where.empty() ? place : value.where + (section_.empty() ? "" : " [" + section_ + "]")) + " " + key;
      if (entry == nullptr)
        throw UsageError({.where = where, .found = "an unknown key", .expected = "", .advice = suggestion(key, names())});
      entry->read(out, value, where);
    }
  }

  // Every option with its present value, in the table's order.
  ValueTable write(const Options& options) const {
    ValueTable out;
    for (const auto& entry : entries_) out.emplace_back(entry.name, entry.write(options));
    return out;
  }

  const std::string& section() const { return section_; }
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* find(const std::string& name) const {
    for (const auto& entry : entries_)
      if (entry.name == name) return &entry;
    return nullptr;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : entries_) out.push_back(entry.name);
    return out;
  }

 private:
  std::string section_;
  std::vector<Entry> entries_;
};

}  // namespace cellverdict
