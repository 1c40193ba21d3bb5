// Every h5ad file there is among the shared data: read, and equal to what anndata or h5py reads, or refused in a known sentence.

#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;
namespace fs = std::filesystem;

namespace {

// What cannot be read, and why; everything else must be.
const std::map<std::string, std::string> kRefused = {
    {"fixtures/anndata_archives/tests/data/archives/v0.11.4/adata.h5ad",
     "found no matrix, expected counts in X, in raw/X or in a layer"},
    {"fixtures/duckdb_anndata/test_complex_uns.h5ad", "found a Git-LFS pointer of 131 bytes in place of the file"},
    {"fixtures/duckdb_anndata/test_with_layers.h5ad", "found a Git-LFS pointer of 132 bytes in place of the file"},
};

std::vector<fs::path> h5ad_files(const fs::path& shared) {
  std::vector<fs::path> files;
  for (const char* folder : {"fixtures", "ifnb-kang", "covid-combat", "aml-van-galen", "pancreas-subset"}) {
    if (!fs::exists(shared / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(shared / folder)) {
      const bool galaxy = entry.path().parent_path().filename() == "galaxy_scanpy" && entry.path().extension() == ".h5";
      if (entry.path().extension() == ".h5ad" || galaxy) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void check_matrix(const fs::path& file, const std::string& layer, const nlohmann::json& expected, std::int64_t n_cells) {
  const auto source = open_source(file, {.layer = layer});
  CHECK(source->head().n_cells == n_cells);
  CHECK(source->head().genes.size() == expected.at("n_genes").get<std::int64_t>());
  double sum = 0;
  std::int64_t n_rows = 0;
  for (CsrBlock block; source->read_block(700, block); n_rows += block.n_rows())
    for (const float value : block.values) sum += value;
  CHECK(n_rows == n_cells);
  CHECK(std::abs(sum - expected.at("sum").get<double>()) <= 1e-6 * expected.at("size").get<double>() + 1e-9);
}

void check_column(const Column& column, const nlohmann::json& expected) {
  std::int64_t missing = 0;
  double sum = 0;
  std::map<std::string, std::int64_t> texts;
  for (std::int64_t i = 0; i < column.size(); ++i) {
    if (column.missing(i)) {
      ++missing;
    } else if (column.kind == Column::Kind::number) {
      sum += column.numbers[i];
    } else {
      ++texts[column.text(i)];
    }
  }
  CHECK(missing == expected.at("missing").get<std::int64_t>());
  if (column.kind == Column::Kind::number) {
    REQUIRE(expected.contains("sum"));
    CHECK(sum == doctest::Approx(expected.at("sum").get<double>()).epsilon(1e-5));
  } else {
    REQUIRE(expected.contains("texts"));
    CHECK(nlohmann::json(texts) == expected.at("texts"));
  }
}

}  // namespace

TEST_CASE("files of formats that are not read are refused by their name, with a way to the counts") {
  const TempFolder folder;
  struct Case {
    std::string name, bytes, said;
  };
  for (const auto& [name, bytes, said] : std::vector<Case>{
           {"data.zarr/.zgroup", "{}",
            "data.zarr: found a Zarr store, expected an .h5ad file or a 10x matrix; write it as .h5ad: anndata"},
           {"a.zarr.zip", "PK\x03\x04...", "found a zipped Zarr store"},
           {"pbmc.RDS", "\x1f\x8b", "found an object of R, expected an .h5ad file or a 10x matrix; in R write the counts"},
           {"small.rda", "RDX3", "found objects of R"},
           {"x.json", "{\n1 2 3\n4 5 6\n}", "found a JSON file"},
           {"t.pkl", "\x80", "found a Python pickle"},
           {"alone/barcodes.tsv.gz", "\x1f\x8b",
            "found the cells of a 10x matrix alone, expected an .h5ad file or a 10x matrix; name the"},
           {"data.bin", "version https://git-lfs.github.com/spec/v1", "found a Git-LFS pointer in place of the file"},
           {"photo", "\x89PNG", "found a file of unknown format"},
       }) {
    CAPTURE(name);
    auto file = folder.write(name, bytes);
    if (file.filename() == ".zgroup") file = file.parent_path();
    CHECK(contains(input_error([&] { open_source(file); }), said));
  }
}

TEST_CASE("every shared h5ad file is read as anndata reads it, or refused in a sentence that is known") {
  const auto shared = shared_data();
  if (!shared) return;
  std::string readable;
  for (const auto& file : h5ad_files(*shared)) {
    const auto refused = kRefused.find(file.lexically_relative(*shared).string());
    if (refused == kRefused.end()) {
      readable += " '" + file.string() + "'";
    } else {
      CHECK(contains(input_error([&] { open_source(file); }), refused->second));
    }
  }
  const TempFolder folder;
  const auto status = run_script("expect_h5ad.py", readable + " > " + (folder / "expected.json").string());
  if (!status) return;
  REQUIRE(*status == 0);
  std::ifstream stream(folder / "expected.json");
  const auto table = nlohmann::json::parse(stream);
  CHECK(table.size() >= 50);
  for (const auto& [file, expected] : table.items()) {
    CAPTURE(file);
    for (const auto& [layer, matrix] : expected.at("matrices").items()) {
      CAPTURE(layer);
      CHECK(input_error([&] { check_matrix(file, layer, matrix, expected.at("n_cells").get<std::int64_t>()); }) == "");
    }
    const auto lazy = open_source(file, {.hold_column = [](const std::string&) { return false; }});
    const auto source = open_source(file);
    CHECK(lazy->head().obs.names.empty());
    for (const auto& [name, column] : expected.at("obs").items()) {
      CAPTURE(name);
      check_column(source->head().obs.column(name, "test"), column);
      check_column(lazy->read_obs_column(name), column);
    }
  }
}
