// Texts of variable length whose heap was damaged, byte by byte.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/h5ad_write.h>

#include <doctest/doctest.h>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// A file of one cell; where its first heap object is.
std::string one_cell(const TempFolder& folder, std::size_t& object) {
  H5adContents contents;
  contents.obs.index.push_back("CELL-1");
  contents.var.index.push_back("GENE-1");
  contents.n_nonzero = 1;
  contents.next_block = [given = false](CsrBlock& block) mutable {
    block.clear();
    if (given) return false;
    block.push(0, 2);
    block.end_row();
    return given = true;
  };
  write_h5ad(folder / "whole.h5ad", contents);
  std::string bytes = read_file(folder / "whole.h5ad");
  object = bytes.find("GCOL") + 16;  // number, uses, 4 bytes, length, text
  return bytes;
}

}  // namespace

TEST_CASE("a heap whose text claims more than its place is refused") {
  const TempFolder folder;
  std::size_t object = 0;
  const std::string whole = one_cell(folder, object);
  REQUIRE(object < whole.size());
  CHECK(open_h5ad(folder / "whole.h5ad")->head().obs.index.text(0) == "CELL-1");
  std::string bytes = whole;
  bytes[object + 8 + 2] = '\x7f';
  folder.write("long.h5ad", bytes);
  CHECK(contains(input_error([&] { open_h5ad(folder / "long.h5ad"); }), "a text that is longer than the place where it lies"));
  bytes = whole;
  --bytes[object + 8];
  folder.write("short.h5ad", bytes);
  CHECK(contains(input_error([&] { open_h5ad(folder / "short.h5ad"); }), "bytes where there is none"));
}

TEST_CASE("any byte of a heap may change, and no foreign byte is read") {
  const TempFolder folder;
  std::size_t object = 0;
  const std::string whole = one_cell(folder, object);
  int n_refused = 0;
  for (std::size_t at = object - 16; at < object + 112; ++at) {
    for (const char value : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = value;
      folder.write("damaged.h5ad", bytes);
      n_refused += input_error([&] { open_h5ad(folder / "damaged.h5ad"); }).empty() ? 0 : 1;
    }
  }
  CHECK(n_refused > 50);
}
