#include <cellverdict/io/h5ad_copy.h>
#include <cellverdict/io/open_source.h>
#include <cellverdict/run/convert.h>

#include <doctest/doctest.h>

#include <limits>

#include "io/temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

std::vector<std::string> texts(const auto& names) {
  return {names.begin(), names.end()};
}

std::string file_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Any complaint, not of the input alone.
std::string error_of(const ConvertRequest& request) {
  try {
    convert_file({}, request);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

std::optional<bool> make_tables(const TempFolder& folder) {
  const auto status = run_script("make_tables.py", folder.path().string());
  if (!status) return std::nullopt;
  return *status == 0;
}

}  // namespace

TEST_CASE("every format gives the same numbers and names after any other, and anndata, scanpy, pandas and h5py read them") {
  const TempFolder folder;
  const auto made = make_tables(folder);
  if (!made) return;
  REQUIRE(*made);
  const auto truth = open_source(folder / "truth.h5ad");
  const CsrBlock expected = read_all(*truth, 100);
  const std::vector<std::string> written = {"out.h5ad", "out.h5", "out", "out.loom", "out.csv", "out.tsv.gz"};
  for (const auto& from : written) {
    if (from != "out.tsv.gz") convert_file({}, {.input = folder / "truth.h5ad", .output = folder / from});
    if (from == "out.tsv.gz") convert_file({}, {.input = folder / "truth.h5ad", .output = folder / from, .genes_by_cells = true});
    for (const auto& to : written) {
      INFO(from, " to ", to);
      const std::string name = "again_" + to;
      const auto result = convert_file({}, {.input = folder / from, .output = folder / name, .genes_by_cells = to == "out.tsv.gz"});
      CHECK(result.n_cells == 150);
      CHECK(result.n_nonzero == static_cast<std::int64_t>(expected.indices.size()));
      const auto again = open_source(folder / name);
      CHECK(same_rows(read_all(*again, 64), expected));
      CHECK(texts(again->head().obs.index) == texts(truth->head().obs.index));
      CHECK(texts(again->head().genes.ids) == texts(truth->head().genes.ids));
      const auto holds = [](const std::string& x, const char* what) { return x.find(what) != std::string::npos; };
      const auto names_symbols = [&](const std::string& x) { return !holds(x, ".csv") && !holds(x, ".tsv"); };
      CHECK((again->head().genes.symbols == truth->head().genes.symbols) == (names_symbols(from) && names_symbols(to)));
      const auto holds_obs = [&](const std::string& x) { return holds(x, ".h5ad") || holds(x, ".loom"); };
      const bool keeps = holds_obs(from) && holds_obs(to);
      REQUIRE((again->head().obs.find("age") != nullptr) == keeps);
      if (keeps) CHECK(again->head().obs.find("age")->numbers == truth->head().obs.find("age")->numbers);
    }
  }
  convert_file({}, {.input = folder / "truth.h5ad", .output = folder / "packed.h5ad", .gzip = true});
  convert_file({}, {.input = folder / "truth.h5ad", .output = folder / "genome.h5", .genome = "GRCh38"});
  convert_file({}, {.input = folder / "truth.h5ad", .output = folder / "plain.h5", .gzip = false});
  convert_file({}, {.input = folder / "truth.h5ad", .output = folder / "plain", .gzip = false});
  CHECK(std::filesystem::exists(folder / "plain/matrix.mtx"));
  CHECK(convert_file({}, {.input = folder / "truth.h5ad", .output = folder / "some.h5ad", .where = "donor == 'd1'"}).n_left_out ==
        120);
  const std::string before = file_bytes(folder / "user.h5ad");
  const auto layer =
      convert_file({}, {.input = folder / "out.tsv.gz", .output = folder / "with_counts.h5ad", .write_into = folder / "user.h5ad"});
  CHECK(layer.n_cells == 100);
  CHECK(layer.n_left_out == 50);
  H5adCopy copy(folder / "user.h5ad", folder / "called.h5ad");
  std::vector<std::string> called(100);
  called[0] = "AML";
  called[1] = "healthy";
  std::vector<double> probability(100, std::numeric_limits<double>::quiet_NaN());
  probability[0] = 0.75;
  copy.add_obs("cellverdict_class", make_text_column(called));
  copy.add_obs("cellverdict_AML", make_number_column(probability));
  copy.add_obs("cellverdict_passes_qc", make_text_column(called));
  copy.add_obs("cellverdict_class", make_text_column(called));  // replaced, not doubled
  copy.commit();
  CHECK(run_script("check_converted.py", folder.path().string()) == 0);
  CHECK(file_bytes(folder / "user.h5ad") == before);
}

TEST_CASE("the same input gives the same bytes") {
  const TempFolder folder;
  const auto table = folder.write("a.csv", ",ACTB,GAPDH\nc1,1,2\nc2,0,3\n");
  for (const std::string ending : {".h5ad", ".h5", ".loom", ".csv", ".tsv.gz"}) {
    for (const std::string name : {"b", "c"}) convert_file({}, {.input = table, .output = folder / (name + ending)});
    CHECK(file_bytes(folder / ("b" + ending)) == file_bytes(folder / ("c" + ending)));
  }
}

TEST_CASE("an output that cannot hold the values, or would overwrite other things, is refused and nothing is written") {
  const TempFolder folder;
  const auto table = folder.write("a.csv", ",ACTB,GAPDH\nc1,1,2.5\nc2,0,-3\n");
  CHECK(contains(error_of({.input = table, .output = folder / "b"}), "found a negative value"));
  CHECK(contains(error_of({.input = table, .output = folder / "b.h5"}), "expected whole counts"));
  CHECK(contains(error_of({.input = table, .output = folder / "b.rds"}), "found a name ending in .rds, which is not written"));
  CHECK(contains(error_of({.input = table, .output = table}), "the input itself"));
  CHECK(contains(error_of({.input = table, .output = folder.path()}), "a folder with other things in it ('a.csv')"));
  CHECK(contains(error_of({.input = table, .output = folder / "b.csv", .gzip = true}), "name it b.csv.gz"));
  CHECK(contains(error_of({.input = table, .output = folder / "b.loom", .genes_by_cells = true}),
                 "expected a .csv or .tsv to write"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a layer is refused when a cell, a gene or the name does not fit, and then no copy is left") {
  const TempFolder folder;
  const auto made = make_tables(folder);
  if (!made) return;
  REQUIRE(*made);
  const auto request = [&](const char* input, const char* as) {
    return ConvertRequest{.input = folder / input, .output = folder / "copy.h5ad", .write_into = folder / "user.h5ad", .as = as};
  };
  convert_file({}, {.input = folder / "truth.h5ad", .output = folder / "some.h5ad", .where = "donor == 'd1'"});
  CHECK(contains(error_of(request("some.h5ad", "counts")), " of 100 (such as '"));
  folder.write("few.csv", ",ACTB,GAPDH\nx,1,2\n");
  CHECK(contains(error_of(request("few.csv", "counts")), "found 100 cells of 100"));
  CHECK(contains(error_of(request("truth.h5ad", "scaled")), "a layer the file has already"));
  CHECK(contains(error_of(request("truth.h5ad", "a/b")), "a name without slashes"));
  CHECK(!std::filesystem::exists(folder / "copy.h5ad"));
}

TEST_CASE("columns are added to files of anndata 0.7, and older ones are refused with advice") {
  const auto data = shared_data();
  if (!data) return;
  const TempFolder folder;
  const auto archives = *data / "fixtures/anndata_archives/tests/data/archives";
  for (const char* version : {"v0.7.0", "v0.7.8", "v0.11.4"}) {
    INFO(version);
    const auto original = archives / version / "adata.h5ad";
    H5adCopy copy(original, folder / "a.h5ad");
    const auto n = static_cast<std::size_t>(copy.n_cells());
    copy.add_obs("cellverdict_class", make_text_column(std::vector<std::string>(n, "x")));
    copy.add_obs("cellverdict_p", make_number_column(std::vector<double>(n, 0.5)));
    copy.commit();
    const auto status = run_script("check_added.py", original.string() + " " + (folder / "a.h5ad").string());
    if (status) CHECK(*status == 0);
  }
  CHECK(contains(input_error([&] { H5adCopy(archives / "v0.5.0/adata.h5ad", folder / "b.h5ad"); }),
                 "read it with a current anndata"));
  CHECK(!std::filesystem::exists(folder / "b.h5ad"));
}
