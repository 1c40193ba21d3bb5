// One column of obs or var, in every encoding that anndata has written: numbers, booleans, text; categories beside their codes
// (0.8 and newer), behind a reference (0.7) or in uns (before); values with a mask. What is of another kind is not guessed at.

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>

#include <limits>

namespace cellverdict {

namespace {

void expect_length(const Hdf5Object& object, std::int64_t found, std::int64_t expected) {
  if (found != expected) object.refuse(counted(found, "value"), counted(expected, "value") + ", one for each name of the index");
}

std::vector<std::string> read_levels(const Hdf5Object& categories) {
  if (!categories.is_group() && categories.kind() == Hdf5Kind::text) return categories.read_text().texts();  // also a single one
  const auto levels = read_h5ad_column(categories, h5ad_column_rows(categories));
  if (!levels) categories.refuse("categories of an unknown encoding", "text or numbers");
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < levels->size(); ++i) texts.push_back(levels->text(i));
  return texts;
}

// Codes into categories, of any integer width; negative is missing.
Column read_codes(const Hdf5Object& codes, const Hdf5Object& categories, std::int64_t n_rows) {
  Column column;
  column.levels = read_levels(categories);
  if (codes.is_group() || codes.shape().size() != 1) codes.refuse("something else than a vector", "one value a row");
  expect_length(codes, codes.rows(), n_rows);
  if (codes.kind() != Hdf5Kind::whole) codes.refuse("codes that are not whole numbers", "whole numbers");
  const auto raw = codes.read_all<std::int64_t>();
  column.codes.reserve(raw.size());
  for (const std::int64_t code : raw) {
    if (code >= static_cast<std::int64_t>(column.levels.size()))
      codes.refuse("code " + std::to_string(code),
                   "codes below " + std::to_string(column.levels.size()) + ", the number of categories");
    column.codes.push_back(code < 0 || column.levels[code].empty() ? -1 : static_cast<std::int32_t>(code));
  }
  return column;
}

Column boolean_column(const std::vector<char>& values) {
  Column column;
  column.levels = {"False", "True"};
  column.codes.assign(values.begin(), values.end());
  return column;
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

// Some writers leave the mark out; what lies in the group says as much.
bool is_encoded(const Hdf5Object& group, const std::string& mark, const char* first, const char* second) {
  const std::string encoding = group.text_attribute("encoding-type").value_or("");
  return encoding.empty() ? group.has(first) && group.has(second) : encoding.starts_with(mark);
}

}  // namespace

std::int64_t h5ad_column_rows(const Hdf5Object& column) {
  if (!column.is_group()) return column.rows();
  for (const char* part : {"codes", "values"})
    if (column.has(part)) return column.open(part).rows();
  return 0;
}

bool is_readable_h5ad_column(const Hdf5Object& column) {
  if (column.is_group())
    return is_encoded(column, "categorical", "categories", "codes") || is_encoded(column, "nullable-", "values", "mask");
  return column.shape().size() == 1 && column.kind() != Hdf5Kind::compound && column.kind() != Hdf5Kind::other;
}

std::optional<Column> read_h5ad_column(const Hdf5Object& column, std::int64_t n_rows) {
  if (!is_readable_h5ad_column(column)) return std::nullopt;
  if (column.is_group() && is_encoded(column, "categorical", "categories", "codes"))
    return read_codes(column.open("codes"), column.open("categories"), n_rows);
  if (column.is_group()) return read_nullable(column, n_rows);
  expect_length(column, column.rows(), n_rows);
  if (column.has_attribute("categories")) {
    const auto categories = column.referenced("categories");
    if (!categories) column.refuse("a reference to categories that are not in the file", "categories", "the file is damaged");
    return read_codes(column, *categories, n_rows);
  }
  if (column.kind() == Hdf5Kind::text) return make_text_column(column.read_text());
  if (column.kind() == Hdf5Kind::boolean) return boolean_column(column.read_booleans());
  return make_number_column(column.read_all<double>());
}

Hdf5Object open_h5ad_column(const Hdf5Object& frame, const std::string& name) {
  return frame.is_group() ? frame.open(name) : frame.field(name);
}

std::optional<Column> read_h5ad_column(const Hdf5Object& frame, const std::string& name, std::int64_t n_rows) {
  const Hdf5Object column = open_h5ad_column(frame, name);
  const std::string categories = "uns/" + name + "_categories";
  if (!frame.is_group() && column.kind() == Hdf5Kind::whole && column.shape().size() == 1) {
    const Hdf5Object root = frame.root();
    if (root.has(categories)) return read_codes(column, root.open(categories), n_rows);
  }
  return read_h5ad_column(column, n_rows);
}

}  // namespace cellverdict
