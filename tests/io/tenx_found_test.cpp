// 10x matrices as people have them: tables from R and pandas, one table of genes for many matrices, entries in any order.

#include <cellverdict/io/open_source.h>
#include <cellverdict/io/tenx_mex.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

const std::string kBanner = "%%MatrixMarket matrix coordinate integer general\n";
const std::string kMatrix = kBanner + "3 2 3\n1 1 5\n3 1 7\n2 2 9\n";
using Notes = std::vector<std::string>;

std::unique_ptr<CellSource> open_with(const TempFolder& folder, const std::string& features, const std::string& barcodes) {
  folder.write("matrix.mtx", kMatrix);
  folder.write("features.tsv", features);
  folder.write("barcodes.tsv", barcodes);
  return open_source(folder.path());
}

struct Entries {
  std::int64_t n_genes = 0, n_cells = 0;
  std::vector<std::string> lines;   // "gene cell count\n"
  std::vector<std::string> turned;  // "cell gene count\n"
  CsrBlock rows;
};

// Some counts, and the matrix they make.
Entries random_entries(std::uint32_t seed) {
  std::mt19937 random(seed);
  Entries out{.n_genes = 37, .n_cells = 211};
  for (int cell = 1; cell <= out.n_cells; ++cell) {
    for (int gene = 1; gene <= out.n_genes; ++gene) {
      if (random() % 5 != 0 || cell % 7 == 0) continue;
      const auto count = static_cast<int>(random() % 12);
      const std::string a = std::to_string(gene), b = std::to_string(cell), value = std::to_string(count);
      out.lines.push_back(a + " " + b + " " + value + "\n");
      out.turned.push_back(b + " " + a + " " + value + "\n");
      if (count > 0) out.rows.push(gene - 1, static_cast<float>(count));
    }
    out.rows.end_row();
  }
  return out;
}

void write_tables(const TempFolder& folder, const Entries& entries) {
  std::string genes, barcodes;
  for (int i = 0; i < entries.n_genes; ++i) genes += "G" + std::to_string(i) + "\n";
  for (int i = 0; i < entries.n_cells; ++i) barcodes += "B" + std::to_string(i) + "\n";
  folder.write("genes.tsv", genes);
  folder.write("barcodes.tsv", barcodes);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line;
  return out;
}

}  // namespace

TEST_CASE("a header is known by its words where the table has one line too many, and is said") {
  const TempFolder folder;
  const auto source = open_with(folder,
                                "gene_id\tgene_name\tfeature_type\nG1\tA\tGene Expression\nG2\tB\tGene Expression\nG3\tC\t"
                                "Gene Expression\n",
                                "x\nAA\nCC\n");
  CHECK(source->head().genes.ids == std::vector<std::string>{"G1", "G2", "G3"});
  CHECK(source->head().obs.index == std::vector<std::string>{"AA", "CC"});
  CHECK(source->head().notes ==
        Notes{"the first line of barcodes.tsv is taken for a header", "the first line of features.tsv is taken for a header"});
  CHECK(read_all(*source, 1).values == std::vector<float>{5, 7, 9});
  // As many lines as there should be: the first is a gene, whatever it is called.
  CHECK(open_with(folder, "gene\nG2\nG3\n", "x\ncell\n")->head().genes.ids.front() == "gene");
  CHECK(contains(input_error([&] { open_with(folder, "G0\nG1\nG2\nG3\n", "AA\nCC\n"); }),
                 "features.tsv: found 4 features, expected 3"));
  CHECK(contains(input_error([&] { open_with(folder, "gene\nG1\nG2\nG3\nG4\n", "AA\nCC\n"); }),
                 "features.tsv: found 5 features, expected 3"));
}

TEST_CASE("quotes and row numbers that R and pandas write are taken off, and are said") {
  const TempFolder folder;
  const auto quoted = open_with(
      folder, "\"gene.id\"\t\"symbol\"\n\"1\"\t\"G1\"\t\"A\"\n\"2\"\t\"G2\"\t\"B\"\n\"3\"\t\"G3\"\t\"C\"\n", "0\tAA\r\n1\tCC\r\n");
  CHECK(contains(
      input_error([&] { open_with(folder, "\"x\"\t\"y\"\n\"1\"\t\"G1\"\n\"2\"\t\"G2\"\n\"3\"\t\"G3\"\n", "0\tAA\n1\tCC\n"); }),
      "features.tsv: found 4 features"));
  CHECK(quoted->head().genes.symbols == std::vector<std::string>{"A", "B", "C"});
  CHECK(quoted->head().notes == Notes{"the first column of barcodes.tsv numbers its lines and is not read",
                                      "the first line of features.tsv is taken for a header",
                                      "the first column of features.tsv numbers its lines and is not read",
                                      "quotes around values of features.tsv are taken off"});
  CHECK(quoted->head().obs.index == std::vector<std::string>{"AA", "CC"});
}

TEST_CASE("numbered rows are only those that count on from the first") {
  const TempFolder folder;
  const auto numbered = open_with(folder, "1\tG1\tA\n2\tG2\tB\n3\tG3\tC\n", "AA\nCC\n\n");
  CHECK(numbered->head().genes.ids == std::vector<std::string>{"G1", "G2", "G3"});
  CHECK(numbered->head().genes.symbols == std::vector<std::string>{"A", "B", "C"});
  CHECK(numbered->head().notes == Notes{"the first column of features.tsv numbers its lines and is not read"});
  const auto entrez = open_with(folder, "1\tA1BG\n2\tA2M\n9\tNAT1\n", "AA\nCC\n");
  CHECK(entrez->head().genes.ids == std::vector<std::string>{"1", "2", "9"});
  CHECK(entrez->head().genes.symbols == std::vector<std::string>{"A1BG", "A2M", "NAT1"});
  CHECK(open_with(folder, "1\n2\n3\n", "AA\nCC\n")->head().genes.ids == std::vector<std::string>{"1", "2", "3"});
  const auto many = open_with(folder, "\"G1\"\n\"G2\"\n\"G3\"\n", "AA\t1\t2\nCC\t3\t4\n");
  CHECK(many->head().notes ==
        Notes{"only the first column of barcodes.tsv is read", "quotes around values of features.tsv are taken off"});
}

TEST_CASE("rows of any type but gene expression are dropped and counted") {
  const TempFolder folder;
  const auto source =
      open_with(folder, "G1\tA\tGene Expression\nCMO301\tCMO301\tMultiplexing Capture\nK\tK\tCRISPR Guide Capture\n", "AA\nCC\n");
  CHECK(source->head().notes == Notes{"dropped 1 row of type CRISPR Guide Capture", "dropped 1 row of type Multiplexing Capture"});
  CHECK(read_all(*source, 5).values == std::vector<float>{5});
}

TEST_CASE("entries in any order, and cells by genes, are read within any budget") {
  Entries entries = random_entries(1);
  const std::string size = "37 211 " + std::to_string(entries.lines.size()) + "\n";
  const std::string turned_size = "211 37 " + std::to_string(entries.lines.size()) + "\n";
  const TempFolder folder;
  write_tables(folder, entries);
  const auto check = [&](const std::string& matrix, const char* what) {
    CAPTURE(what);
    folder.write("matrix.mtx", matrix);
    for (const std::int64_t memory : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{1} << 20}) {
      const auto source = open_tenx_mex(*find_tenx_mex(folder.path(), ""), memory);
      for (const std::int64_t rows_per_block : {1, 17, 1000}) {
        CHECK(same_rows(read_all(*source, rows_per_block), entries.rows));
        source->rewind();
      }
    }
  };
  check(kBanner + size + joined(entries.lines), "sorted by cell");
  check(kBanner + "%metadata_json: {}\n" + size + joined(entries.lines), "as Cell Ranger writes it");
  check(kBanner + turned_size + joined(entries.turned), "cells by genes, sorted by cell");
  std::stable_sort(entries.lines.begin(), entries.lines.end(),
                   [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
  check(kBanner + "%metadata_json: {}\n" + size + joined(entries.lines), "sorted by gene under Cell Ranger's comment");
  std::shuffle(entries.lines.begin(), entries.lines.end(), std::mt19937(2));
  std::shuffle(entries.turned.begin(), entries.turned.end(), std::mt19937(3));
  check(kBanner + size + joined(entries.lines), "in any order");
  check(kBanner + turned_size + joined(entries.turned), "cells by genes in any order");
  CHECK(open_source(folder.path())->head().notes == Notes{"the matrix is written as cells × genes, and is turned"});
}

TEST_CASE("a file that is sorted at first and not later is read, or refused where its head says Cell Ranger") {
  const Entries entries = random_entries(4);
  std::vector<std::string> lines = entries.lines;
  // 20,000 zeros of other cells keep the first batches in order.
  const TempFolder folder;
  std::string genes, barcodes;
  for (int i = 0; i < 37; ++i) genes += "G" + std::to_string(i) + "\n";
  for (int i = 0; i < 20211; ++i) barcodes += "B" + std::to_string(i) + "\n";
  folder.write("genes.tsv", genes);
  folder.write("barcodes.tsv", barcodes);
  for (int i = 0; i < 20000; ++i) lines.push_back("1 " + std::to_string(i + 212) + " 1\n");
  lines.emplace_back("3 7 4\n");
  const std::string size = "37 20211 " + std::to_string(lines.size()) + "\n";
  folder.write("matrix.mtx", kBanner + size + joined(lines));
  const CsrBlock rows = read_all(*open_source(folder.path()), 100);
  CHECK(rows.row(6).values.size() == 1);
  CHECK(rows.row(6).values[0] == 4);
  folder.write("matrix.mtx", kBanner + "%metadata_json: {}\n" + size + joined(lines));
  const std::string said = input_error([&] { read_all(*open_source(folder.path()), 100); });
  CHECK(contains(said, "line " + std::to_string(lines.size() + 3) + ": found cell 7 after the entries of cell 20211"));
}

TEST_CASE("usual and unusual lines may alternate without changing a number") {
  const TempFolder folder;
  folder.write("matrix.mtx",
               "%%MatrixMarket matrix coordinate real general\n% R\n3 2 5\n1 1 2\n 2  1\t3.5 \r\n3 1 1e2\r\n1 2 "
               "0000000000002\n0000000000003 2 .25\n\n \n");
  folder.write("genes.tsv", "G1\nG2\nG3\n");
  folder.write("barcodes.tsv", "AA\nCC\n");
  const CsrBlock rows = read_all(*open_source(folder.path()), 10);
  CHECK(rows.indptr == std::vector<std::int64_t>{0, 3, 5});
  CHECK(rows.values == std::vector<float>{2, 3.5F, 100, 2, .25F});
}

TEST_CASE("one table of genes serves all matrices of a folder that have none") {
  const TempFolder folder;
  for (const std::string prefix : {"GSM1_a_", "GSM2_b_"}) {
    folder.write(prefix + "matrix.mtx", kMatrix);
    folder.write(prefix + "barcodes.tsv", "AA\nCC\n");
  }
  folder.write("GSE9_features.tsv", "G1\nG2\nG3\n");
  const auto source = open_source(folder / "GSM2_b_");
  CHECK(source->head().genes.ids.back() == "G3");
  CHECK(source->head().notes == Notes{"genes are those of GSE9_features.tsv"});
  CHECK(find_sources(folder.path()).size() == 2);
  folder.write("GSM1_genes.tsv", "H1\nH2\nH3\n");
  CHECK(open_source(folder / "GSM1_a_")->head().genes.ids.back() == "H3");
  CHECK(contains(input_error([&] { open_source(folder / "GSM2_b_"); }),
                 "found 2 tables of genes (GSE9_features.tsv, GSM1_genes.tsv) for GSM2_b_matrix.mtx"));
  folder.write("GSM2_b_features.tsv", "I1\nI2\nI3\n");
  CHECK(open_source(folder / "GSM2_b_")->head().genes.ids.back() == "I3");
  CHECK(open_source(folder / "GSM2_b_")->head().notes.empty());
}
