#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/io/tenx_mex_write.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

CsrBlock small_rows() {
  CsrBlock rows;
  rows.push(0, 3);
  rows.push(2, 500);
  rows.end_row();
  rows.end_row();  // a cell without counts
  rows.push(1, 65535);
  rows.end_row();
  return rows;
}

// Three cells by four genes, given in blocks of `rows_per_block`.
H5adContents small_contents(std::int64_t rows_per_block) {
  H5adContents contents;
  contents.obs.index = {"AAA-1", "CCC-1", "GGG-1"};
  contents.obs.set("disease", make_text_column({"AML", "", "healthy"}));
  contents.obs.set("n/counts", make_number_column({503, kMissing, 65535}));
  contents.var.index = {"ENSG00000000001", "ENSG00000000002", "ENSG00000000003", "ENSG00000000004"};
  contents.var.set("gene_symbols", make_text_column({"CD3E", "ACTB", "", "CD3E"}));
  contents.notes = {{"made_by", "a test"}};
  contents.n_nonzero = 3;
  contents.next_block = [rows_per_block, next = std::int64_t{0}](CsrBlock& block) mutable {
    const CsrBlock rows = small_rows();
    block.clear();
    for (std::int64_t i = 0; i < rows_per_block && next < rows.n_rows(); ++i, ++next) {
      const CsrRow row = rows.row(next);
      for (std::size_t k = 0; k < row.genes.size(); ++k) block.push(row.genes[k], row.values[k]);
      block.end_row();
    }
    return block.n_rows() > 0;
  };
  return contents;
}

void check_small(const GeneList& genes, const Frame& obs) {
  CHECK(genes.ids == std::vector<std::string>{"ENSG00000000001", "ENSG00000000002", "ENSG00000000003", "ENSG00000000004"});
  CHECK(genes.symbols == std::vector<std::string>{"CD3E", "ACTB", "ENSG00000000003", "CD3E"});
  CHECK(obs.index == std::vector<std::string>{"AAA-1", "CCC-1", "GGG-1"});
  REQUIRE(obs.find("disease") != nullptr);
  CHECK(obs.find("disease")->text(0) == "AML");
  CHECK(obs.find("disease")->missing(1));
  REQUIRE(obs.find("n/counts") != nullptr);
  CHECK(obs.find("n/counts")->kind == Column::Kind::number);
  CHECK(obs.find("n/counts")->numbers[2] == 65535);
  CHECK(obs.find("n/counts")->missing(1));
}

}  // namespace

TEST_CASE("what write_h5ad wrote is read back by the stream and by the mapping, in both widths") {
  const TempFolder folder;
  for (const bool whole_16_bit : {false, true}) {
    H5adContents contents = small_contents(2);
    contents.whole_16_bit = whole_16_bit;
    write_h5ad(folder / "a.h5ad", contents);
    const auto source = open_h5ad(folder / "a.h5ad");
    check_small(source->head().genes, source->head().obs);
    CHECK(source->head().notes.empty());
    for (const std::int64_t rows : {1, 2, 100}) {
      CHECK(same_rows(read_all(*source, rows), small_rows()));
      source->rewind();
    }
    const MappedH5ad mapped = map_h5ad(folder / "a.h5ad");
    check_small(mapped.genes, mapped.obs);
    CellTable table(mapped.genes, mapped.obs, {503, 0, 65535}, {mapped.shard});
    CsrBlock rows;
    for (std::int64_t i = 0; i < 3; ++i) table.append_row(i, rows);
    CHECK(same_rows(rows, small_rows()));
    CHECK(std::holds_alternative<std::span<const std::uint16_t>>(mapped.shard.values) == whole_16_bit);
    CHECK(reinterpret_cast<std::uintptr_t>(mapped.shard.indices.data()) % 4096 == 0);
  }
}

TEST_CASE("the same cells give the same bytes, however they are cut into blocks") {
  const TempFolder folder;
  write_h5ad(folder / "a.h5ad", small_contents(1));
  write_h5ad(folder / "b.h5ad", small_contents(3));
  CHECK((read_file(folder / "a.h5ad") == read_file(folder / "b.h5ad")));
}

TEST_CASE("a wrong announcement is a bug of the caller and leaves no file") {
  const TempFolder folder;
  for (const std::int64_t announced : {2, 4}) {
    H5adContents contents = small_contents(2);
    contents.n_nonzero = announced;
    CHECK_THROWS_AS(write_h5ad(folder / "a.h5ad", contents), InternalError);
  }
  H5adContents contents = small_contents(2);
  contents.obs.index.push_back("TTT-1");
  contents.obs.columns.clear();
  contents.obs.names.clear();
  CHECK_THROWS_AS(write_h5ad(folder / "a.h5ad", contents), InternalError);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("X grows where the number of entries is not known beforehand, and holds the same") {
  for (const auto packing : {Hdf5Packing::none, Hdf5Packing::gzip}) {
    const TempFolder folder;
    H5adContents contents = small_contents(2);
    const std::int64_t n_entries = contents.n_nonzero.value();
    write_h5ad(folder / "known.h5ad", contents);
    contents = small_contents(2);
    contents.n_nonzero.reset();
    contents.packing = packing;
    CHECK(write_h5ad(folder / "grown.h5ad", contents) == n_entries);
    CsrBlock known, grown;
    open_h5ad(folder / "known.h5ad")->read_block(100, known);
    open_h5ad(folder / "grown.h5ad")->read_block(100, grown);
    CHECK(known.indptr == grown.indptr);
    CHECK(known.indices == grown.indices);
    CHECK(known.values == grown.values);
  }
}

TEST_CASE("a matrix without any count can be written, read and mapped") {
  const TempFolder folder;
  H5adContents contents = small_contents(2);
  contents.n_nonzero = 0;
  contents.next_block = [given = false](CsrBlock& block) mutable {
    block.clear();
    for (int i = 0; i < 3 && !given; ++i) block.end_row();
    return !std::exchange(given, true);
  };
  write_h5ad(folder / "a.h5ad", contents);
  const auto source = open_h5ad(folder / "a.h5ad");
  const CsrBlock rows = read_all(*source, 2);
  CHECK(rows.n_rows() == 3);
  CHECK(rows.indices.empty());
  CHECK(map_h5ad(folder / "a.h5ad").shard.n_rows() == 3);
}

TEST_CASE("dense results come back as they were written") {
  const TempFolder folder;
  Frame obs, var;
  obs.index = {"u1", "u2"};
  obs.set("n", make_number_column({1, 2}));
  var.index = {"g1", "g2", "g3"};
  const std::vector<double> x{1, 2, 3, 4, kMissing, 1e-300}, sums{0, 0, 0, 9, 8, 7};
  write_dense_h5ad(folder / "d.h5ad", {.obs = obs, .var = var, .x = x, .layers = {{"sums", sums}}});
  const DenseH5ad back = read_dense_h5ad(folder / "d.h5ad");
  CHECK(back.obs.index == obs.index);
  CHECK(back.var.index == var.index);
  CHECK(back.obs.find("n")->numbers == std::vector<double>{1, 2});
  CHECK(back.x[5] == 1e-300);
  CHECK(std::isnan(back.x[4]));
  REQUIRE(back.layers.size() == 1);
  CHECK(back.layers[0].first == "sums");
  CHECK(back.layers[0].second == sums);
  const std::vector<double> wrong(5);
  CHECK_THROWS_AS(write_dense_h5ad(folder / "e.h5ad", {.obs = obs, .var = var, .x = wrong, .layers = {}}), InternalError);
}

TEST_CASE("anndata and scanpy read what we wrote and find the same numbers, words and gaps") {
  const TempFolder folder;
  write_h5ad(folder / "a.h5ad", small_contents(2));
  H5adContents narrow = small_contents(2);
  narrow.whole_16_bit = true;
  write_h5ad(folder / "b.h5ad", narrow);
  const std::vector<double> x(12, 0.5), layer(12, 2);
  write_dense_h5ad(folder / "d.h5ad", {.obs = narrow.obs, .var = narrow.var, .x = x, .layers = {{"sums", layer}}});
  const H5adContents rows = small_contents(1);
  write_tenx_mex(folder / "mex", {.genes = {rows.var.index.texts(), {"A", "B", "C", "A"}},
                                  .barcodes = rows.obs.index,
                                  .n_nonzero = rows.n_nonzero.value(),
                                  .next_block = rows.next_block});
  if (const auto status = run_script("check_written.py", folder.path().string())) CHECK(*status == 0);
}

TEST_CASE("a column the format cannot hold is refused by name") {
  const TempFolder folder;
  H5adContents contents = small_contents(2);
  contents.obs.set("_index", make_constant_column("x", 3));
  CHECK(contains(input_error([&] { write_h5ad(folder / "a.h5ad", contents); }), "a column called '_index'"));
}
