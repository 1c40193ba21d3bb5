#include <cellverdict/io/h5ad_frame.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <limits>

namespace cellverdict {

namespace {

[[noreturn]] void refuse_old(const Hdf5Object& object, const std::string& what) {
  object.refuse(what + ", the encoding of anndata before 0.8", "the encoding of anndata 0.8 or newer",
                "read it with a current anndata and write it again");
}

void expect_length(const Hdf5Object& object, std::int64_t found, std::int64_t expected) {
  if (found != expected) object.refuse(counted(found, "value"), counted(expected, "value") + ", one for each name of the index");
}

void expect_vector(const Hdf5Object& object) {
  if (object.is_group() || object.shape().size() != 1) object.refuse("something else than a vector", "one value a row");
}

// Codes into categories, of any integer width; negative is missing.
Column read_categorical(const Hdf5Object& group, std::int64_t n_rows) {
  const Hdf5Object categories = group.open("categories"), codes = group.open("codes");
  const std::int64_t n_levels =
      categories.is_group() ? categories.open(categories.has("values") ? "values" : "categories").rows() : categories.rows();
  const auto levels = read_h5ad_column(categories, n_levels);
  if (!levels) categories.refuse("categories of an unknown encoding", "text or numbers");
  Column column;
  for (std::int64_t i = 0; i < levels->size(); ++i) column.levels.push_back(levels->text(i));
  expect_vector(codes);
  expect_length(codes, codes.rows(), n_rows);
  if (codes.kind() != Hdf5Kind::whole) codes.refuse("codes that are not whole numbers", "whole numbers");
  const auto raw = codes.read_all<std::int64_t>();
  column.codes.reserve(raw.size());
  for (const std::int64_t code : raw) {
    if (code >= levels->size())
      codes.refuse("code " + std::to_string(code), "codes below " + std::to_string(levels->size()) + ", the number of categories");
    column.codes.push_back(code < 0 || column.levels[code].empty() ? -1 : static_cast<std::int32_t>(code));
  }
  return column;
}

Column boolean_column(const std::vector<char>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const char value : values) texts.emplace_back(value != 0 ? "True" : "False");
  return make_text_column(texts);
}

// values + mask, true where missing.
std::optional<Column> read_nullable(const Hdf5Object& group, std::int64_t n_rows) {
  auto column = read_h5ad_column(group.open("values"), n_rows);
  if (!column) return column;
  const Hdf5Object mask = group.open("mask");
  const auto missing = mask.read_booleans();
  expect_length(mask, static_cast<std::int64_t>(missing.size()), n_rows);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i] == 0) continue;
    if (column->kind == Column::Kind::text) {
      column->codes[i] = -1;
    } else {
      column->numbers[i] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  return column;
}

}  // namespace

std::optional<Column> read_h5ad_column(const Hdf5Object& column, std::int64_t n_rows) {
  const std::string encoding = column.text_attribute("encoding-type").value_or("");
  if (column.is_group()) {
    if (encoding == "categorical") return read_categorical(column, n_rows);
    if (encoding.starts_with("nullable-")) return read_nullable(column, n_rows);
    return std::nullopt;
  }
  if (column.has_attribute("categories")) refuse_old(column, "a categorical that points at __categories");
  if (column.shape().size() != 1) return std::nullopt;
  expect_length(column, column.rows(), n_rows);
  switch (column.kind()) {
    case Hdf5Kind::whole:
    case Hdf5Kind::real:
      return make_number_column(column.read_all<double>());
    case Hdf5Kind::boolean:
      return boolean_column(column.read_booleans());
    case Hdf5Kind::text:
      return make_text_column(column.read_text());
    default:
      return std::nullopt;
  }
}

Frame read_h5ad_index(const Hdf5Object& frame) {
  if (!frame.is_group()) {
    if (frame.kind() == Hdf5Kind::compound) refuse_old(frame, "a compound table");
    frame.refuse("a dataset", "a dataframe");
  }
  if (frame.has("__categories")) refuse_old(frame, "__categories");
  const auto index_name = frame.text_attribute("_index");
  const auto columns = frame.text_list_attribute("column-order");
  if (!index_name) frame.refuse("no attribute _index", "a dataframe", "the file is incomplete or not written by anndata");
  if (!columns) frame.refuse("no attribute column-order", "a dataframe", "the file is incomplete or not written by anndata");
  Frame out;
  const Hdf5Object index = frame.open(*index_name);
  if (index.is_group()) {  // anndata may write text that can be missing
    const auto column = read_h5ad_column(index, index.open("values").rows());
    if (!column) index.refuse("an index of unknown encoding", "text");
    for (std::int64_t i = 0; i < column->size(); ++i) out.index.push_back(column->text(i));
  } else if (index.kind() == Hdf5Kind::text) {
    expect_vector(index);
    out.index = index.read_text();
  } else {
    const auto column = read_h5ad_column(index, index.rows());
    if (!column) index.refuse("an index of unknown encoding", "text");
    for (std::int64_t i = 0; i < column->size(); ++i) out.index.push_back(column->text(i));
  }
  out.names = *columns;
  return out;
}

std::vector<std::string> readable_h5ad_columns(const Hdf5Object& frame) {
  std::vector<std::string> names = frame.text_list_attribute("column-order").value_or(std::vector<std::string>());
  std::erase_if(names, [&](const std::string& name) {
    const Hdf5Object column = frame.open(name);
    const std::string encoding = column.text_attribute("encoding-type").value_or("");
    if (column.is_group()) return encoding != "categorical" && !encoding.starts_with("nullable-");
    return column.shape().size() != 1 || column.kind() == Hdf5Kind::compound || column.kind() == Hdf5Kind::other;
  });
  return names;
}

Frame read_h5ad_frame(const Hdf5Object& frame, std::vector<std::string>& notes,
                      const std::function<bool(const std::string&)>& wanted) {
  Frame head = read_h5ad_index(frame);
  Frame out;
  out.index = std::move(head.index);
  for (const auto& name : head.names) {
    if (out.find(name) != nullptr) frame.refuse("column '" + name + "' twice in column-order", "distinct columns");
    if (wanted && !wanted(name)) continue;
    const Hdf5Object object = frame.open(name);
    auto column = read_h5ad_column(object, out.n_rows());
    if (column) {
      out.set(name, std::move(*column));
    } else {
      const std::string encoding = object.text_attribute("encoding-type").value_or("unmarked");
      notes.push_back("left out " + object.inner() + ", whose encoding (" + encoding + ") is not read");
    }
  }
  return out;
}

void write_h5ad_column(Hdf5Group& parent, const std::string& name, const Column& column) {
  if (column.kind == Column::Kind::number) {
    parent.numbers(name, column.numbers);
    return;
  }
  Hdf5Group group = parent.group(name, "categorical", "0.2.0");
  group.mark_boolean("ordered", 0);
  const std::size_t n = column.levels.size();
  group.codes("codes", column.codes, n <= 127 ? Hdf5Element::int8 : n <= 32767 ? Hdf5Element::int16 : Hdf5Element::int32);
  group.text("categories", column.levels);
}

void write_h5ad_frame(Hdf5Group& parent, const std::string& name, const Frame& frame) {
  write_h5ad_frame(parent, name,
                   {.n_rows = frame.n_rows(),
                    .name = [&](std::int64_t row) { return frame.index.text(row); },
                    .columns = frame.names,
                    .column = [&](const std::string& column) { return *frame.find(column); }});
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
  for (const auto& column_name : frame.columns) {
    const Column column = frame.column(column_name);
    if (column.size() != frame.n_rows)
      throw InternalError({.where = name + " column " + column_name,
                           .found = counted(column.size(), "value"),
                           .expected = counted(frame.n_rows, "row")});
    write_h5ad_column(group, column_name, column);
  }
}

}  // namespace cellverdict
