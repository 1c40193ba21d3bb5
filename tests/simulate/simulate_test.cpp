#include <cellverdict/simulate/simulate.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/tenx_mex.h>

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <map>

using namespace cellverdict;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("cellverdict_simulate_" + std::to_string(::getpid()))) { fs::remove_all(path_); }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

SimulateOptions small(const std::string& design) {
  SimulateOptions options;
  options.design = design;
  options.n_cells = 60;
  options.n_genes = 1000;
  options.n_disease_genes = 20;
  options.n_day_genes = 20;
  options.n_donors = 4;
  options.mean_counts = 300;
  return options;
}

SimulatedCohort make(SimulateOptions options, const std::string& folder, int threads, std::uint64_t seed = 42) {
  options.output = folder;
  RunContext context;
  context.threads = threads;
  context.seed = seed;
  return simulate_cohort(context, options);
}

// Relative path and digest of every file.
std::map<std::string, std::string> digests(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) out[fs::relative(entry.path(), folder).string()] = sha256_of_file(entry.path());
  return out;
}

}  // namespace

TEST_CASE("the same seed gives the same bytes with one thread and with four, another seed gives others") {
  for (const std::string design : {"cohort", "lmna"}) {
    CAPTURE(design);
    const Folder folder;
    make(small(design), folder / "one", 1);
    make(small(design), folder / "four", 4);
    make(small(design), folder / "other", 1, 43);
    const auto one = digests(folder / "one");
    CHECK(one.size() == (design == "cohort" ? 4 : 12 * 3 + 4));
    CHECK(one == digests(folder / "four"));
    for (const auto& [name, digest] : digests(folder / "other"))
      if (name.find("barcodes") == std::string::npos && name.find("features") == std::string::npos && name != "samples.csv") {
        CAPTURE(name);
        CHECK(digest != one.at(name));
      }
  }
}

TEST_CASE("the lmna design is twelve 10x folders and the sheet that names them") {
  const Folder folder;
  const auto made = make(small("lmna"), folder / "lmna", 2);
  CHECK(made.n_libraries == 12);
  CHECK(made.n_cells == 720);
  CHECK(made.notes.size() == 1);
  CHECK(read_file(made.data) ==
        "library,path,donor,genotype,day,replicate\n"
        "GSM8325046,GSM8325046,sister,Control,0,A\n"
        "GSM8325047,GSM8325047,sister,Control,2,A\n"
        "GSM8325048,GSM8325048,sister,Control,4,A\n"
        "GSM8325049,GSM8325049,sister,Control,9,A\n"
        "GSM8325050,GSM8325050,sister,Control,9,B\n"
        "GSM8325051,GSM8325051,sister,Control,16,A\n"
        "GSM8325052,GSM8325052,sister,Control,19,A\n"
        "GSM8325053,GSM8325053,sister,Control,30,A\n"
        "GSM8325054,GSM8325054,patient,Patient,0,A\n"
        "GSM8325055,GSM8325055,patient,Patient,9,B\n"
        "GSM8325056,GSM8325056,patient,Patient,16,A\n"
        "GSM8325057,GSM8325057,patient,Patient,19,A\n");
  std::int64_t n_nonzero = 0;
  for (int l = 46; l <= 57; ++l) {
    const fs::path library = folder / "lmna/GSM83250" + std::to_string(l);
    for (const char* file : {"matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz"}) CHECK(fs::exists(library / file));
    const auto source = open_tenx_mex(find_tenx_mex(library, "").value());
    CHECK(source->head().n_cells == 60);
    CHECK(source->head().genes.size() == 1000);
    n_nonzero += source->head().n_nonzero;
  }
  CHECK(n_nonzero == made.n_nonzero);
}

TEST_CASE("a cohort is one h5ad file whose cells carry their labels") {
  const Folder folder;
  auto options = small("cohort");
  options.n_days = 2;
  const auto made = make(options, folder / "cohort", 2);
  const auto source = open_h5ad(made.data);
  const auto& head = source->head();
  CHECK(head.n_cells == 480);
  CHECK(head.obs.names == std::vector<std::string>{"cell_type", "donor", "library", "disease", "batch", "day"});
  CHECK(head.obs.find("donor")->text(0) == "D01");
  CHECK(head.obs.find("library")->text(60) == "D01_d1");
  CHECK(head.obs.find("day")->text(60) == "1");
  CHECK(head.genes.symbols.back() == "MT-CYB");
  CsrBlock block;
  std::int64_t n_rows = 0, n_nonzero = 0;
  double n_counts = 0;
  while (source->read_block(100, block)) {
    n_rows += block.n_rows();
    n_nonzero += block.indptr.back();
    for (const float v : block.values) n_counts += v;
  }
  CHECK(n_rows == 480);
  CHECK(n_nonzero == made.n_nonzero);
  CHECK(n_counts / 480 == doctest::Approx(made.mean_counts));
}

TEST_CASE("an output that is no folder is refused before anything is drawn") {
  const Folder folder;
  CHECK_THROWS_WITH_AS(make(small("cohort"), folder / "cohort.h5ad", 1), doctest::Contains("expected a folder"), UsageError);
  CHECK_THROWS_AS(make(small("cohort"), "", 1), UsageError);
}

TEST_CASE("a request to stop leaves no data file behind") {
  const Folder folder;
  std::atomic<bool> stop = false;
  RunContext context;
  context.stop = &stop;
  context.progress = [&](std::string_view stage, std::int64_t done, std::int64_t) { stop = stage == "writing cells" && done > 0; };
  auto options = small("cohort");
  options.output = folder / "stopped";
  CHECK_THROWS_AS(simulate_cohort(context, options), Interrupted);
  if (fs::exists(options.output)) CHECK(digests(options.output).empty());
}

TEST_CASE("a second run that is interrupted leaves no truth of the first beside its data") {
  const Folder folder;
  auto options = small("cohort");
  options.output = folder / "again";
  const auto first = simulate_cohort({}, options);
  REQUIRE(fs::exists(first.truth));
  std::atomic<bool> stop = false;
  RunContext context;
  context.stop = &stop;
  context.progress = [&](std::string_view stage, std::int64_t done, std::int64_t) { stop = stage == "writing cells" && done > 0; };
  CHECK_THROWS_AS(simulate_cohort(context, options), Interrupted);
  CHECK_FALSE(fs::exists(first.truth));
  CHECK(fs::exists(first.data));  // the old one, whole
}
