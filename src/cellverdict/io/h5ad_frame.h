#pragma once
// The annotations of an .h5ad file (obs, var) to and from Frame: AnnData's `dataframe` encoding and its column encodings; on
// reading also the tables of records that anndata wrote before 0.7.

#include <cellverdict/io/hdf5_object.h>
#include <cellverdict/io/hdf5_output.h>
#include <cellverdict/table/column_pieces.h>
#include <cellverdict/table/frame.h>
#include <cellverdict/table/genes.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// Columns of that frame, all or those that are wanted; one of an encoding we do not read is left out and said in `notes`.
// Throws InputError for damaged columns.
Frame read_h5ad_frame(const Hdf5Object& frame, std::vector<std::string>& notes,
                      const std::function<bool(const std::string&)>& wanted = {});
// The names of all columns that can be read.
std::vector<std::string> readable_h5ad_columns(const Hdf5Object& frame);
// Which member of a frame names the rows, if any does, and the other columns in their order.
struct H5adFrameParts {
  std::optional<std::string> index;
  std::vector<std::string> columns;
};
H5adFrameParts h5ad_frame_parts(const Hdf5Object& frame);
// The index and the names of the columns alone. Rows without names are numbered from 0.
Frame read_h5ad_index(const Hdf5Object& frame);
bool has_h5ad_index(const Hdf5Object& frame);
// One column of a frame, whatever anndata wrote it; nothing when its encoding is not read.
std::optional<Column> read_h5ad_column(const Hdf5Object& frame, const std::string& name, std::int64_t n_rows);

// The same for what open_h5ad_column gives, which cannot know categories that lie in uns (anndata before 0.7).
Hdf5Object open_h5ad_column(const Hdf5Object& frame, const std::string& name);
std::optional<Column> read_h5ad_column(const Hdf5Object& column, std::int64_t n_rows);
bool is_readable_h5ad_column(const Hdf5Object& column);
std::int64_t h5ad_column_rows(const Hdf5Object& column);

// Which genes var names: Ensembl ids where it has them, symbols for people. Names may repeat: genes/identity.h resolves them.
GeneList read_h5ad_genes(const Hdf5Object& var, std::vector<std::string>& notes);

// One column of a frame that is being written: a categorical, or numbers.
void write_h5ad_column(Hdf5Group& frame, const std::string& name, const Column& column);
void write_h5ad_frame(Hdf5Group& parent, const std::string& name, const Frame& frame);

// A frame that is made while it is written, from the first row to the last: never more than a piece of it in memory.
struct H5adLateFrame {
  std::int64_t n_rows = 0;
  std::function<std::string(std::int64_t row)> name;
  std::vector<std::string> columns;
  std::function<ColumnPieces(const std::string&)> column;
};
void write_h5ad_frame(Hdf5Group& parent, const std::string& name, const H5adLateFrame& frame);

}  // namespace cellverdict
