#include <cellverdict/io/delimited.h>
#include <cellverdict/io/delimited_write.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::vector<std::string> texts(const auto& names) {
  return {names.begin(), names.end()};
}

// The matrix as "cell:gene=value …", read through open_source.
std::string shown(const std::filesystem::path& file, const OpenOptions& options = {}) {
  const auto source = open_source(file, options);
  const CsrBlock rows = read_all(*source, 2);
  std::string out;
  for (std::int64_t i = 0; i < rows.n_rows(); ++i) {
    out += std::string(source->head().obs.index[i]) + ":";
    for (std::size_t k = 0; k < rows.row(i).genes.size(); ++k) {
      Column value = make_number_column({rows.row(i).values[k]});
      out += " " + std::string(source->head().genes.ids[rows.row(i).genes[k]]) + "=" + value.text(0);
    }
    out += "; ";
  }
  return out;
}

std::string error_of(const std::string& name, const std::string& text) {
  const TempFolder folder;
  const auto file = folder.write(name, text);
  return input_error([&] { open_source(file); });
}

constexpr const char* kSmall = "c1: ACTB=1 GAPDH=2.5; c2: GAPDH=3; ";

}  // namespace

TEST_CASE("tables as pandas and R write them give what anndata gives, whatever the memory and the blocks") {
  const TempFolder folder;
  const auto status = run_script("make_tables.py", folder.path().string());
  if (!status) return;
  REQUIRE(*status == 0);
  const auto truth = open_h5ad(folder / "truth.h5ad", {});
  const CsrBlock expected = read_all(*truth, 100);
  for (const char* name :
       {"cells.csv", "cells.tsv.gz", "genes.csv.gz", "semicolons.csv", "annotated.txt", "labelled.csv", "from_r.txt"})
    for (const std::int64_t memory : {1 << 24, 20000, 1}) {
      INFO(name, " within ", memory);
      const auto source = open_source(folder / name, {.memory_bytes = memory});
      const SourceHead& head = source->head();
      const bool by_symbol = name == std::string("from_r.txt");
      CHECK(texts(head.genes.ids) == texts(by_symbol ? truth->head().genes.symbols : truth->head().genes.ids));
      CHECK(texts(head.obs.index) == texts(truth->head().obs.index));
      CHECK(head.n_nonzero == static_cast<std::int64_t>(expected.indices.size()));
      for (const std::int64_t rows : {1, 64, 1000}) {
        source->rewind();
        CHECK(same_rows(read_all(*source, rows), expected));
      }
    }
  CHECK(open_source(folder / "annotated.txt")->head().genes == truth->head().genes);
  const auto labelled = open_source(folder / "labelled.csv");
  REQUIRE(labelled->head().obs.names == std::vector<std::string>{"donor", "kind"});
  CHECK(labelled->head().obs.find("kind")->text(7) == "d2");
  CsrBlock halves = expected;
  for (float& value : halves.values) value /= 2;
  CHECK(same_rows(read_all(*open_source(folder / "scientific.csv"), 64), halves));
}

TEST_CASE("separators, quotes, line ends, comments and byte order marks are told from the text") {
  const TempFolder folder;
  CHECK(shown(folder.write("a.csv", ",ACTB,GAPDH\nc1,1,2.5\nc2,0,3\n")) == kSmall);
  CHECK(shown(folder.write("b.txt", "ACTB GAPDH\nc1 1 2.5\nc2 0 3")) == kSmall);
  CHECK(shown(folder.write("c.tsv", "\"cell\"\t\"ACTB\"\t\"GAPDH\"\r\n\"c1\"\t1\t2.5\r\n\"c2\"\t0\t3e0\r\n\r\n")) == kSmall);
  CHECK(shown(folder.write("d.csv", "\xef\xbb\xbfgene;c1;c2\nACTB;1;0\nGAPDH;2.5;3\n")) == kSmall);
  CHECK(shown(folder.write("e.txt",
                           "# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tc1\tc2\n"
                           "ACTB\t7\t1\t2\t-\t99\t1\t0\nGAPDH\t12\t1;5\t2;9\t+\t88\t2.5\t3\n")) == kSmall);
  CHECK(shown(folder.write("f.csv", "id,c1,c2,\nACTB,1,0,\nGAPDH,2.5,3,\n")) == kSmall);
  CHECK(shown(folder.write("g.csv", "id,\"c,1\",\"c\"\"2\"\nACTB,1,0\nGAPDH,2.5,3\n")) == "c,1: ACTB=1 GAPDH=2.5; c\"2: GAPDH=3; ");
}

TEST_CASE("the side with the genes is told by names, else by size with a note, unless it is given") {
  const TempFolder folder;
  const auto barcodes = folder.write("a.csv", ",x1,x2\nAAACCCGGGTTTAAAC-1,1,0\nAAACCCGGGTTTAAAG-1,0,1\nAAACCCGGGTTTAAAT-1,0,2\n");
  CHECK(open_source(barcodes)->head().n_cells == 3);
  CHECK(open_source(barcodes)->head().notes.empty());
  const auto nameless = folder.write("b.csv", ",x1,x2\ny1,1,0\ny2,0,1\ny3,0,2\n");
  CHECK(open_source(nameless)->head().n_cells == 2);
  REQUIRE(open_source(nameless)->head().notes.size() == 1);
  CHECK(contains(open_source(nameless)->head().notes[0], "no name tells genes from cells, so the lines"));
  CHECK(open_source(nameless, {.genes_are = "columns"})->head().n_cells == 3);
  CHECK(open_source(nameless, {.genes_are = "columns"})->head().notes.empty());
}

TEST_CASE("what is no number is named with line and column") {
  CHECK(contains(error_of("a.csv", ",c1,c2\nACTB,1,NA\nGAPDH,2,3\n"),
                 "a.csv line 2: found 'NA' in column 3 ('c2'), expected a number; a matrix has no missing values"));
  CHECK(contains(error_of("a.csv", ",c1,c2\nACTB,1,2\nGAPDH,,3\n"), "line 3: found an empty field in column 2 ('c1')"));
  CHECK(contains(error_of("a.csv", ",c1,c2\nACTB,1,2\nGAPDH,inf,3\n"), "line 3: found 'inf' in column 2"));
  CHECK(contains(error_of("a.csv", ",c1,c2\nACTB,1,2\nGAPDH,1e999,3\n"), "line 3: found '1e999' in column 2"));
  CHECK(contains(error_of("a.csv", "x;c1;c2\nACTB;1,5;2,5\n"), "decimal commas ('1,5')"));
  CHECK(contains(error_of("a.csv", "name,class\nS1,ALL\nS2,AML\n"), "line 2: found no column of numbers"));
}

TEST_CASE("damaged tables are refused with the line") {
  CHECK(contains(error_of("a.csv", ",c1,c2\nACTB,1,2\nGAPDH,3\n"), "line 3: found 2 fields, expected 3"));
  CHECK(contains(error_of("a.csv", ",c1,c2\nACTB,1,2\n\nGAPDH,3,4\n"), "line 4: found a line after the blank one 3"));
  CHECK(contains(error_of("a.csv", ",c1,c2\nACTB,1,2\n\"GAPDH,3,4\n"), "line 3: found a quote that is not closed"));
  CHECK(contains(error_of("a.csv", ",c1,c2\n"), "a single line"));
  CHECK(contains(error_of("a.csv", "1,2,3\n4,5,6\n"), "line 1: found numbers where names should stand"));
  CHECK(contains(error_of("a.csv", ",c1,c2\nM\xfcller,1,2\n"), "not UTF-8"));
  CHECK(contains(error_of("a.csv", "one,two,three,four\nx,1\n"), "line 2: found 2 fields below a header of 4"));
}

TEST_CASE("a gene that names several lines or columns keeps its name on each, to be summed as in every format") {
  const TempFolder folder;
  CHECK(shown(folder.write("rows.csv", ",c1,c2\nACTB,1,2\nGAPDH,0,5\nACTB,3,4\n")) ==
        "c1: ACTB=1 ACTB=3; c2: ACTB=2 GAPDH=5 ACTB=4; ");
  CHECK(shown(folder.write("columns.csv", ",ACTB,GAPDH,ACTB\nc1,1,0,3\nc2,2,5,4\n")) ==
        "c1: ACTB=1 ACTB=3; c2: ACTB=2 GAPDH=5 ACTB=4; ");
  // A column that tells the genes apart is preferred.
  CHECK(shown(folder.write("ids.csv", "symbol,gene_id,c1,c2\nA,ENSG00000000001,1,2\nA,ENSG00000000002,3,4\n")) ==
        "c1: ENSG00000000001=1 ENSG00000000002=3; c2: ENSG00000000001=2 ENSG00000000002=4; ");
  // Ensembl ids before symbols, though a gene has two lines of them.
  CHECK(shown(folder.write("par.csv", "symbol,gene_id,c1,c2\nA,ENSG00000000001,1,2\nB,ENSG00000000001,3,4\n")) ==
        "c1: ENSG00000000001=1 ENSG00000000001=3; c2: ENSG00000000001=2 ENSG00000000001=4; ");
}

TEST_CASE("a line may be longer than any buffer") {
  const TempFolder folder;
  std::string header = "gene", actb = "ACTB", gapdh = "GAPDH";
  for (int i = 0; i < 700000; ++i) {
    header += ",AAACCCGGGTTTAAAC-" + std::to_string(i);
    actb += i == 699999 ? ",7" : ",0";
    gapdh += ",0";
  }
  const auto source = open_source(folder.write("wide.csv", header + "\n" + actb + "\n" + gapdh + "\n"));
  CHECK(source->head().n_cells == 700000);
  const CsrBlock rows = read_all(*source, 100000);
  CHECK(rows.values == std::vector<float>{7});
  CHECK(rows.row(699999).genes[0] == 0);
}

TEST_CASE("a sheet of samples and a matrix are told apart") {
  const TempFolder folder;
  CHECK(kind_of_table(folder.write("a.csv", "library,path,day\nL1,L1,0\n")) == TableKind::sheet);
  CHECK(kind_of_table(folder.write("b.csv", "sample\tprefix\nL1\tmex/L1_\n")) == TableKind::sheet);
  CHECK(kind_of_table(folder.write("c.csv", ",ACTB,GAPDH\nc1,1,2\n")) == TableKind::matrix);
  CHECK(kind_of_table(folder.write("d.csv", "library,file\nL1,a.h5ad\n")) == TableKind::neither);
  CHECK(kind_of_table(folder.write("e.csv", "library,day,n_cells\nL1,0,500\n")) == TableKind::neither);
  CHECK(kind_of_table(folder / "missing.csv") == TableKind::neither);
  CHECK(contains(input_error([&] { open_source(folder / "a.csv"); }), "found a sample sheet (it has a column path or prefix)"));
}

TEST_CASE("tables are written so that they are read back the same, a line a cell or a line a gene, in any memory") {
  const TempFolder folder;
  const auto file = folder.write("a.csv", ",ACTB,\"MT-CO1,x\",RPL3\nc1,1,0.1,0\nc2,0,0,0\n\"c\"\"3\",1e-20,0,123456.7\n");
  const auto truth = open_source(file);
  const CsrBlock expected = read_all(*truth, 10);
  for (const auto lines : {DelimitedWriteOptions::Lines::cells, DelimitedWriteOptions::Lines::genes})
    for (const auto packing : {TextPacking::plain, TextPacking::gzip})
      for (const std::int64_t memory : {1, 1 << 20}) {
        CellStream stream{.genes = truth->head().genes, .obs = truth->head().obs, .gene_counts = {2, 1, 1}};
        truth->rewind();
        stream.next_block = [&](CsrBlock& block) { return truth->read_block(2, block); };
        stream.rewind = [&] { truth->rewind(); };
        write_delimited(folder / "b.tsv", stream, {.separator = '\t', .packing = packing, .lines = lines, .memory_bytes = memory});
        const auto again =
            open_source(folder / "b.tsv", {.genes_are = lines == DelimitedWriteOptions::Lines::genes ? "rows" : "columns"});
        CHECK(again->head().genes == truth->head().genes);
        CHECK(texts(again->head().obs.index) == texts(truth->head().obs.index));
        CHECK(same_rows(read_all(*again, 2), expected));
      }
}
