#pragma once
// TOML ↔ Value: the one file that knows the TOML library.

#include <cellverdict/base/value.h>

#include <filesystem>
#include <string>

namespace cellverdict {

// Throws UsageError with the line for what is not TOML; each value knows its line.
Value read_toml(const std::filesystem::path& file);

// "train.lr" and "1e-3" → sets that place in the tree, making tables on the way. A value that is no TOML is taken as text, so that
// `--set split.scheme=group` needs no quotes. Throws UsageError for a path through something that is no table. In a list of
// tables with labels the label is a step of the path: "model.head.day.weight".
void set_by_path(Value& root, const std::string& path, const Value& value);
// What stands at such a path; null when nothing does.
const Value* find_by_path(const Value& root, const std::string& path);
Value value_of_argument(const std::string& text);

// A table of tables as a TOML document: [section] headings, the rest inline.
std::string write_toml(const ValueTable& root);

}  // namespace cellverdict
