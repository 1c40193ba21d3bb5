// A store of more or fewer sources, and one whose writing was interrupted: what is done is not read again, and every byte is as if
// all had been prepared from nothing.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/prepare/part.h>
#include <cellverdict/prepare/store_json.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "prepare/example_files.h"
#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace fs = std::filesystem;

namespace {

// What was said while a store was written.
struct Told {
  std::vector<std::string> logs, warnings;
  bool was_read(const std::string& source) const {
    return std::ranges::any_of(logs, [&](const std::string& line) { return line.starts_with("read      " + source + " "); });
  }
  bool looked_for_parts() const {
    return std::ranges::any_of(logs, [](const std::string& line) { return line.find("taken over") != std::string::npos; });
  }
};

Told prepare(const StoreRequest& request, const fs::path& store, std::uint64_t seed = 42) {
  Told told;
  RunContext context;
  context.seed = seed;
  context.log = [&](std::string_view line) { told.logs.emplace_back(line); };
  context.warn = [&](std::string_view line) { told.warnings.emplace_back(line); };
  write_store(context, request, store);
  return told;
}

std::map<std::string, std::string> digests_of(const fs::path& folder) {
  std::map<std::string, std::string> digests;
  for (const auto& entry : fs::directory_iterator(folder)) digests[entry.path().filename()] = sha256_of_file(entry.path());
  return digests;
}

// Writes the same from nothing and compares every file.
void check_as_from_nothing(const StoreRequest& request, const fs::path& store) {
  const fs::path clean = store.parent_path() / "clean";
  fs::remove_all(clean);
  prepare(request, clean);
  CHECK(digests_of(store) == digests_of(clean));
  CHECK(!fs::exists(store.string() + ".parts"));
  CHECK(!fs::exists(clean.string() + ".parts"));
}

// Of the example's four libraries, those named, in this order. Donor d1 is in L1 and L4.
void list(const TempFolder& folder, const std::vector<std::string>& libraries) {
  const std::map<std::string, std::string> rows = {
      {"L1", "Control,d1,0"}, {"L2", "Control,d2,1"}, {"L3", "Patient,d3,0"}, {"L4", "Control,d1,1"}};
  std::string sheet = "library,path,genotype,donor,day\n";
  for (const auto& name : libraries) sheet += name + "," + name + "," + rows.at(name) + "\n";
  folder.write("samples.csv", sheet);
}

void flip_byte(const fs::path& file, std::int64_t place) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(place);
  const int byte = stream.get();
  stream.seekp(place);
  stream.put(static_cast<char>(byte ^ 0x5A));
}

}  // namespace

TEST_CASE("sources are added and taken away without reading the others, and the bytes are those of preparing all from nothing") {
  for (const std::string unit : {"library", "donor"}) {
    CAPTURE(unit);
    const TempFolder folder;
    StoreRequest request = write_study(folder);
    request.data.unit = unit;
    list(folder, {"L2", "L3"});
    CHECK(!prepare(request, folder / "store").looked_for_parts());
    list(folder, {"L1", "L2", "L3", "L4"});  // the first of them moves down
    Told told = prepare(request, folder / "store");
    CHECK(says(told.logs, "prepare   2 of 4 sources taken over, 2 read"));
    CHECK((told.was_read("L1") && told.was_read("L4") && !told.was_read("L2") && !told.was_read("L3")));
    check_as_from_nothing(request, folder / "store");
    list(folder, {"L3", "L4"});  // d1 is now in one source alone
    CHECK(says(prepare(request, folder / "store").logs, "prepare   2 of 2 sources taken over, 0 read"));
    check_as_from_nothing(request, folder / "store");
    list(folder, {"L4", "L3", "L1"});  // and in two again, in another order
    CHECK(says(prepare(request, folder / "store").logs, "prepare   2 of 3 sources taken over, 1 read"));
    check_as_from_nothing(request, folder / "store");
    CHECK(read_store(folder / "store", request.data).units.size() == (unit == "donor" ? 2 : 3));
  }
}

TEST_CASE("a failure in one source keeps those before it, and the next writing goes on from there") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  const fs::path matrix = folder / "L3" / "matrix.mtx.gz";
  const std::string whole = read_file(fs::exists(matrix) ? matrix : folder / "L3" / "matrix.mtx");
  const std::string name = fs::exists(matrix) ? "L3/matrix.mtx.gz" : "L3/matrix.mtx";
  folder.write(name, whole.substr(0, whole.size() - whole.size() / 4));
  CHECK_FALSE(sentence<Error>([&] { prepare(request, folder / "store"); }).empty());
  CHECK(!fs::exists(folder / "store"));
  CHECK(fs::exists(folder / "store.parts"));
  folder.write(name, whole);
  const Told told = prepare(request, folder / "store");
  CHECK(says(told.logs, "prepare   2 of 4 sources taken over, 2 read"));
  CHECK((!told.was_read("L1") && !told.was_read("L2")));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("an interrupt keeps the sources that are done, also for a study that has one more by then") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  list(folder, {"L1", "L2", "L3"});
  std::atomic<bool> stop = false;
  RunContext context;
  context.stop = &stop;
  context.progress = [&](std::string_view what, std::int64_t, std::int64_t) { stop = what == "read L3"; };
  CHECK(says(sentence<Interrupted>([&] { write_store(context, request, folder / "store"); }),
             "the sources that are done are kept: run again to go on"));
  list(folder, {"L1", "L2", "L3", "L4"});
  CHECK(says(prepare(request, folder / "store").logs, "prepare   2 of 4 sources taken over, 2 read"));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("a file that changed is read again, and it alone") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  prepare(request, folder / "store");
  write_library(folder / "L2", 40, example_genes(30), example_counts("other"));
  const Told told = prepare(request, folder / "store");
  CHECK(says(told.logs, "prepare   3 of 4 sources taken over, 1 read"));
  CHECK(told.was_read("L2"));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("an option or a label that changes the shard has the source read again, and one that does not has not") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  prepare(request, folder / "store");
  request.prepare.max_genes = 12;
  CHECK(says(prepare(request, folder / "store").logs, "prepare   0 of 4 sources taken over, 4 read"));
  check_as_from_nothing(request, folder / "store");
  std::string sheet = read_file(folder / "samples.csv");
  sheet.replace(sheet.find("Control,d2,1"), 12, "Control,d9,1");
  folder.write("samples.csv", sheet);
  CHECK(says(prepare(request, folder / "store").logs, "prepare   3 of 4 sources taken over, 1 read"));
  check_as_from_nothing(request, folder / "store");
  request.data.donor = "";
  request.prepare.genes.n = 7;
  request.data.min_overlap = 0.9;
  CHECK(says(prepare(request, folder / "store").logs, "prepare   4 of 4 sources taken over, 0 read"));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("genes that all sources share change with a source that lacks some, and those of a panel do not") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  write_library(folder / "L4", 40, example_genes(27), example_counts("L4"));
  list(folder, {"L1", "L2", "L3"});
  prepare(request, folder / "store");
  list(folder, {"L1", "L2", "L3", "L4"});
  Told told = prepare(request, folder / "store");
  CHECK(says(told.logs, "prepare   the genes of the study are others than before: every source is read again"));
  CHECK(says(told.logs, "prepare   0 of 4 sources taken over, 4 read"));
  check_as_from_nothing(request, folder / "store");

  std::string panel;
  for (int g = 0; g < 29; ++g) panel += example_genes(30).ids[g] + "\n";
  folder.write("panel.txt", panel);
  request.data.panel = "panel.txt";
  list(folder, {"L1", "L2", "L3"});
  prepare(request, folder / "store");
  list(folder, {"L1", "L2", "L3", "L4"});
  told = prepare(request, folder / "store");
  CHECK(says(told.logs, "prepare   3 of 4 sources taken over, 1 read"));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("a source of whose cells others are drawn is read again, and one of other units is not") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.data.unit = "donor";
  request.prepare.max_cells = 25;
  list(folder, {"L1", "L2", "L3"});
  prepare(request, folder / "store");
  list(folder, {"L1", "L2", "L3", "L4"});  // 25 cells of d1 are now drawn from two libraries
  const Told told = prepare(request, folder / "store");
  CHECK(says(told.logs, "prepare   2 of 4 sources taken over, 2 read"));
  CHECK((told.was_read("L1") && told.was_read("L4")));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("words of the harmonisation table for the new source alone leave the others as they are") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.data.harmonise = "words.csv";
  folder.write("words.csv", "column,from,to,source\ngenotype,Patient,ill,L3\n");
  list(folder, {"L1", "L2", "L3"});
  prepare(request, folder / "store");
  folder.write("words.csv", "column,from,to,source\ngenotype,Patient,ill,L3\ngenotype,Control,well,L4\n");
  list(folder, {"L1", "L2", "L3", "L4"});
  CHECK(says(prepare(request, folder / "store").logs, "prepare   3 of 4 sources taken over, 1 read"));
  check_as_from_nothing(request, folder / "store");
  folder.write("words.csv", "column,from,to,source\ngenotype,Patient,sick,L3\ngenotype,Control,well,L4\n");
  CHECK(says(prepare(request, folder / "store").logs, "prepare   3 of 4 sources taken over, 1 read"));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("what was warned of when a source was read is warned of when it is taken over") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  Frame obs;
  for (int i = 0; i < 40; ++i) obs.index.push_back("cell" + std::to_string(i));
  write_annotated(folder / "L2.h5ad", obs, example_genes(30), [](int i, int g) { return example_counts("L2")(i, g) * 7.25F; });
  const std::string sheet = "library,path,genotype\nL1,L1,Control\nL2,L2.h5ad,Patient\n";
  folder.write("samples.csv", sheet);
  request.data.donor = "";
  CHECK(says(prepare(request, folder / "store").warnings, "the counts are not all whole numbers"));
  folder.write("samples.csv", sheet + "L3,L3,Patient\n");
  const Told told = prepare(request, folder / "store");
  CHECK((!told.was_read("L1") && !told.was_read("L2")));
  CHECK(says(told.warnings, "the counts are not all whole numbers"));
  check_as_from_nothing(request, folder / "store");
  CHECK(says(read_store_index(folder / "store").notes, "the counts are not all whole numbers"));
}

TEST_CASE("a source of which no cell is left is taken over too") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  write_library(folder / "L2", 40, example_genes(30), [](int, int g) { return g < 4 ? 1.0F : 0.0F; });
  list(folder, {"L1", "L2", "L3"});
  prepare(request, folder / "store");
  list(folder, {"L2", "L3", "L4"});
  CHECK(says(prepare(request, folder / "store").logs, "prepare   2 of 3 sources taken over, 1 read"));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("a part that is not what it was is found, warned of, and made anew") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.data.unit = "donor";
  list(folder, {"L1", "L2", "L3", "L4"});
  const auto check_redone = [&](const std::string& source) {
    const Told told = prepare(request, folder / "store");
    CHECK(says(told.warnings, source.empty() ? "part.json" : "What was kept of source '" + source + "' is damaged and not used"));
    CHECK(says(told.logs, "prepare   3 of 4 sources taken over, 1 read"));
    check_as_from_nothing(request, folder / "store");
  };
  prepare(request, folder / "store");
  flip_byte(folder / "store" / "001_L2.cells", 100);
  check_redone("L2");
  flip_byte(folder / "store" / "003_L4.sums", 100);
  check_redone("L4");
  fs::resize_file(folder / "store" / "000_L1.h5ad", 5000);
  check_redone("L1");
  fs::remove(folder / "store" / "002_L3.cells");
  check_redone("L3");
  folder.write("store/002_L3.part.json", "{\"format\": 1");
  check_redone("");
  std::string page = read_file(folder / "store" / "001_L2.part.json");
  page.replace(page.find("\"d2\""), 4, "\"d7\"");
  folder.write("store/001_L2.part.json", page);
  check_redone("L2");
  // The sums of units of one source are those of the whole.
  folder.write("store/statistics.h5ad", "nothing");
  const Told told = prepare(request, folder / "store");
  CHECK((told.was_read("L2") && told.was_read("L3") && !told.was_read("L1") && !told.was_read("L4")));
  check_as_from_nothing(request, folder / "store");
}

TEST_CASE("what is said of a part is read back as it was written, and a damaged page is refused by its name") {
  const Part part{.request = "r",
                  .genes = "g",
                  .inputs = {"1", "2"},
                  .source = "A",
                  .path = "a.h5ad",
                  .units = {{"d1", "s1"}, {"d2", "s2"}},
                  .n_cells = 7,
                  .cells = "c",
                  .n_rows = 5,
                  .shard_bytes = 4096,
                  .values = ValueState::fractional_counts,
                  .notes = {"a.h5ad: odd"}};
  const std::string text = part_to_json(part);
  CHECK(part_to_json(part_from_json(text, "page")) == text);
  for (const char* damaged : {"", "[]", "{}", "{\"format\": 2}", "{\"format\": 1, \"values\": \"odd\"}"})
    CHECK(says(sentence<InputError>([&] { part_from_json(damaged, "page"); }), "page"));
}

TEST_CASE("a shard gets a second name where the file system has such, and is copied where it has not") {
  const TempFolder folder;
  folder.write("shard", "counts");
  give_another_name(folder / "shard", folder / "same");
  CHECK(fs::hard_link_count(folder / "shard") == 2);
  CHECK(read_file(folder / "same") == "counts");
  // Between two file systems there is no second name.
  const fs::path elsewhere = "/dev/shm/cellverdict_" + folder.path().filename().string();
  std::error_code failure;
  fs::create_directory(elsewhere, failure);
  if (failure) return;
  give_another_name(folder / "shard", elsewhere / "copy");
  CHECK(read_file(elsewhere / "copy") == "counts");
  fs::remove_all(elsewhere);
  CHECK_FALSE(sentence<InputError>([&] { give_another_name(folder / "nothing", folder / "name"); }).empty());
}

TEST_CASE("a store whose cells depend on all the others is made whole, and gives nothing to take over") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  for (const bool after : {true, false}) {
    request.prepare.draw = after ? "after" : "before";
    request.prepare.mads = after ? 0 : 3;
    for (int again = 0; again < 2; ++again) CHECK(!prepare(request, folder / "store").looked_for_parts());
    for (const auto& [name, digest] : digests_of(folder / "store")) CHECK(name.find(".part.json") == std::string::npos);
  }
}

TEST_CASE("an index of another format is told from a damaged one") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  CHECK(!is_of_other_format(folder / "store"));
  prepare(request, folder / "store");
  CHECK(!is_of_other_format(folder / "store"));
  std::string index = read_file(folder / "store" / "store.json");
  folder.write("store/store.json", index.substr(0, index.size() / 2));
  CHECK(!is_of_other_format(folder / "store"));
  index.replace(index.find("\"format\": 2"), 11, "\"format\": 1");
  folder.write("store/store.json", index);
  CHECK(is_of_other_format(folder / "store"));
  CHECK(says(sentence<InputError>([&] { read_store_index(folder / "store"); }),
             "store.json: found format 1, expected format 2; run the experiment again, which makes the store anew"));
}
