#pragma once
// TOML ↔ Value: the one file that knows the TOML library.

#include <cellverdict/base/value.h>

#include <filesystem>
#include <string>

namespace cellverdict {

// Throws UsageError with the line for what is not TOML; each value knows its line.
Value read_toml(const std::filesystem::path& file);

// "train.lr" and "1e-3" → sets that place in the tree, making tables on the way. A value that is no TOML is taken as text, so that
// `--set split.scheme=group` needs no quotes. Throws UsageError for a path through something that is no table.
void set_by_path(Value& root, const std::string& path, const Value& value);
Value value_of_argument(const std::string& text);

// A table of tables as a TOML document: [section] headings, the rest inline.
std::string write_toml(const ValueTable& root);

}  // namespace cellverdict
