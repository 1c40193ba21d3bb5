#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/io/delimited_write.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFlush = std::size_t{1} << 20;

class TableWriter {
 public:
  TableWriter(const fs::path& path, const fs::path& shown, const DelimitedWriteOptions& options)
      : out_(path, shown, options.packing), shown_(shown), separator_(options.separator) {}

  // Quoted where it must be.
  void name(std::string_view text) {
    if (text.find_first_of("\r\n") != std::string_view::npos)
      throw DataError({.where = shown_.string(),
                       .found = "the name '" + std::string(text) + "' with a line end",
                       .expected = "names a table can hold",
                       .advice = "rename it"});
    if (text.find(separator_) == std::string_view::npos && !text.starts_with('"') && !text.starts_with('#')) {
      text_ += text;
      return;
    }
    text_ += '"';
    for (const char c : text) {
      if (c == '"') text_ += '"';
      text_ += c;
    }
    text_ += '"';
  }
  template <class Names>
  void header(const char* corner, const Names& names) {
    text_ += corner;
    for (const auto& n : names) {
      text_ += separator_;
      name(n);
    }
    end_line();
  }
  // One line of `length` values, those given at their columns, zeros between.
  template <class At, class Value>
  void line(std::string_view of, std::size_t n, std::int64_t length, const At& column, const Value& value) {
    name(of);
    std::int64_t next = 0;
    for (std::size_t k = 0; k < n; ++k) {
      zeros(column(k) - next);
      next = column(k) + 1;
      text_ += separator_;
      char digits[32];
      text_.append(digits, std::to_chars(digits, digits + sizeof(digits), value(k)).ptr);
    }
    zeros(length - next);
    end_line();
  }
  void finish() {
    out_.write(text_);
    out_.finish();
  }

 private:
  void zeros(std::int64_t n) {
    for (; n > 0; --n) {
      text_ += separator_;
      text_ += '0';
    }
  }
  void end_line() {
    text_ += '\n';
    if (text_.size() < kFlush) return;
    out_.write(text_);
    text_.clear();
  }

  TextOutput out_;
  fs::path shown_;
  char separator_;
  std::string text_;
};

void write_cells(TableWriter& table, CellStream& cells) {
  table.header("cell", cells.genes.ids);
  std::int64_t cell = 0;
  for (CsrBlock block; cells.next_block(block);)
    for (std::int64_t i = 0; i < block.n_rows(); ++i) {
      const CsrRow row = block.row(i);
      table.line(
          cells.obs.index[cell++], row.genes.size(), cells.genes.size(), [&](std::size_t k) { return row.genes[k]; },
          [&](std::size_t k) { return row.values[k]; });
    }
}

struct GeneEntry {
  std::int64_t cell;
  float value;
};

// As many genes at a time as fit; the cells are read once for each such part.
void write_genes(TableWriter& table, CellStream& cells, std::int64_t memory_bytes) {
  table.header("gene", cells.obs.index);
  const std::int64_t most = std::max<std::int64_t>(memory_bytes / 2 / static_cast<std::int64_t>(sizeof(GeneEntry)), 1);
  const std::int64_t n_genes = cells.genes.size();
  for (std::int64_t first = 0, last = 0; first < n_genes; first = last) {
    std::vector<std::int64_t> starts{0};
    for (last = first; last < n_genes && (last == first || starts.back() + cells.gene_counts[last] <= most); ++last)
      starts.push_back(starts.back() + cells.gene_counts[last]);
    std::vector<GeneEntry> part(static_cast<std::size_t>(starts.back()));
    std::vector<std::int64_t> cursor(starts.begin(), starts.end() - 1);
    if (first > 0) cells.rewind();
    std::int64_t cell = 0;
    for (CsrBlock block; cells.next_block(block);)
      for (std::int64_t i = 0; i < block.n_rows(); ++i, ++cell) {
        const CsrRow row = block.row(i);
        const auto begin =
            std::lower_bound(row.genes.begin(), row.genes.end(), static_cast<std::int32_t>(first)) - row.genes.begin();
        for (auto k = static_cast<std::size_t>(begin); k < row.genes.size() && row.genes[k] < last; ++k)
          part[cursor[row.genes[k] - first]++] = {cell, row.values[k]};
      }
    for (std::int64_t gene = first; gene < last; ++gene) {
      const auto line = std::span(part).subspan(starts[gene - first], starts[gene - first + 1] - starts[gene - first]);
      table.line(
          cells.genes.ids[gene], line.size(), cells.n_cells(), [&](std::size_t k) { return line[k].cell; },
          [&](std::size_t k) { return line[k].value; });
    }
  }
}

}  // namespace

void write_delimited(const fs::path& path, CellStream& cells, const DelimitedWriteOptions& options) {
  AtomicPath out(path);
  TableWriter table(out.temporary(), path, options);
  if (options.lines == DelimitedWriteOptions::Lines::cells) {
    write_cells(table, cells);
  } else {
    write_genes(table, cells, options.memory_bytes);
  }
  table.finish();
  out.commit();
}

}  // namespace cellverdict
