#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

// The files of make_h5ad.py, made once; null when there is no anndata.
const TempFolder* made() {
  return made_by("make_h5ad.py");
}

CsrBlock expected_rows(const TempFolder& folder, float shift = 0) {
  std::ifstream stream(folder / "counts.txt");
  CsrBlock rows;
  for (std::string line; std::getline(stream, line); rows.end_row()) {
    std::istringstream numbers(line);
    float value = 0;
    for (std::int32_t gene = 0; numbers >> value; ++gene)
      if (value + shift != 0) rows.push(gene, value + shift);
  }
  return rows;
}

std::string error_of(const std::filesystem::path& file) {
  return input_error([&] {
    const auto source = open_source(file);
    read_all(*source, 50);
  });
}

}  // namespace

TEST_CASE("every layout, type and compression of X gives the same rows, whatever the block and the memory") {
  if (made() == nullptr) return;
  const CsrBlock expected = expected_rows(*made());
  REQUIRE(expected.n_rows() == 300);
  for (const char* name : {"csr", "csr_gzip", "csr_int", "csc", "csc_lzf", "dense", "dense_gzip", "unsorted"}) {
    CAPTURE(std::string(name));
    for (const std::int64_t memory : {std::int64_t{1}, std::int64_t{4000}, std::int64_t{1} << 28}) {
      if (memory == 1 && std::string(name).starts_with("csc_")) continue;  // a sweep a row: slow, and the same code
      for (const int threads : {1, 4}) {
        if (memory == 1 && threads > 1) continue;  // a band a row: threads only to be started and ended
        const auto source = open_h5ad(*made() / (std::string(name) + ".h5ad"), {.memory_bytes = memory, .threads = threads});
        CHECK(same_rows(read_all(*source, 7), expected));
        source->rewind();
        CHECK(same_rows(read_all(*source, 1000), expected));
      }
    }
  }
}

TEST_CASE("a matrix by columns that changes between the counting of its entries and their reading is refused") {
  if (made() == nullptr) return;
  const CsrBlock rows = read_all(*open_source(*made() / "csc_long.h5ad"), 1000);
  std::vector<std::int32_t> first_column;
  for (std::int64_t i = 0; i < rows.n_rows(); ++i)
    if (const CsrRow row = rows.row(i); !row.genes.empty() && row.genes[0] == 0)
      first_column.push_back(static_cast<std::int32_t>(i));
  const TempFolder folder;
  std::ifstream whole(*made() / "csc_long.h5ad", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  const std::string column(reinterpret_cast<const char*>(first_column.data()), first_column.size() * sizeof(std::int32_t));
  const std::size_t place = bytes.find(column);
  REQUIRE(place != std::string::npos);
  // Of all entries of the column in one row, that row has many more and the others one less.
  const auto changed = static_cast<std::int32_t>(rows.n_rows() - 2);
  for (const int threads : {1, 3}) {
    const auto file = folder.write("a.h5ad", bytes);
    const auto source =
        open_h5ad(file, {.memory_bytes = 16 * static_cast<std::int64_t>(rows.values.size() / 4), .threads = threads});
    CsrBlock block;
    REQUIRE(source->read_block(1, block));
    {
      std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
      stream.seekp(static_cast<std::streamoff>(place));
      for (std::size_t i = 0; i < first_column.size(); ++i) stream.write(reinterpret_cast<const char*>(&changed), sizeof(changed));
    }
    CHECK(contains(input_error([&] {
                     while (source->read_block(100, block)) {
                     }
                   }),
                   "a.h5ad: found other contents than when it was opened"));
  }
}

TEST_CASE("numbers of an impossible size are refused before room is made for one") {
  if (made() == nullptr) return;
  const TempFolder folder;
  std::ifstream whole(*made() / "csr.h5ad", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  // The type of a 32-bit float as the format has it: class, order and sign, then its bytes, the first and the number of its bits.
  const std::string type("\x11\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00", 12);
  REQUIRE(bytes.find(type) != std::string::npos);
  for (std::size_t at = 0; (at = bytes.find(type, at)) != std::string::npos;)
    bytes.replace(at + 4, 4, std::string("\x00\x00\x10\x00", 4));
  CHECK(contains(error_of(folder.write("a.h5ad", bytes)), "found elements of 1,048,576 bytes, expected sizes that numbers"));
}

TEST_CASE("negative values pass, explicit zeros do not") {
  if (made() == nullptr) return;
  CHECK(same_rows(read_all(*open_source(*made() / "negative.h5ad"), 64), expected_rows(*made(), -1)));
  const CsrBlock all = expected_rows(*made()), some = read_all(*open_source(*made() / "zeros.h5ad"), 64);
  const auto ones = std::count(all.values.begin(), all.values.end(), 1.0F);
  CHECK(some.n_rows() == 300);
  CHECK(some.values.size() == all.values.size() - static_cast<std::size_t>(ones));
}

TEST_CASE("every encoding of a column is read, with what is missing in it") {
  if (made() == nullptr) return;
  const auto source = open_source(*made() / "csr.h5ad");
  const SourceHead& head = source->head();
  CHECK(head.format == "h5ad CSR");
  CHECK(head.name == "csr");
  CHECK(head.obs.index[299] == "cell299");
  const auto text = [&](const char* name, std::int64_t row) { return head.obs.column(name, "test").text(row); };
  CHECK(head.obs.column("category", "test").levels == std::vector<std::string>{"b", "a", "unused"});
  CHECK(text("category", 0) == "b");
  CHECK(text("category", 1).empty());
  CHECK(text("ordered", 5) == "high");
  CHECK(text("many", 299) == "level299");
  CHECK(text("number_category", 3) == "15");
  CHECK(text("text", 12) == "t2");
  CHECK(text("flag", 3) == "True");
  CHECK(text("flag", 4) == "False");
  for (const char* name : {"int8", "uint16", "int64", "float16", "float32", "float64"}) {
    CAPTURE(name);
    CHECK(head.obs.column(name, "test").kind == Column::Kind::number);
    CHECK(text(name, 199) == "99");
  }
  CHECK(text("gap", 1) == "0.25");
  CHECK(text("gap", 2).empty());
  CHECK(text("nullable_int", 2) == "2");
  CHECK(text("nullable_int", 3).empty());
  CHECK(text("nullable_bool", 2) == "True");
  CHECK(text("nullable_bool", 4).empty());
  CHECK(text("nullable_text", 5) == "s5");
  CHECK(text("nullable_text", 6).empty());
  CHECK(head.obs.names.size() == 16);
}

TEST_CASE("genes go by Ensembl ids where the file has them, with symbols for people") {
  if (made() == nullptr) return;
  const auto genes_of = [&](const std::string& name) { return open_source(*made() / (name + ".h5ad"))->head(); };
  const SourceHead with_ids = genes_of("csr");
  CHECK(with_ids.genes.ids[7] == "ENSG00000000007");
  CHECK(with_ids.genes.symbols[7] == "GENE7");
  CHECK(with_ids.notes == std::vector<std::string>{"gene ids are those of var/gene_ids"});
  const SourceHead plain = genes_of("genes_plain");
  CHECK(plain.genes.ids[7] == "GENE7");
  CHECK(plain.genes.symbols == plain.genes.ids);
  const SourceHead named = genes_of("genes_named");
  CHECK(named.genes.ids[31] == "ENSG00000000031");
  CHECK(named.genes.symbols[31] == "S1");
  const SourceHead repeated = genes_of("genes_repeated_column");
  CHECK(repeated.genes.ids[7] == "ENSG00000000003");  // as in the file; resolve_genes sums them
  const SourceHead incomplete = genes_of("genes_incomplete_column");
  CHECK(incomplete.genes.ids[1] == "GENE1");
  CHECK(incomplete.genes.ids[2] == "GENE2");
  CHECK(incomplete.genes.ids[7] == "ENSG00000000007");
  CHECK(incomplete.notes.front() ==
        "gene ids are those of var/gene_ids; 2 genes without an Ensembl id there go by the index of var");
  CHECK(genes_of("genes_repeated_symbols").genes.symbols[39] == "A");
  CHECK(genes_of("genes_repeated_index").genes.ids[1] == "A");
}

TEST_CASE("what is odd but readable is read and said") {
  if (made() == nullptr) return;
  CHECK(open_source(*made() / "cells_repeated.h5ad")->head().notes.front() == "gene ids are those of var/gene_ids");
  CHECK(open_source(*made() / "cells_repeated.h5ad")->head().notes.back() == "2 cell names in obs repeat another");
  const auto source = open_source(*made() / "unknown_column.h5ad");
  CHECK(source->head().notes.front() == "left out obs/text, whose encoding (awkward-array) is not read");
  CHECK(source->head().obs.find("text") == nullptr);
}

TEST_CASE("damaged files are refused in one sentence that names the place") {
  if (made() == nullptr) return;
  struct Case {
    std::string name, said;
  };
  for (const auto& [name, said] : std::vector<Case>{
           {"no_cells", "no_cells.h5ad: found no cells"},
           {"no_genes", "no_genes.h5ad: found no genes"},
           {"repeated_entry", "found two entries for gene ENSG000000000"},
           {"index_high", "X/indices: found index 40 at entry"},
           {"index_negative", "X/indices: found index -1 at entry"},
           {"nan", "): found NaN for gene ENSG"},
           {"infinite", "found an infinite value for gene ENSG"},
           {"nan_dense", "X row 7 (cell7): found NaN for gene ENSG00000000003"},
           {"nan_csc", "found NaN for gene ENSG00000000000"},
           {"indptr_falls", "X/indptr: found a value that falls at 4"},
           {"indptr_start", "X/indptr: found a first value of 1, expected 0"},
           {"indptr_short", "X/indptr: found 300 values, expected 301"},
           {"data_short", "as X/indptr says; the file is damaged"},
           {"indices_short", "as X/indptr says; the file is damaged"},
           {"data_text", "X/data: found values that are not numbers"},
           {"shape", "X: found 300 × 41, expected 300 cells × 40 genes, as obs and var say"},
           {"no_shape", "X: found no shape, expected 300 cells"},
           {"x_encoding", "X: found encoding coo_matrix"},
           {"no_indices", "no_indices.h5ad: found no X/indices"},
           {"no_obs", "found an HDF5 file without obs and var"},
           {"no_column", "no_column.h5ad: found no obs/text"},
           {"code_high", "obs/category/codes: found code 3, expected codes below 3"},
           {"column_short", "obs/float32: found 299 values, expected 300 values"},
           {"index_short", "expected 299 values, one for each name of the index"},
           {"dense_shape", "X: found 300 × 39, expected 300 cells × 40 genes"},
           {"mudata", "found an HDF5 file of type MuData"},
           {"huge", "obs/float64: found a dataset of 8,796,093,022,208 bytes in a file of"},
           {"huge_chunk", "obs/float64: found chunks of 2,147,483,648 bytes in a file of"},
           {"tenx", "found an HDF5 file with matrix, expected"},
           {"truncated", "found a truncated HDF5 file ("},
           {"text", "found a file that is not HDF5"},
           {"empty", "found an empty file"},
       }) {
    CAPTURE(name);
    CHECK(contains(error_of(*made() / (name + ".h5ad")), said));
  }
}

TEST_CASE("a file of another make is not taken for a shard") {
  if (made() == nullptr) return;
  const auto error = [&](const std::string& name) { return input_error([&] { map_h5ad(*made() / (name + ".h5ad")); }); };
  CHECK(contains(error("csc"), "X: found another layout, expected csr_matrix"));
  CHECK(contains(error("csr_gzip"), "expected"));
  CHECK(contains(error("csr_int"), "prepare the data again"));  // its indices have 64 bits
}
