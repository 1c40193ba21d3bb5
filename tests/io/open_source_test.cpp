#include <cellverdict/io/open_source.h>

#include <doctest/doctest.h>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

void write_triple(const TempFolder& folder, const std::string& prefix) {
  folder.write(prefix + "matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n");
  folder.write(prefix + "barcodes.tsv", "AA\n");
  folder.write(prefix + "features.tsv", "G1\tA\tGene Expression\n");
}

std::vector<std::string> names_in(const TempFolder& folder) {
  std::vector<std::string> names;
  for (const auto& path : find_sources(folder.path())) names.push_back(path.lexically_relative(folder.path()).string());
  return names;
}

}  // namespace

TEST_CASE("a folder's libraries are its prefixed triples, its 10x folders and its h5ad files, by name") {
  const TempFolder folder;
  write_triple(folder, "GSM2_b_");
  write_triple(folder, "GSM1_a.");
  write_triple(folder, "plain/");
  write_triple(folder, "series/filtered_feature_bc_matrix/");
  write_triple(folder, "series/raw_feature_bc_matrix/");
  write_triple(folder, "unpacked/GSM9_x_");
  folder.write("z.h5ad", "x");
  folder.write("notes.txt", "x");
  folder.write("empty/readme", "x");
  CHECK(names_in(folder) ==
        std::vector<std::string>{"GSM1_a.", "GSM2_b_", "plain", "series/filtered_feature_bc_matrix", "unpacked/GSM9_x_", "z.h5ad"});
  CHECK(open_source(folder / "GSM1_a.")->head().name == "GSM1_a");
  CHECK(open_source(folder / "GSM2_b_")->head().name == "GSM2_b");
  CHECK(open_source(folder / "GSM2_b")->head().name == "GSM2_b");
  CHECK(open_source(folder / "GSM2_b_matrix.mtx")->head().name == "GSM2_b");
  CHECK(open_source(folder / "plain/")->head().name == "plain");
  CHECK(open_source(folder / "series/filtered_feature_bc_matrix")->head().name == "series");
  CHECK(open_source(folder / "unpacked")->head().name == "GSM9_x");
  CHECK(contains(input_error([&] { open_source(folder.path()); }), "found 6 libraries (GSM1_a., GSM2_b_, plain"));
}

TEST_CASE("a source is named as its reader names it, so that two folders of version 2 are two sources") {
  const TempFolder folder;
  write_triple(folder, "A/outs/GRCh38/");
  write_triple(folder, "B/outs/GRCh38/");
  write_triple(folder, "GSM1_a_");
  write_triple(folder, "plain/");
  CHECK(source_name(folder / "A/outs/GRCh38") == "A");
  CHECK(source_name(folder / "B/outs/GRCh38/") == "B");
  for (const std::string path : {"A/outs/GRCh38", "A/outs/GRCh38/matrix.mtx", "plain/", "plain/matrix.mtx", "GSM1_a_", "GSM1_a",
                                 "GSM1", "GSM1_a_matrix.mtx"})
    CHECK_MESSAGE(source_name(folder / path) == open_source(folder / path)->head().name, path);
  folder.write("donors.v1.h5ad", "x");
  CHECK(source_name(folder / "donors.v1.h5ad") == "donors.v1");
}

TEST_CASE("a folder that is one library is its own only source") {
  const TempFolder folder;
  write_triple(folder, "");
  write_triple(folder, "below/");
  CHECK(find_sources(folder.path()) == std::vector<std::filesystem::path>{folder.path()});
}

TEST_CASE("a path that is nothing, or nothing we read, is refused in one sentence") {
  const TempFolder folder;
  write_triple(folder, "GSM1_control_");
  folder.write("table.dat", "a,b\n");
  CHECK(contains(input_error([&] { open_source(folder / "GSM1_controll"); }), "found nothing at this path"));
  CHECK(contains(input_error([&] { open_source(folder / "tabel.dat"); }), "did you mean 'table.dat'?"));
  CHECK(contains(input_error([&] { open_source(folder / "table.dat"); }), "found a file of unknown format"));
  CHECK(contains(input_error([&] { open_source(folder / "none/here"); }), "there is no folder"));
  CHECK(contains(input_error([&] { find_sources(folder / "none"); }), "found nothing at this path"));
  std::filesystem::create_directory(folder / "void");
  CHECK(contains(input_error([&] { find_sources(folder / "void"); }), "found no single-cell data in this folder"));
}

TEST_CASE("the real series with prefixes has four libraries") {
  const auto shared = shared_data();
  if (!shared) return;
  const auto paths = find_sources(*shared / "ifnb-kang/mex");
  REQUIRE(paths.size() == 4);
  CHECK(paths[0].filename() == "GSM000001_ctrl101_");
  std::int64_t n_cells = 0;
  for (const auto& path : paths) n_cells += read_all(*open_source(path), 64).n_rows();
  CHECK(n_cells == 1556);
}
