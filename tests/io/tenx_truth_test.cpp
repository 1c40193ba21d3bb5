// 10x matrices in folders, HDF5 and archives hold what scanpy reads from them.

#include <cellverdict/io/open_source.h>
#include <cellverdict/io/tenx_h5.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

namespace fs = std::filesystem;

// Made once for all tests of this file; null when there is no scanpy.
const TempFolder* made() {
  static const TempFolder folder;
  static const auto status = run_script("make_tenx.py", folder.path().string());
  if (status) REQUIRE(*status == 0);
  return status ? &folder : nullptr;
}

struct Truth {
  std::string path, genome;
  std::vector<std::string> barcodes;
  GeneList genes;
  CsrBlock rows;
};

Truth read_truth(const fs::path& file) {
  std::ifstream stream(file);
  Truth out;
  std::string line, kind, first, second;
  std::getline(stream, line);
  std::istringstream(line) >> out.path >> out.genome;
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    words >> kind >> first >> second;
    if (kind == "B") out.barcodes.push_back(first);
    if (kind == "G") {
      out.genes.ids.push_back(first);
      out.genes.symbols.push_back(second);
    }
    if (kind != "E") continue;
    float value = 0;
    words >> value;
    while (out.rows.n_rows() < std::stoll(first)) out.rows.end_row();
    out.rows.push(std::stoi(second), value);
  }
  while (out.rows.n_rows() < static_cast<std::int64_t>(out.barcodes.size())) out.rows.end_row();
  return out;
}

void check_truth(CellSource& source, const Truth& truth) {
  const std::vector<std::string> barcodes(source.head().obs.index.begin(), source.head().obs.index.end());
  CHECK(barcodes == truth.barcodes);
  CHECK(source.head().genes == truth.genes);
  for (const std::int64_t rows : {10, 1000}) {
    CHECK(same_rows(read_all(source, rows), truth.rows));
    source.rewind();
  }
}

std::string error_of(const std::string& name) {
  return input_error([&] {
    const auto source = open_source(*made() / name);
    read_all(*source, 10);
  });
}

std::vector<std::string> names_in(const fs::path& path) {
  std::vector<std::string> names;
  for (const auto& found : find_sources(path)) names.push_back(found.lexically_relative(path).string());
  return names;
}

}  // namespace

TEST_CASE("folders and HDF5 files of 10x hold what scanpy reads from them, however they are written") {
  const TempFolder* folder = made();
  if (folder == nullptr) return;
  int n_checked = 0;
  for (const auto& entry : fs::directory_iterator(folder->path())) {
    if (entry.path().extension() != ".truth") continue;
    const Truth truth = read_truth(entry.path());
    CAPTURE(truth.path);
    ++n_checked;
    if (truth.genome.empty()) {
      check_truth(*open_source(*folder / truth.path), truth);
    } else {
      check_truth(*open_tenx_h5(*folder / truth.path, {.genome = truth.genome}), truth);
    }
  }
  CHECK(n_checked == 14);
}

TEST_CASE("what an HDF5 matrix loses is counted, and a genome that is not chosen or not there is asked for") {
  const TempFolder* folder = made();
  if (folder == nullptr) return;
  const auto whole = open_source(*folder / "v3.h5");
  CHECK(whole->head().format == "10x HDF5 v3");
  CHECK(whole->head().name == "v3");
  CHECK(whole->head().notes ==
        std::vector<std::string>{"dropped 6 rows of type Antibody Capture", "dropped 3 rows of type CRISPR Guide Capture",
                                 "dropped 2 rows of type Multiplexing Capture", "holds genes of 2 genomes (GRCh38, mm10)"});
  CHECK(open_tenx_h5(*folder / "v3.h5", {.genome = "mm10"})->head().notes.back() == "dropped 30 genes of other genomes than mm10");
  CHECK(contains(input_error([&] { open_tenx_h5(*folder / "v3.h5", {.genome = "mm9"}); }),
                 "found no genes of genome mm9, expected one of GRCh38, mm10; did you mean 'mm10'?"));
  CHECK(contains(input_error([&] { open_tenx_h5(*folder / "v2.h5", {.genome = "mm9"}); }), "found no genome mm9"));
  CHECK(contains(error_of("v2.h5"), "found 2 genomes (GRCh38, mm10), expected the choice of one"));
}

TEST_CASE("HDF5 files that are damaged or something else are refused in one sentence") {
  if (made() == nullptr) return;
  CHECK(contains(error_of("negative.h5"), "found a count of -3"));
  CHECK(contains(error_of("shape.h5"), "found a shape of 60 × 97, expected 61 features × 97 barcodes"));
  CHECK(contains(error_of("probes.h5"), "found a matrix of probes, expected a matrix of genes"));
  CHECK(contains(error_of("antibodies.h5"), "found no feature of type Gene Expression"));
  CHECK(contains(error_of("anything.h5"), "found an HDF5 file with measurements, notes, expected an .h5ad file"));
}

TEST_CASE("an archive of a series is read in place, each library once") {
  const TempFolder* folder = made();
  if (folder == nullptr) return;
  const Truth truth = read_truth(*folder / "v3.truth"), whole = read_truth(*folder / "v3.h5.truth");
  for (const std::string name : {"ustar.tar", "gnu.tar", "pax.tar"}) {
    CAPTURE(name);
    const fs::path tar = *folder / name;
    const auto paths = find_sources(tar);
    REQUIRE(paths.size() == 5);
    for (const auto& path : paths) {
      CAPTURE(path);
      const auto source = open_source(path);
      check_truth(*source, path.string().find(".h5") != std::string::npos ? whole : truth);
      CHECK(source->head().name == source_name(path));
      CHECK(source->head().files == std::vector<fs::path>{tar});
      CHECK(find_sources(path) == std::vector<fs::path>{path});
    }
    const auto called = open_source(tar / "GSM3");
    CHECK(called->head().name == "GSM3");
    CHECK(called->head().notes.back() == "GSM3_raw_feature_bc_matrix.h5 is left out as another form of the same library");
    CHECK(read_all(*open_source(tar / "GSM3_raw_feature_bc_matrix.h5"), 100).values.front() == 3 * whole.rows.values.front());
    CHECK(open_source(tar / "GSM1")->head().name == "GSM1_a");
    CHECK(contains(input_error([&] { open_source(tar / "GSM"); }), "nothing of this name in the archive"));
    CHECK(contains(input_error([&] { open_source(tar); }), "found 5 libraries (GSM1_a_, GSM2_b_, GSM3_filtered"));
  }
  CHECK(names_in(*folder / "ustar.tar") == std::vector<std::string>{"GSM1_a_", "GSM2_b_", "GSM3_filtered_feature_bc_matrix.h5",
                                                                    "GSM4.h5.gz", "run5/outs/filtered_feature_bc_matrix"});
  CHECK(source_name(*folder / "ustar.tar/run5/outs/filtered_feature_bc_matrix") == "run5");
  CHECK(names_in(*folder / "series") ==
        std::vector<std::string>{"GSM1_a_", "GSM2_b_", "GSM3_filtered_feature_bc_matrix.h5", "GSM4.h5.gz"});
}
