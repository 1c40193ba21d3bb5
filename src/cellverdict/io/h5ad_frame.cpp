#include <cellverdict/io/h5ad_frame.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <optional>

namespace cellverdict {

namespace {

std::vector<std::string> members_of(const Hdf5Object& frame) {
  if (frame.is_group()) return frame.children();
  if (frame.kind() != Hdf5Kind::compound) frame.refuse("a dataset", "a dataframe");
  return frame.fields();
}

// The column that names the rows: the one that is marked, else one called as anndata has called it over the years, else the
// text that a table of records begins with. Nothing when rows have no names.
std::optional<std::string> index_of(const Hdf5Object& frame, const std::vector<std::string>& members) {
  const auto has = [&](const std::string& name) {
    return frame.is_group() ? frame.has(name) : std::find(members.begin(), members.end(), name) != members.end();
  };
  if (frame.is_group())
    if (auto marked = frame.text_attribute("_index"); marked && has(*marked)) return marked;
  for (const char* name : {"_index", "index", "row_names", "obs_names", "var_names", "smp_names"})
    if (has(name)) return name;
  if (!frame.is_group() && !members.empty() && frame.field(members.front()).kind() == Hdf5Kind::text) return members.front();
  return std::nullopt;
}

// Of column-order, else all there are; without the index.
std::vector<std::string> columns_of(const Hdf5Object& frame, const std::vector<std::string>& members, const std::string& index) {
  std::vector<std::string> columns = members;
  if (frame.is_group()) columns = frame.text_list_attribute("column-order").value_or(members);
  std::erase_if(columns, [&](const std::string& name) { return name == index || name == "__categories"; });
  return columns;
}

Names numbered(std::int64_t n) {
  Names names;
  for (std::int64_t i = 0; i < n; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace

bool has_h5ad_index(const Hdf5Object& frame) {
  return index_of(frame, members_of(frame)).has_value();
}

H5adFrameParts h5ad_frame_parts(const Hdf5Object& frame) {
  const auto members = members_of(frame);
  auto index = index_of(frame, members);
  auto columns = columns_of(frame, members, index.value_or(""));
  return {std::move(index), std::move(columns)};
}

Frame read_h5ad_index(const Hdf5Object& frame) {
  Frame out;
  const auto [index, columns] = h5ad_frame_parts(frame);
  out.names = columns;
  if (!index) {
    if (out.names.empty()) frame.refuse("neither names of rows nor columns", "a dataframe", "the file is incomplete");
    out.index = numbered(h5ad_column_rows(open_h5ad_column(frame, out.names.front())));
    return out;
  }
  const Hdf5Object object = open_h5ad_column(frame, *index);
  if (!object.is_group() && object.kind() == Hdf5Kind::text && object.shape().size() == 1) {
    out.index = object.read_text();
    return out;
  }
  const auto column = read_h5ad_column(object, h5ad_column_rows(object));  // numbers, or text that may be missing
  if (!column) object.refuse("an index of unknown encoding", "text");
  for (std::int64_t i = 0; i < column->size(); ++i) out.index.push_back(column->text(i));
  return out;
}

std::vector<std::string> readable_h5ad_columns(const Hdf5Object& frame) {
  std::vector<std::string> names = h5ad_frame_parts(frame).columns;
  std::erase_if(names, [&](const std::string& name) { return !is_readable_h5ad_column(open_h5ad_column(frame, name)); });
  return names;
}

Frame read_h5ad_frame(const Hdf5Object& frame, std::vector<std::string>& notes,
                      const std::function<bool(const std::string&)>& wanted) {
  Frame head = read_h5ad_index(frame);
  Frame out;
  out.index = std::move(head.index);
  if (!has_h5ad_index(frame)) notes.push_back("the rows of " + frame.inner() + " have no names: they are numbered from 0");
  for (const auto& name : head.names) {
    if (out.find(name) != nullptr) frame.refuse("column '" + name + "' twice in column-order", "distinct columns");
    if (wanted && !wanted(name)) continue;
    auto column = read_h5ad_column(frame, name, out.n_rows());
    if (column) {
      out.set(name, std::move(*column));
      continue;
    }
    const Hdf5Object object = open_h5ad_column(frame, name);
    const bool wide = !object.is_group() && object.shape().size() > 1;
    notes.push_back("left out " + object.inner() + ", " +
                    (wide ? "which has more than one value a row"
                          : "whose encoding (" + object.text_attribute("encoding-type").value_or("unmarked") + ") is not read"));
  }
  return out;
}

namespace {

// Texts asked for one after the other, read in pieces.
std::function<std::string(std::int64_t)> one_by_one(std::int64_t n, std::function<Names(std::int64_t, std::int64_t)> read) {
  return [n, read = std::move(read), first = std::int64_t{0}, piece = Names()](std::int64_t i) mutable {
    if (i < first || i >= first + static_cast<std::int64_t>(piece.size())) {
      first = i / kPieceRows * kPieceRows;
      piece = read(first, std::min(kPieceRows, n - first));
    }
    return piece.text(i - first);
  };
}

void write_pieces(Hdf5Group& parent, const std::string& name, std::int64_t n_rows, const ColumnPieces& column) {
  switch (column.form) {
    case ColumnPieces::Form::numbers:
      return parent.numbers(name, n_rows, column.numbers);
    case ColumnPieces::Form::texts:
      return parent.text(name, n_rows,
                         one_by_one(n_rows, [&](auto first, auto count) { return column.texts(first, count).texts; }));
    case ColumnPieces::Form::codes:
      break;
  }
  Hdf5Group group = parent.group(name, "categorical", "0.2.0");
  group.mark_boolean("ordered", 0);
  const std::int64_t n = column.n_levels;
  group.codes("codes", n <= 127 ? Hdf5Element::int8 : n <= 32767 ? Hdf5Element::int16 : Hdf5Element::int32, n_rows, column.codes);
  group.text("categories", n, one_by_one(n, column.levels));
}

}  // namespace

void write_h5ad_column(Hdf5Group& parent, const std::string& name, const Column& column) {
  write_pieces(parent, name, column.size(), pieces_of(column));
}

static ColumnPieces checked_pieces(const Frame& frame, const std::string& name) {
  const Column& column = *frame.find(name);
  if (column.size() != frame.n_rows())
    throw InternalError(
        {.where = "column " + name, .found = counted(column.size(), "value"), .expected = counted(frame.n_rows(), "row")});
  return pieces_of(column);
}

void write_h5ad_frame(Hdf5Group& parent, const std::string& name, const Frame& frame) {
  write_h5ad_frame(parent, name,
                   {.n_rows = frame.n_rows(),
                    .name = [&](std::int64_t row) { return frame.index.text(row); },
                    .columns = frame.names,
                    .column = [&](const std::string& column) { return checked_pieces(frame, column); }});
}

void write_h5ad_frame(Hdf5Group& parent, const std::string& name, const H5adLateFrame& frame) {
  for (const auto& column : frame.columns)
    if (column.empty() || column == "_index" || column == "." || column.front() == '/')
      throw InputError({.where = name,
                        .found = "a column called '" + column + "'",
                        .expected = "a name an .h5ad file can hold",
                        .advice = "rename it"});
  Hdf5Group group = parent.group(name, "dataframe", "0.2.0");
  group.mark("_index", "_index");
  group.mark_list("column-order", frame.columns);
  group.text("_index", frame.n_rows, frame.name);
  for (const auto& column : frame.columns) write_pieces(group, column, frame.n_rows, frame.column(column));
}

}  // namespace cellverdict
