#pragma once
// The files of a cohort with the labels a sample sheet gives them, brought to one annotation: which cells exist, of which unit.

#include <cellverdict/base/option_table.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/identity.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/prepare/annotations.h>
#include <cellverdict/prepare/harmonise.h>
#include <cellverdict/table/cell_source.h>
#include <cellverdict/table/row_filter.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cellverdict {

struct DataOptions {
  std::string sources;             // a sample sheet
  std::vector<std::string> files;  // or files and folders
  std::string label, unit, donor;
  std::string positive;                        // two classes: the one the AUC is of; empty: the last in sorted order
  std::string where;                           // which cells to keep
  std::string layer, genome;                   // of OpenOptions
  std::map<std::string, std::string> classes;  // value of the label → its name here; "" drops it
  std::string gene_map;                        // a table of Ensembl ids and symbols; empty: none
  std::string gene_space = "shared";           // genes of the store: "shared" by all sources, or the "union" of theirs
  std::string panel;                           // or those of a list, one a line; empty: none
  double min_overlap = 0.5;                    // share of the smallest source's genes that all sources must have
  std::string harmonise;                       // a table of values and what they are called here; empty: none
  std::string annotations;                     // a table with a row a cell or sample; empty: none
};
const OptionTable<DataOptions>& data_options();

// One file or folder, the obs columns its cells get from the sheet, and what its symbols stand for.
struct SourceFile {
  std::filesystem::path path;
  std::string name;                                         // unique among the sources
  std::vector<std::pair<std::string, std::string>> labels;  // column → value
  std::shared_ptr<const GeneMap> gene_map;                  // null: none
  std::shared_ptr<const Harmonisation> harmonisation;       // null: none
  std::shared_ptr<const Annotations> annotations;           // null: none
  bool annotations_of_it = false;                           // given for this source: some of its cells must be in them
};

// What a person typed as files: one .csv or .tsv is a sample sheet unless it is a matrix of numbers; all else are measurements.
DataOptions data_of(const std::vector<std::string>& files);

// What [data] names, relative paths taken from `base`. Sources from folders get a column "library" with their name when their own
// annotation has none. Throws UsageError when neither or both of sources and files are given, InputError for what is not there.
std::vector<SourceFile> list_sources(const DataOptions& data, const std::filesystem::path& base);

// How [data] wants files opened, within the context's threads and a quarter of its memory.
OpenOptions open_options(const RunContext& context, const DataOptions& data);

// A source whose columns are genes (genes/identity.h), with the sheet's columns in its obs (a column the file has too is replaced,
// with a note), and those of the annotations. A sheet's column "annotations" names the table for its row alone, "obs:NAME" gives,
// file by file, what the file itself calls the column NAME. Values are those of the harmonisation table.
struct LabelledSource {
  std::unique_ptr<CellSource> source;
  std::map<std::string, std::string> own_names;  // of columns that the file calls otherwise
  std::shared_ptr<const Harmonisation> harmonisation;
  GeneIdentity identity;                         // of the columns of the file
  std::map<std::string, Column> joined;          // columns of the annotations
  std::map<std::string, std::string> constants;  // columns of one value: the sheet's and the library
  SourceHead head;                               // the source's, with the labels joined; obs_columns names all columns, the sheet's
                                                 // too. Opened in pieces, its obs is empty

  // One of head.obs_columns, held in head.obs or not. Throws UsageError for an unknown one.
  Column column(const std::string& name) const;
  // The same in pieces, in the words of the file; `here` then gives those of the harmonisation table.
  ColumnPieces pieces(const std::string& name) const;
  bool is_harmonised(const std::string& name) const;
  Column here(const std::string& name, Column values) const;
};
LabelledSource open_labelled(const SourceFile& file, const OpenOptions& options);

// The genes of [data] panel, ids and symbols alike. Throws InputError for a list that is empty or names a gene twice.
GeneList read_panel(const std::filesystem::path& file);

// The label column as text, with [data.classes] applied; what they drop is missing.
Column renamed_labels(const Column& labels, const DataOptions& data);

// Which cells of each source stay. Values that [data] where and [data.classes] name may be missing in one source; a name that no
// source has is misspelt.
class RowChooser {
 public:
  explicit RowChooser(const DataOptions& data) : data_(data) {}

  // Renames and drops values of the label column of the next rows of a source, all of them or a piece; gives for each row whether
  // it stays (where, classes, missing label).
  std::vector<bool> keep(Frame& obs, const std::string& source);
  // After the last rows of a source: how many of them do not stay and why.
  std::vector<std::string> end_source(const std::string& source);
  // After the last source: throws UsageError for names that no source had.
  void check() const;

 private:
  std::vector<bool> apply_where(const Frame& obs);

  struct LeftOut {
    std::int64_t n_rows = 0, elsewhere = 0, unlabelled = 0, unwanted = 0;  // by where, a missing label, [data.classes]
  };

  const DataOptions& data_;
  LeftOut left_out_;  // of the source under way
  bool first_ = true;
  std::vector<UnknownValue> nowhere_;                  // values of `where` that no row had so far
  std::map<std::string, std::set<std::string>> seen_;  // values of the columns they are of
  std::set<std::string> labels_;
};

}  // namespace cellverdict
