#pragma once
// The files of a cohort with the labels a sample sheet gives them, brought to one annotation: which cells exist, of which unit.

#include <cellverdict/io/open_source.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace cellverdict {

struct DataOptions {
  std::string sources;             // a sample sheet
  std::vector<std::string> files;  // or files and folders
  std::string label, unit, donor;
  std::string positive;                        // two classes: the one the AUC is of; empty: the last in sorted order
  std::string where;                           // which cells to keep
  std::map<std::string, std::string> classes;  // value of the label → its name here; "" drops it
};

// One file or folder and the obs columns its cells get from the sheet.
struct SourceFile {
  std::filesystem::path path;
  std::string name;                                         // unique among the sources
  std::vector<std::pair<std::string, std::string>> labels;  // column → value
};

// What [data] names, relative paths taken from `base`. Sources from folders get a column "library" with their name when their own
// annotation has none. Throws UsageError when neither or both of sources and files are given, InputError for what is not there.
std::vector<SourceFile> list_sources(const DataOptions& data, const std::filesystem::path& base);

// Opens a source and puts the sheet's columns into its obs (a column the file has too is replaced, with a note).
struct LabelledSource {
  std::unique_ptr<CellSource> source;
  SourceHead head;  // the source's, with the labels joined
};
LabelledSource open_labelled(const SourceFile& file, std::int64_t memory_bytes);

// Renames and drops values of the label column; gives for each row whether it stays (where, classes, missing label), and says in
// `notes` how many do not and why.
std::vector<bool> keep_rows(Frame& obs, const DataOptions& data, const std::string& source, std::vector<std::string>& notes);

}  // namespace cellverdict
