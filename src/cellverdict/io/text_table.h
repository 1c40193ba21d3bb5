#pragma once
// A table of texts that a person wrote or exported: TSV or CSV, plain or gzip, a few columns.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct TextTable {
  std::vector<std::vector<std::string>> rows;  // the header's too; of different lengths where the lines are
  std::vector<std::int64_t> lines;             // [rows] line of the file
};

// Separated by tabs, commas or semicolons, told by the first line; quotes as in CSV, but no line ends in them. Blank lines and
// comments (#) before the first row are passed over, columns after the 64th too. Throws InputError (not UTF-8, …).
TextTable read_text_table(const std::filesystem::path& file);

}  // namespace cellverdict
