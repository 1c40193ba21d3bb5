#include <cellverdict/io/h5ad_pieces.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace cellverdict {

namespace {

using Shared = std::shared_ptr<const Hdf5Object>;

// Opened with room for the chunk a piece ends in, which the next begins in.
Shared open_shared(const Hdf5Object& group, const std::string& name) {
  return std::make_shared<const Hdf5Object>(group.is_group() ? group.open(name, 1) : group.field(name));
}

void expect_length(const Hdf5Object& object, std::int64_t found, std::int64_t expected) {
  if (found != expected) object.refuse(counted(found, "value"), counted(expected, "value") + ", one for each name of the index");
}

bool is_vector_of_text(const Hdf5Object& object) {
  return !object.is_group() && object.kind() == Hdf5Kind::text && object.shape().size() == 1;
}

// Of categories: where they are, and which of them are no text at all.
struct Levels {
  std::int64_t n = 0;
  std::function<Names(std::int64_t, std::int64_t)> read;
  std::vector<std::int64_t> empty;
};

Levels open_levels(const Shared& categories) {
  Levels out;
  if (is_vector_of_text(*categories)) {
    out.n = categories->rows();
    out.read = [categories](std::int64_t first, std::int64_t count) { return categories->read_text(first, count); };
  } else {
    Names held;
    if (!categories->is_group() && categories->kind() == Hdf5Kind::text) {
      held = categories->read_text();  // a single one
    } else {
      const auto column = read_h5ad_column(*categories, h5ad_column_rows(*categories));
      if (!column) categories->refuse("categories of an unknown encoding", "text or numbers");
      for (std::int64_t i = 0; i < column->size(); ++i) held.push_back(column->text(i));
    }
    out.n = static_cast<std::int64_t>(held.size());
    out.read = [names = std::make_shared<const Names>(std::move(held))](std::int64_t first, std::int64_t count) {
      Names piece;
      for (std::int64_t i = first; i < first + count; ++i) piece.push_back((*names)[i]);
      return piece;
    };
  }
  for (std::int64_t first = 0; first < out.n; first += kPieceRows) {
    const Names piece = out.read(first, std::min(kPieceRows, out.n - first));
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(piece.size()); ++i)
      if (piece[i].empty()) out.empty.push_back(first + i);
  }
  return out;
}

ColumnPieces coded(const Shared& codes, const Shared& categories, std::int64_t n_rows) {
  Levels levels = open_levels(categories);
  if (codes->is_group() || codes->shape().size() != 1) codes->refuse("something else than a vector", "one value a row");
  expect_length(*codes, codes->rows(), n_rows);
  if (codes->kind() != Hdf5Kind::whole) codes->refuse("codes that are not whole numbers", "whole numbers");
  ColumnPieces out{.form = ColumnPieces::Form::codes, .n_levels = levels.n, .levels = std::move(levels.read)};
  out.codes = [codes, n = levels.n, empty = std::move(levels.empty)](std::int64_t first, std::int64_t count, std::int32_t* to) {
    std::vector<std::int64_t> raw(static_cast<std::size_t>(count));
    codes->read(first, count, raw.data());
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] >= n)
        codes->refuse("code " + std::to_string(raw[i]), "codes below " + std::to_string(n) + ", the number of categories");
      const bool missing = raw[i] < 0 || std::binary_search(empty.begin(), empty.end(), raw[i]);
      to[i] = missing ? -1 : static_cast<std::int32_t>(raw[i]);
    }
  };
  return out;
}

ColumnPieces of_booleans(const Shared& values) {
  ColumnPieces out = pieces_of({.kind = Column::Kind::text, .levels = {"False", "True"}, .codes = {}, .numbers = {}});
  out.codes = [values](std::int64_t first, std::int64_t count, std::int32_t* to) {
    const auto piece = values->read_booleans(first, count);
    std::copy(piece.begin(), piece.end(), to);
  };
  return out;
}

// A dataset with one value a row.
ColumnPieces of_values(const Shared& values, std::int64_t n_rows) {
  expect_length(*values, values->rows(), n_rows);
  if (values->has_attribute("categories")) {
    auto categories = values->referenced("categories");
    if (!categories) values->refuse("a reference to categories that are not in the file", "categories", "the file is damaged");
    return coded(values, std::make_shared<const Hdf5Object>(std::move(*categories)), n_rows);
  }
  if (values->kind() == Hdf5Kind::boolean) return of_booleans(values);
  ColumnPieces out;
  if (values->kind() == Hdf5Kind::text) {
    out.form = ColumnPieces::Form::texts;
    out.texts = [values](std::int64_t first, std::int64_t count) {
      return ColumnPieces::Texts{values->read_text(first, count), {}};
    };
    return out;
  }
  out.form = ColumnPieces::Form::numbers;
  out.numbers = [values](std::int64_t first, std::int64_t count, double* to) { values->read(first, count, to); };
  return out;
}

// What the mask says is missing.
ColumnPieces with_mask(ColumnPieces of, const Shared& mask) {
  switch (of.form) {
    case ColumnPieces::Form::codes:
      of.codes = [codes = std::move(of.codes), mask](std::int64_t first, std::int64_t count, std::int32_t* to) {
        codes(first, count, to);
        const auto missing = mask->read_booleans(first, count);
        for (std::size_t i = 0; i < missing.size(); ++i)
          if (missing[i] != 0) to[i] = -1;
      };
      return of;
    case ColumnPieces::Form::texts:
      of.texts = [texts = std::move(of.texts), mask](std::int64_t first, std::int64_t count) {
        ColumnPieces::Texts piece = texts(first, count);
        piece.missing = mask->read_booleans(first, count);
        return piece;
      };
      return of;
    case ColumnPieces::Form::numbers:
      break;
  }
  of.numbers = [numbers = std::move(of.numbers), mask](std::int64_t first, std::int64_t count, double* to) {
    numbers(first, count, to);
    const auto missing = mask->read_booleans(first, count);
    for (std::size_t i = 0; i < missing.size(); ++i)
      if (missing[i] != 0) to[i] = std::numeric_limits<double>::quiet_NaN();
  };
  return of;
}

std::optional<ColumnPieces> of_column(const Shared& column, std::int64_t n_rows) {
  if (!is_readable_h5ad_column(*column)) return std::nullopt;
  if (!column->is_group()) return of_values(column, n_rows);
  const std::string encoding = column->text_attribute("encoding-type").value_or("");
  if (encoding.empty() ? column->has("codes") : encoding.starts_with("categorical"))
    return coded(open_shared(*column, "codes"), open_shared(*column, "categories"), n_rows);
  auto values = of_column(open_shared(*column, "values"), n_rows);
  if (!values) return values;
  const Shared mask = open_shared(*column, "mask");
  expect_length(*mask, mask->rows(), n_rows);
  return with_mask(std::move(*values), mask);
}

}  // namespace

std::function<Names(std::int64_t, std::int64_t)> h5_names(Hdf5Object texts) {
  return [shared = std::make_shared<const Hdf5Object>(std::move(texts))](std::int64_t first, std::int64_t count) {
    return shared->read_text(first, count);
  };
}

std::int64_t h5ad_frame_rows(const Hdf5Object& frame) {
  const H5adFrameParts parts = h5ad_frame_parts(frame);
  if (!parts.index && parts.columns.empty())
    frame.refuse("neither names of rows nor columns", "a dataframe", "the file is incomplete");
  return h5ad_column_rows(open_h5ad_column(frame, parts.index ? *parts.index : parts.columns.front()));
}

std::function<Names(std::int64_t, std::int64_t)> h5ad_names(const Hdf5Object& frame) {
  const H5adFrameParts parts = h5ad_frame_parts(frame);
  if (!parts.index)
    return [](std::int64_t first, std::int64_t count) {
      Names names;
      for (std::int64_t i = first; i < first + count; ++i) names.push_back(std::to_string(i));
      return names;
    };
  const Shared index = open_shared(frame, *parts.index);
  if (is_vector_of_text(*index)) return [index](std::int64_t first, std::int64_t count) { return index->read_text(first, count); };
  auto pieces = of_column(index, h5ad_column_rows(*index));  // numbers, or text that may be missing
  if (!pieces) index->refuse("an index of unknown encoding", "text");
  return [reader = std::make_shared<const PieceReader>(std::move(*pieces))](std::int64_t first, std::int64_t count) {
    const Column piece = reader->read(first, count);
    Names names;
    for (std::int64_t i = 0; i < count; ++i) names.push_back(piece.text(i));
    return names;
  };
}

std::optional<ColumnPieces> open_h5ad_pieces(const Hdf5Object& frame, const std::string& name, std::int64_t n_rows) {
  const Shared column = open_shared(frame, name);
  const std::string categories = "uns/" + name + "_categories";
  if (!frame.is_group() && column->kind() == Hdf5Kind::whole && column->shape().size() == 1) {
    const Hdf5Object root = frame.root();
    if (root.has(categories)) return coded(column, open_shared(root, categories), n_rows);
  }
  return of_column(column, n_rows);
}

}  // namespace cellverdict
