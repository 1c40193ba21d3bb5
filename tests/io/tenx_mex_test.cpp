#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/io/tenx_mex.h>

#include <doctest/doctest.h>

#include <map>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

const std::string kBanner = "%%MatrixMarket matrix coordinate integer general\n";

// A folder with three genes and two barcodes around the given matrix.
std::string error_of(const std::string& matrix, const std::string& features = "G1\tA\nG2\tB\nG3\tA\n",
                     const std::string& barcodes = "AA\nCC\n") {
  const TempFolder folder;
  folder.write("matrix.mtx", matrix);
  folder.write("features.tsv", features);
  folder.write("barcodes.tsv", barcodes);
  return input_error([&] {
    const auto source = open_source(folder.path());
    read_all(*source, 1);
  });
}

CsrBlock rows_of(const TempFolder& folder, std::int64_t rows_per_block) {
  const auto source = open_source(folder.path());
  return read_all(*source, rows_per_block);
}

std::map<std::string, double> sums_of(CellSource& source) {
  std::map<std::string, double> sums;
  const CsrBlock rows = read_all(source, 100);
  for (std::int64_t i = 0; i < rows.n_rows(); ++i) {
    double& sum = sums[source.head().obs.index.text(i)];
    for (const float value : rows.row(i).values) sum += value;
  }
  return sums;
}

}  // namespace

TEST_CASE("a matrix that changes between the counting of its entries and their reading is refused") {
  const TempFolder folder;
  const std::string head = kBanner + "2 3 4\n";
  folder.write("features.tsv", "G1\tA\nG2\tB\n");
  folder.write("barcodes.tsv", "AA\nCC\nGG\n");
  for (const char* later : {"1 3 1\n2 3 1\n1 1 1\n2 1 1\n", "1 2 1\n1 2 1\n1 2 1\n2 2 1\n", "1 1 1\n2 1 1\n1 1 1\n2 1 1\n"}) {
    folder.write("matrix.mtx", head + "1 3 1\n2 2 1\n1 2 1\n1 1 1\n");
    const auto source = open_tenx_mex(*find_tenx_mex(folder.path(), ""), 1);  // a sweep for each cell
    CsrBlock block;
    REQUIRE(source->read_block(1, block));
    folder.write("matrix.mtx", head + later);
    CHECK(contains(input_error([&] {
                     while (source->read_block(1, block)) {
                     }
                   }),
                   "matrix.mtx: found other contents than when it was opened"));
  }
}

TEST_CASE("genes of a cell may come in any order, zeros are no counts, and a cell without counts is a row") {
  const TempFolder folder;
  folder.write("matrix.mtx", kBanner + "% made by hand\n%\n3 4 5\n3 2 7\n1 2 1\n2 2 0\n2 4 5\n1 4\t6\n");
  folder.write("features.tsv", "G1\tA\tGene Expression\nG2\tB\tGene Expression\nG3\tA\tGene Expression\n");
  folder.write("barcodes.tsv", "AA\r\nCC\r\nGG\r\nTT");
  for (const std::int64_t rows_per_block : {1, 3, 50}) {
    const CsrBlock rows = rows_of(folder, rows_per_block);
    CHECK(rows.indptr == std::vector<std::int64_t>{0, 0, 2, 2, 4});
    CHECK(rows.indices == std::vector<std::int32_t>{0, 2, 0, 1});
    CHECK(rows.values == std::vector<float>{1, 7, 6, 5});
  }
  const auto source = open_source(folder.path());
  CHECK(source->head().obs.index == std::vector<std::string>{"AA", "CC", "GG", "TT"});
  CHECK(source->head().genes.symbols == std::vector<std::string>{"A", "B", "A"});
  CHECK(source->head().format == "10x MEX v3");
  CHECK(source->head().n_nonzero == 5);
  CHECK(source->head().files.size() == 3);
  const CsrBlock first = read_all(*source, 2);
  source->rewind();
  CHECK(same_rows(first, read_all(*source, 2)));
}

TEST_CASE("rows that are not gene expression are dropped and counted") {
  const TempFolder folder;
  folder.write("matrix.mtx", kBanner + "4 1 4\n1 1 1\n2 1 2\n3 1 3\n4 1 4\n");
  folder.write("features.tsv",
               "G1\tA\tGene Expression\nCD3\tCD3\tAntibody Capture\nG2\tB\tGene Expression\nCD4\tCD4\tAntibody Capture\n");
  folder.write("barcodes.tsv", "AA\n");
  const auto source = open_source(folder.path());
  CHECK(source->head().notes == std::vector<std::string>{"dropped 2 rows of type Antibody Capture"});
  CHECK(source->head().genes.ids == std::vector<std::string>{"G1", "G2"});
  const CsrBlock rows = read_all(*source, 5);
  CHECK(rows.indices == std::vector<std::int32_t>{0, 1});
  CHECK(rows.values == std::vector<float>{1, 3});
}

TEST_CASE("one column of genes stands for id and symbol, and real values that are whole are read") {
  const TempFolder folder;
  folder.write("matrix.mtx", "%%MatrixMarket matrix coordinate real general\n2 1 2\n1 1 2.0e0\n2 1 0.5\n");
  folder.write("genes.tsv", "CD3E\nACTB\n");
  folder.write("barcodes.tsv", "AA\n");
  const auto source = open_source(folder.path());
  CHECK(source->head().genes.symbols == std::vector<std::string>{"CD3E", "ACTB"});
  CHECK(source->head().format == "10x MEX v2");
  CHECK(read_all(*source, 5).values == std::vector<float>{2, 0.5});
}

TEST_CASE("a damaged matrix is refused at the line where it is damaged") {
  struct Case {
    std::string matrix, said;
  };
  const std::string size = kBanner + "3 2 2\n";
  for (const auto& [matrix, said] : std::vector<Case>{
           {"", "matrix.mtx: found an empty file"},
           {"hello\n", "line 1: found 'hello', expected %%MatrixMarket"},
           {"%%MatrixMarket matrix array real general\n", "line 1: found format 'array', expected coordinate"},
           {"%%MatrixMarket matrix coordinate pattern general\n3 2 1\n1 1\n", "line 1: found a pattern without values"},
           {"%%MatrixMarket matrix coordinate complex general\n", "line 1: found values of type 'complex'"},
           {"%%MatrixMarket matrix coordinate integer symmetric\n", "line 1: found symmetry 'symmetric'"},
           {kBanner + "% only\n", "line 2: found no size line"},
           {kBanner + "3 2\n", "line 2: found nothing, expected the number of entries"},
           {kBanner + "3 x 2\n", "line 2: found 'x', expected the number of cells"},
           {kBanner + "3 2 2 2\n", "line 2: found more than three sizes"},
           {kBanner + "0 2 0\n", "line 2: found 0 genes"},
           {kBanner + "3 2 7\n", "line 2: found 7 entries, expected no more than genes"},
           {kBanner + "9999999999 2 7\n", "line 2: found 9,999,999,999"},
           {size + "4 1 1\n1 2 1\n", "line 3: found gene 4, expected 1 to 3"},
           {size + "0 1 1\n1 2 1\n", "line 3: found gene 0, expected 1 to 3"},
           {size + "-1 1 1\n1 2 1\n", "line 3: found '-1', expected the row of a gene"},
           {size + "1 3 1\n1 2 1\n", "line 3: found cell 3, expected 1 to 2"},
           {size + "2 2 1\n2 2 1\n", "line 4: found gene 2 of cell 2 again, first in line 3"},
           {kBanner + "%metadata_json: {}\n3 2 2\n1 2 1\n1 2 1\n", "line 5: found gene 1 of cell 2 again, first in line 4"},
           {kBanner + "3 2 3\n2 2 1\n1 1 1\n2 2 1\n", "line 5: found gene 2 of cell 2 again, first in line 3"},
           {size + "1 1 1\n1 1 2\n", "line 4: found gene 1 of cell 1 again, first in line 3"},
           {size + "1 1 1\n", "line 3: found the end of the file after 1 entry, expected 2"},
           {size + "1 1 1\n1 2 1\n2 2 1\n", "line 5: found more entries, expected 2"},
           {size + "1 1 one\n1 2 1\n", "line 3: found 'one', expected a number"},
           {size + "1 1\n1 2 1\n", "line 3: found no value, expected a number"},
           {size + "1 1 1 1\n1 2 1\n", "line 3: found more than three fields"},
           {size + "1 1 nan\n1 2 1\n", "line 3: found 'nan', expected a finite count"},
           {size + "1 1 inf\n1 2 1\n", "line 3: found 'inf', expected a finite count"},
           {size + "1 1 -2\n1 2 1\n", "line 3: found '-2', expected a finite count"},
           {size + "1 1 1e300\n1 2 1\n", "line 3: found '1e300', expected a finite count"},
           {size + "1 1 2.5\n1 2 1\n", "line 3: found '2.5', expected a whole number"},
           {size + "1 1 1\n\n1 2 1\n", "line 5: found an entry after a blank line"},
           {kBanner + "2 4 0\n", "barcodes.tsv: found 2 barcodes, expected 4, as matrix.mtx says (2 genes × 4 cells)"},
           {kBanner + "3 4 0\n", "barcodes.tsv: found 2 barcodes, expected 4, as matrix.mtx says (3 genes × 4 cells)"},
           {kBanner + "2 2 0\n",
            "features.tsv: found 3 features, expected 2, as matrix.mtx says (2 genes × 2 cells); remove the header"},
       }) {
    CAPTURE(matrix);
    CHECK(contains(error_of(matrix), said));
  }
}

TEST_CASE("damaged tables beside a matrix are refused at their line") {
  const std::string matrix = kBanner + "3 2 0\n";
  const std::string features = "G1\tA\nG2\tB\nG3\tA\n";
  CHECK(contains(error_of(matrix, "G1\tA\n\tB\nG1\tC\n"), "features.tsv line 2: found a line without a gene id"));
  CHECK(contains(error_of(matrix, ""), "features.tsv: found an empty file"));
  CHECK(contains(error_of(matrix, "a\ta\tPeaks\nb\tb\tPeaks\nc\tc\tPeaks\n"), "found no row of type Gene Expression"));
  CHECK(contains(error_of(matrix, features, "AA\nAA\n"), "barcodes.tsv line 2: found barcode AA again, first in line 1"));
  CHECK(contains(error_of(matrix, features, "AA\n\n"), "barcodes.tsv: found 1 barcode, expected 2"));
  CHECK(contains(error_of(matrix, features, "AA\n\nCC\n"), "barcodes.tsv line 2: found an empty line"));
  CHECK(contains(error_of(matrix, features, "AA\n\tCC\n"), "barcodes.tsv line 2: found a line without a barcode"));
  CHECK(contains(error_of(matrix, features, ""), "barcodes.tsv: found an empty file"));
}

TEST_CASE("a triple that is not whole, or there twice, is refused") {
  const TempFolder folder;
  folder.write("matrix.mtx", kBanner + "1 1 0\n");
  CHECK(contains(input_error([&] { open_source(folder.path()); }), "found matrix.mtx without barcodes.tsv[.gz]"));
  folder.write("barcodes.tsv", "AA\n");
  CHECK(contains(input_error([&] { open_source(folder.path()); }), "without features.tsv[.gz] or genes.tsv[.gz]"));
  folder.write("genes.tsv", "G1\n");
  CHECK(input_error([&] { open_source(folder.path()); }).empty());
  folder.write("matrix.mtx.gz", "x");
  CHECK(contains(input_error([&] { open_source(folder.path()); }), "found both matrix.mtx and matrix.mtx.gz"));
}

TEST_CASE("the real covid libraries hold the same sums per cell as their h5ad") {
  const auto shared = shared_data();
  if (!shared) return;
  const auto whole = open_h5ad(*shared / "covid-combat/covid.h5ad");
  const auto expected = sums_of(*whole);
  std::size_t n_cells = 0;
  for (const auto& path : find_sources(*shared / "covid-combat/mex")) {
    const auto source = open_source(path);
    CHECK(source->head().format == "10x MEX v3, gzip");
    for (const auto& [barcode, sum] : sums_of(*source)) {
      ++n_cells;
      REQUIRE(expected.contains(barcode));
      REQUIRE(expected.at(barcode) == sum);
    }
  }
  CHECK(n_cells == expected.size());
  CHECK(n_cells == 4591);
}

TEST_CASE("real 10x folders of versions 2 and 3 are read") {
  const auto shared = shared_data();
  if (!shared) return;
  const auto v3 = open_source(*shared / "fixtures/10x_scanpy/tests/_data/10x_data/3.0.0/filtered_feature_bc_matrix");
  CHECK(v3->head().format == "10x MEX v3, gzip");
  CHECK(read_all(*v3, 7).n_rows() == v3->head().n_cells);
  const auto v2 = open_source(*shared / "fixtures/10x_scanpy/tests/_data/10x_data/1.2.0/filtered_gene_bc_matrices/hg19_chr21");
  CHECK(v2->head().n_cells == 12);
  CHECK(v2->head().genes.ids.front() == "DSCAM");
  CHECK(read_all(*v2, 7).indices.size() == 12);
  const auto integers = open_source(*shared / "fixtures/10x_scanpy/tests/_data/10x_data/int-ids");
  CHECK(read_all(*integers, 7).indices.size() == 3);
  const auto pbmc = open_source(*shared / "fixtures/mex_v2_hg19_pbmc100");
  CHECK(pbmc->head().n_cells == 100);
  CHECK(read_all(*pbmc, 7).indices.size() == 84735);
}

TEST_CASE("real 10x files in HDF5 and with antibodies are read, and what is no matrix of genes is refused") {
  const auto shared = shared_data();
  if (!shared) return;
  const auto tenx = *shared / "fixtures/10x_scanpy/tests/_data/10x_data",
             seurat = *shared / "fixtures/seurat_testdata/tests/testdata";
  const auto folder = open_source(tenx / "3.0.0/filtered_feature_bc_matrix");
  const auto v3 = open_source(tenx / "3.0.0/filtered_feature_bc_matrix.h5");
  CHECK(v3->head().genes == folder->head().genes);
  CHECK(v3->head().obs.index == folder->head().obs.index);
  CHECK(same_rows(read_all(*v3, 100), read_all(*folder, 64)));
  const auto v2 = open_source(tenx / "1.2.0/filtered_gene_bc_matrices_h5.h5");
  CHECK(same_rows(read_all(*v2, 100), read_all(*open_source(tenx / "1.2.0/filtered_gene_bc_matrices/hg19_chr21"), 64)));
  const auto two = tenx / "1.2.0/multiple_genomes.h5";
  CHECK(
      contains(input_error([&] { open_source(two); }), "found 2 genomes (another_genome, hg19_chr21), expected the choice of one"));
  CHECK(open_source(two, {.genome = "another_genome"})->head().genes.ids.front() == "gene_0");
  CHECK(open_source(seurat / "cr3.0")->head().notes == std::vector<std::string>{"dropped 2 rows of type Antibody Capture"});
  CHECK(read_all(*open_source(seurat / "visium/filtered_feature_bc_matrix.h5"), 100).indices.size() == 50355);
  CHECK(contains(input_error([&] { open_source(seurat / "visium/raw_probe_bc_matrix.h5"); }), "found a matrix of probes"));
  CHECK(find_sources(seurat / "visium").size() == 1);
}
