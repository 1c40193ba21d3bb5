#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/io/tenx_mex_write.h>
#include <cellverdict/io/text_lines.h>

#include <doctest/doctest.h>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// `n_cells` cells with a few counts each, given `rows_per_block` at a time.
TenxMexContents made_contents(std::int64_t n_cells, std::int64_t rows_per_block) {
  TenxMexContents contents;
  contents.genes = {{"ENSG1", "ENSG2", "ENSG3"}, {"A", "B", "A"}};
  for (std::int64_t i = 0; i < n_cells; ++i) contents.barcodes.push_back("CELL" + std::to_string(i));
  contents.n_nonzero = 2 * (n_cells - n_cells / 5 - (n_cells % 5 != 0));
  contents.next_block = [=, next = std::int64_t{0}](CsrBlock& block) mutable {
    block.clear();
    for (std::int64_t i = 0; i < rows_per_block && next < n_cells; ++i, ++next) {
      if (next % 5 != 0) {
        block.push(static_cast<std::int32_t>(next % 2), static_cast<float>(next % 97 + 1));
        block.push(2, static_cast<float>(next + 1));
      }
      block.end_row();
    }
    return block.n_rows() > 0;
  };
  return contents;
}

CsrBlock all_rows(TenxMexContents contents) {
  CsrBlock block;
  contents.next_block(block);
  return block;
}

}  // namespace

TEST_CASE("a written folder is read back whole, and is the same bytes however it was cut into blocks") {
  const TempFolder folder;
  const std::int64_t n_cells = 50000;  // enough for several buffers of the compressor
  write_tenx_mex(folder / "a", made_contents(n_cells, 7));
  write_tenx_mex(folder / "b", made_contents(n_cells, n_cells));
  for (const char* name : {"matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz"})
    CHECK((read_file(folder / "a" / name) == read_file(folder / "b" / name)));
  const auto source = open_source(folder / "a");
  CHECK(source->head().format == "10x MEX v3, gzip");
  CHECK(source->head().genes == made_contents(1, 1).genes);
  CHECK(source->head().obs.index == made_contents(n_cells, 1).barcodes);
  CHECK(same_rows(read_all(*source, 1000), all_rows(made_contents(n_cells, n_cells))));
}

TEST_CASE("a gzip that is cut, damaged or followed by something else is not taken for a whole file") {
  const TempFolder folder;
  write_tenx_mex(folder / "a", made_contents(5000, 100));
  const std::string whole = read_file(folder / "a" / "matrix.mtx.gz");
  const auto error_with = [&](const std::string& bytes) {
    folder.write("a/matrix.mtx.gz", bytes);
    return input_error([&] { read_all(*open_source(folder / "a"), 100); });
  };
  CHECK(error_with(whole).empty());
  for (const std::size_t n : {whole.size() / 2, whole.size() - 8, whole.size() - 1, std::size_t{12}, std::size_t{3}})
    CHECK(contains(error_with(whole.substr(0, n)), "found a truncated gzip stream"));
  std::string damaged = whole;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);
  CHECK(contains(error_with(damaged), "checksum is wrong"));
  CHECK(contains(error_with(whole + "more"), "found bytes after the end of the gzip stream"));
  CHECK(error_with(whole + std::string(512, '\0')).empty());
}

TEST_CASE("a gzip of many members reads as one file") {
  const TempFolder folder;
  write_tenx_mex(folder / "a", made_contents(7, 7));
  const std::string one = read_file(folder / "a" / "barcodes.tsv.gz");
  TenxMexContents more = made_contents(7, 7);
  std::vector<std::string> renamed;
  for (const auto barcode : more.barcodes) renamed.push_back(std::string(barcode) + "b");
  more.barcodes = renamed;
  write_tenx_mex(folder / "b", more);
  folder.write("c/barcodes.tsv.gz", one + read_file(folder / "b" / "barcodes.tsv.gz"));
  folder.write("c/features.tsv.gz", read_file(folder / "a" / "features.tsv.gz"));
  folder.write("c/matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n3 14 0\n");
  const auto source = open_source(folder / "c");
  CHECK(source->head().obs.index[7] == "CELL0b");
  CHECK(read_all(*source, 100).n_rows() == 14);
}

TEST_CASE("a gzip of several members and padding reads the same after a rewind, also after one that found damage") {
  const TempFolder folder;
  write_tenx_mex(folder / "a", made_contents(7, 7));
  const std::string one = read_file(folder / "a" / "barcodes.tsv.gz");
  TextLines lines(folder.write("padded.gz", one + one + std::string(64, '\0')));
  const auto count = [&] {
    std::int64_t n = 0;
    for (std::string_view line; lines.next(line);) ++n;
    return n;
  };
  CHECK(count() == 14);
  lines.rewind();
  CHECK(count() == 14);
  TextLines cut(folder.write("cut.gz", one.substr(0, one.size() - 3)));
  const auto read_on = [&] {
    for (std::string_view line; cut.next(line);) {
    }
  };
  CHECK_THROWS_AS(read_on(), InputError);
  folder.write("cut.gz", one);
  cut.rewind();
  CHECK_NOTHROW(read_on());
}

TEST_CASE("what a 10x folder cannot hold is refused, and no folder appears") {
  const TempFolder folder;
  TenxMexContents fractions = made_contents(4, 4);
  fractions.next_block = [given = false](CsrBlock& block) mutable {
    block.clear();
    if (given) return false;
    given = true;
    block.push(0, 0.5F);
    block.end_row();
    return true;
  };
  CHECK_THROWS_AS(write_tenx_mex(folder / "a", fractions), DataError);
  TenxMexContents tabbed = made_contents(4, 4);
  tabbed.barcodes = {"a", "a\tb", "c", "d"};
  CHECK_THROWS_AS(write_tenx_mex(folder / "a", tabbed), DataError);
  TenxMexContents wrong = made_contents(4, 4);
  ++wrong.n_nonzero;
  CHECK_THROWS_AS(write_tenx_mex(folder / "a", wrong), InternalError);
  CHECK(std::filesystem::is_empty(folder.path()));
}
