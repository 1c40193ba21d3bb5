#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/io/sample_sheet.h>
#include <cellverdict/io/tenx_tables.h>
#include <cellverdict/io/utf8.h>

#include <doctest/doctest.h>

#include "io/temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

TEST_CASE("UTF-8 is told from everything else at the very byte") {
  CHECK_FALSE(first_foreign_byte(""));
  CHECK_FALSE(first_foreign_byte("Müller, 北京, 😀, \xEF\xBF\xBD"));
  CHECK(first_foreign_byte("M\xFCller") == 1);          // Latin-1
  CHECK(first_foreign_byte("ab\xC3") == 2);             // cut short
  CHECK(first_foreign_byte("\xC0\x80") == 0);           // overlong
  CHECK(first_foreign_byte("\xE0\x9F\xBF") == 0);       // overlong
  CHECK(first_foreign_byte("a\xED\xA0\x80") == 1);      // half a surrogate pair
  CHECK(first_foreign_byte("\xF4\x90\x80\x80") == 0);   // above U+10FFFF
  CHECK(first_foreign_byte("\x80") == 0);               // a continuation of nothing
  CHECK_FALSE(first_foreign_byte("\xF4\x8F\xBF\xBF"));  // the last of all
  CHECK(foreign_text("L1,M\xFCller,0", 4) == "text that is not UTF-8 ('M?ller', byte 0xFC)");
}

TEST_CASE("a sheet that Excel saved as Latin-1 is refused at its line") {
  const TempFolder folder;
  folder.write("samples.csv", "library,path,donor\nL1,L1,d1\nL2,L2,M\xFCller\n");
  const std::string said = input_error([&] { read_sample_sheet(folder / "samples.csv"); });
  CHECK(contains(said, "samples.csv line 3"));
  CHECK(contains(said, "'M?ller'"));
  CHECK(contains(said, "CSV UTF-8"));
  folder.write("samples.csv", "library,path,donor\nL1,L1,d1\nL2,L2,Müller\n");
  CHECK(read_sample_sheet(folder / "samples.csv").labels.column("donor", "").text(1) == "Müller");
}

TEST_CASE("the tables beside a matrix are refused at a line that is not UTF-8") {
  const TempFolder folder;
  folder.write("barcodes.tsv", "AAAC\nAA\xE9\n");
  CHECK(contains(input_error([&] { read_tenx_barcodes(folder / "barcodes.tsv", {.expected = 2}); }), "barcodes.tsv line 2"));
  folder.write("features.tsv", "ENSG1\tTNF-\xE1\tGene Expression\n");
  CHECK(contains(input_error([&] { read_tenx_features(folder / "features.tsv", {.expected = 1}); }), "features.tsv line 1"));
}

TEST_CASE("text of an h5ad file that is not UTF-8 is refused with its row") {
  const TempFolder folder;
  H5adContents contents;
  contents.obs.index = {"c0", "c1"};
  contents.obs.set("donor", make_text_column(std::vector<std::string>{"d1", "M\xFCller"}));
  contents.var.index = {"ENSG0"};
  contents.next_block = [given = false](CsrBlock& block) mutable {
    block.clear();
    if (given) return false;
    block.end_row();
    block.end_row();
    return given = true;
  };
  write_h5ad(folder / "a.h5ad", contents);
  const std::string said = input_error([&] { open_h5ad(folder / "a.h5ad"); });
  CHECK(contains(said, "a.h5ad obs/donor"));
  CHECK(contains(said, "'M?ller'"));
}
