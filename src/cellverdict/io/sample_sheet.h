#pragma once
// The sample sheet: a CSV (or TSV) with one row per library or donor. Column `path` names a file or folder, or `prefix` a prefixed
// 10x triple, both relative to the sheet; every other column becomes an obs column of all cells of that row.

#include <cellverdict/table/frame.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct SampleSheet {
  std::filesystem::path file;
  std::vector<std::filesystem::path> paths;  // resolved, one a row
  Frame labels;  // one row per path; index = the first column's values (unique); all columns but path/prefix
};

// Comma or tab separated (told by the header line), quotes as in RFC 4180, BOM and CRLF accepted. Throws InputError with the line
// for ragged rows, a repeated header, repeated first column or path, an empty file, or neither `path` nor `prefix`.
SampleSheet read_sample_sheet(const std::filesystem::path& file);

}  // namespace cellverdict
