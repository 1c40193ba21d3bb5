#pragma once
// A table that says more of the cells (or samples) of a source: a row each, one column of it their names. What a bulk study brings
// beside its matrix (labels.csv, pheno.csv, the sample sheet that `inspect --sample-sheet` writes and a person edits).
// Must never: guess types; labels stay text. Take a row for two samples.

#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

class Annotations {
 public:
  // CSV or TSV with a header, plain or gzip. "" and NA are missing. Throws InputError for a table without rows, ragged lines or a
  // column twice.
  explicit Annotations(const std::filesystem::path& file);

  struct Joined {
    std::vector<std::pair<std::string, Column>> columns;  // all but the names'; a cell without a row is missing
    std::string note;                                     // how many were found, and by which column
    std::int64_t n_found = 0;
  };
  // The column of names is that in which most of the cells are found. Throws InputError when a cell is named by two rows.
  Joined join(const SourceHead& head) const;
  const std::filesystem::path& file() const { return file_; }

  // SHA-256 of the table: equal where it says the same.
  const std::string& digest() const { return digest_; }

 private:
  std::filesystem::path file_;
  std::string digest_;
  std::vector<std::string> names_;                 // of the columns; the first may be ""
  std::vector<std::vector<std::string>> columns_;  // [columns][rows]
  std::vector<std::int64_t> lines_;                // [rows]
};

}  // namespace cellverdict
