#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/prepare/normalise.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/prepare/quality.h>
#include <cellverdict/prepare/store_json.h>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "prepare/example_files.h"
#include "split/example_cohort.h"
#include "stats/truth_script.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

StoreIndex write_into(const TempFolder& folder, const StoreRequest& request, std::uint64_t seed = 42) {
  RunContext context;
  context.seed = seed;
  return write_store(context, request, folder / "store");
}

std::vector<std::int64_t> stage(const StoreIndex& index, const std::string& beginning) {
  for (std::size_t s = 0; s < index.flow.stages.size(); ++s)
    if (index.flow.stages[s].starts_with(beginning)) return index.flow.n_cells[s];
  FAIL("no stage ", beginning);
  return {};
}

// Every kept cell with its counts by gene id, and the total it is normalised by.
using Cells = std::map<std::string, std::map<std::string, float>>;
Cells cells_of(const Cohort& cohort) {
  Cells cells;
  for (std::int64_t i = 0; i < cohort.table->n_cells(); ++i) {
    CsrBlock row;
    cohort.table->append_row(i, row);
    CHECK(std::is_sorted(row.indices.begin(), row.indices.end()));
    auto& counts = cells[cohort.table->obs().index.text(i)];
    for (std::size_t k = 0; k < row.indices.size(); ++k) counts[cohort.table->genes().ids[row.indices[k]]] = row.values[k];
  }
  return cells;
}

// What quality control should leave of the four libraries.
Cells expected_cells(const PrepareOptions& options) {
  Cells cells;
  for (const std::string name : {"L1", "L2", "L3", "L4"})
    for (int i = 0; i < 40; ++i) {
      std::map<std::string, float> counts;
      float total = 0, mito = 0;
      for (int g = 0; g < 30; ++g) {
        const float x = example_counts(name)(i, g);
        if (x == 0) continue;
        counts["ENSG" + std::to_string(g)] = x;
        total += x;
        if (g < 2) mito += x;
      }
      const auto n = static_cast<std::int64_t>(counts.size());
      if (n < options.min_genes || n > options.max_genes || 100 * mito > options.max_mito_percent * static_cast<double>(total))
        continue;
      cells["BC" + std::to_string(i) + "-" + name] = counts;
    }
  return cells;
}

std::int64_t total(const std::vector<std::int64_t>& n) {
  return std::accumulate(n.begin(), n.end(), std::int64_t{0});
}

}  // namespace

TEST_CASE("the store holds the counts of exactly the cells that pass quality control") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  const StoreIndex index = write_into(folder, request);
  const Cohort cohort = read_store(folder / "store", request.data);
  const Cells expected = expected_cells(request.prepare);
  REQUIRE(expected.size() > 60);
  REQUIRE(expected.size() < 150);
  CHECK(cells_of(cohort) == expected);
  CHECK(cohort.table->genes() == example_genes(30));
  for (std::int64_t i = 0; i < cohort.table->n_cells(); ++i) {
    double sum = 0;
    for (const auto& [gene, x] : expected.at(cohort.table->obs().index.text(i))) sum += x;
    CHECK(cohort.table->total(i) == sum);
  }
  CHECK(cohort.units == std::vector<std::string>{"L1", "L2", "L3", "L4"});
  CHECK(cohort.donors == std::vector<std::string>{"d1", "d2", "d3", "d4"});
  CHECK(index.shards == std::vector<std::string>{"000_L1.h5ad", "001_L2.h5ad", "002_L3.h5ad", "003_L4.h5ad"});
  CHECK(index.inputs.size() == 12);
  CHECK(stage(index, "in the files") == std::vector<std::int64_t>{40, 40, 40, 40});
  CHECK(stage(index, "at least 8 genes") != stage(index, "in the files"));
  CHECK(stage(index, "at most 13 genes") != stage(index, "at least 8 genes"));
  CHECK(total(stage(index, "at most 15 % mitochondrial")) == static_cast<std::int64_t>(expected.size()));
}

TEST_CASE("the index is read back as it was written") {
  const TempFolder folder;
  const StoreIndex written = write_into(folder, write_study(folder));
  const StoreIndex read = read_store_index(folder / "store");
  CHECK(read.key == written.key);
  CHECK(read.normalisation == "counts, 10000 per cell, log1p");
  CHECK(read.shards == written.shards);
  CHECK(read.flow.stages == written.flow.stages);
  CHECK(read.flow.n_cells == written.flow.n_cells);
  CHECK(read.quality == written.quality);
  CHECK(read.notes == written.notes);
  CHECK(read.inputs == written.inputs);
}

TEST_CASE("the index carries the quality of the cells, may have none, and a damaged one is refused") {
  StoreIndex index{.key = "k", .normalisation = "counts", .flow = {{"A", "B"}, {"in the files"}, {{3, 4}}}};
  CHECK(store_index_from_json(store_index_to_json(index), "store.json").quality == QualitySummary{});
  index.quality.units = {"A", "B"};
  for (auto* stage : {&index.quality.before, &index.quality.after}) {
    stage->total = {make_quality_box({812, 4000, 9001.5}), make_quality_box({})};
    stage->n_genes = {make_quality_box({300, 700, 900}), make_quality_box({})};
    stage->mito_percent = {make_quality_box({1.0 / 3, 2, 30}), make_quality_box({})};
  }
  const std::string text = store_index_to_json(index);
  CHECK(store_index_from_json(text, "store.json").quality == index.quality);

  auto json = nlohmann::json::parse(text);
  json["quality"]["after"]["pct_counts_mt"].erase(0);
  CHECK(says(sentence<InputError>([&] { store_index_from_json(json.dump(), "store.json"); }),
             "store.json quality: found boxes for 1 unit, expected one for each unit it names"));
  json["quality"]["after"]["pct_counts_mt"] = {{1, 2, 3}, {1, 2, 3}};
  CHECK_FALSE(sentence<InputError>([&] { store_index_from_json(json.dump(), "store.json"); }).empty());
  json.erase("quality");  // a store of an earlier version
  CHECK(store_index_from_json(json.dump(), "store.json").quality.units.empty());
}

TEST_CASE("a shard keeps 16 bits where they fit and more where they do not") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  write_library(folder / "L2", 40, example_genes(30),
                [](int i, int g) { return g == 5 ? static_cast<float>(65530 + i) : example_counts("L2")(i, g); });
  write_into(folder, request);
  CHECK(map_h5ad(folder / "store" / "000_L1.h5ad").shard.values.index() == 0);
  CHECK(map_h5ad(folder / "store" / "001_L2.h5ad").shard.values.index() == 1);
  const Cells cells = cells_of(read_store(folder / "store", request.data));
  CHECK(std::any_of(cells.begin(), cells.end(), [](const auto& c) {
    const auto found = c.second.find("ENSG5");
    return found != c.second.end() && found->second > 65535;
  }));
}

TEST_CASE("statistics are the sums of the kept cells, and fitting with them gives the bytes of fitting without") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  write_into(folder, request);
  const auto stored = std::make_shared<const Cohort>(read_store(folder / "store", request.data));
  auto bare = *stored;
  bare.sums.reset();
  REQUIRE(stored->sums.has_value());
  std::vector<GeneSums> again(4, GeneSums(30));
  for (std::int64_t i = 0; i < stored->table->n_cells(); ++i) {
    CsrBlock cell;
    stored->table->append_row(i, cell);
    normalise_values(cell.values, stored->table->total(i), 1e4, true);
    again[stored->unit[i]].add(cell.row(0));
  }
  for (std::size_t u = 0; u < 4; ++u) {
    CHECK(stored->sums->sums[u].n_cells == again[u].n_cells);
    CHECK(stored->sums->sums[u].sum == again[u].sum);
    CHECK(stored->sums->sums[u].sum_squares == again[u].sum_squares);
    CHECK(stored->sums->sums[u].n_positive == again[u].n_positive);
  }
  const SplitOptions lists = {.scheme = "matched", .by = "day", .test = {"0"}};
  const Split with = split_example(stored, lists), without = split_example(std::make_shared<const Cohort>(bare), lists);
  CHECK(with.train().stored_sums("counts, 10000 per cell, log1p").has_value());
  const Preparation a = fit_preparation({}, with.train(), request.prepare),
                    b = fit_preparation({}, without.train(), request.prepare);
  CHECK(a.genes == b.genes);
  CHECK(a.mean == b.mean);
  CHECK(a.sd == b.sd);
}

TEST_CASE("anndata opens the store and finds the same numbers") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  write_into(folder, request);
  const auto seen = truth_of("../prepare/check_store.py", (folder / "store").string());
  if (!seen) return;
  const Cohort cohort = read_store(folder / "store", request.data);
  const Cells expected = cells_of(cohort);
  std::size_t n = 0;
  for (const auto& [name, shard] : (*seen)["shards"].items()) {
    CHECK(shard["type"] == "uint16");
    CHECK(shard["symbols"] == example_genes(30).symbols);
    for (std::size_t i = 0; i < shard["cells"].size(); ++i, ++n) {
      std::map<std::string, float> counts;
      double sum = 0, mito = 0;
      for (std::size_t g = 0; g < 30; ++g)
        if (const float x = shard["counts"][i][g]; x != 0) {
          counts[shard["genes"][g]] = x;
          sum += x;
          if (g < 2) mito += x;
        }
      CHECK(counts == expected.at(shard["cells"][i]));
      CHECK(shard["totals"][i] == sum);
      CHECK(shard["n_genes"][i] == counts.size());
      CHECK(shard["mito"][i].get<double>() == doctest::Approx(100 * mito / sum));
    }
  }
  CHECK(n == expected.size());
  CHECK((*seen)["units"] == cohort.units);
  for (std::size_t u = 0; u < 4; ++u) {
    CHECK((*seen)["n_cells"][u] == cohort.sums->sums[u].n_cells);
    CHECK((*seen)["sum"][u] == cohort.sums->sums[u].sum);
    CHECK((*seen)["sum_squares"][u] == cohort.sums->sums[u].sum_squares);
    CHECK((*seen)["n_positive"][u] == cohort.sums->sums[u].n_positive);
  }
}

TEST_CASE("rows of a shard keep the order of their file, and sums are of their own units") {
  const TempFolder folder;
  Frame obs;
  std::vector<std::string> library, label;
  for (int i = 0; i < 60; ++i) {
    obs.index.push_back("cell" + std::to_string(i));
    library.push_back(std::string("U") + std::to_string(i % 3));
    label.push_back(i % 3 == 0 ? "a" : "b");
  }
  obs.set("library", make_text_column(library));
  obs.set("label", make_text_column(label));
  write_annotated(folder / "all.h5ad", obs, example_genes(30), example_counts("X"));
  StoreRequest request{.base = folder.path()};
  request.data = {.files = {"all.h5ad"}, .label = "label", .unit = "library"};
  request.prepare.min_genes = 0;
  request.prepare.max_mito_percent = 100;
  write_into(folder, request);
  const Cohort cohort = read_store(folder / "store", request.data);
  CHECK(cohort.table->n_cells() == 60);
  CHECK(cohort.table->obs().index[1] == "cell1");  // of one file, the names stay as they are
  for (int u = 0; u < 3; ++u) {
    CHECK(cohort.sums->sums[u].n_cells == 20);
    for (int g = 0; g < 30; ++g) {
      double n_positive = 0;
      for (int i = u; i < 60; i += 3) n_positive += example_counts("X")(i, g) > 0 ? 1 : 0;
      CHECK(cohort.sums->sums[u].n_positive[g] == n_positive);
    }
  }
  const Cells cells = cells_of(cohort);
  for (int g = 0; g < 30; ++g) {
    const auto found = cells.at("cell17").find("ENSG" + std::to_string(g));
    CHECK((found == cells.at("cell17").end() ? 0 : found->second) == example_counts("X")(17, g));
  }
}

TEST_CASE("cells are drawn before quality control as the paper does, or after it when asked") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.prepare.max_cells = 15;
  const StoreIndex before = write_into(folder, request);
  CHECK(stage(before, "drawn (at most 15 a unit, before quality control)") == std::vector<std::int64_t>(4, 15));
  CHECK(total(stage(before, "at most 15 %")) < 60);
  CHECK(before.flow.stages[2].starts_with("drawn"));
  request.prepare.draw = "after";
  const StoreIndex after = write_into(folder, request);
  const auto passed = stage(after, "at most 15 %"), drawn = stage(after, "drawn (at most 15 a unit, after quality control)");
  for (std::size_t u = 0; u < 4; ++u) CHECK(drawn[u] == std::min<std::int64_t>(15, passed[u]));
  CHECK(after.flow.stages.back().starts_with("drawn"));
  const Cohort cohort = read_store(folder / "store", request.data);
  CHECK(cohort.table->n_cells() == total(drawn));
  const Cells all = expected_cells(request.prepare);
  for (const auto& [name, counts] : cells_of(cohort)) CHECK(all.at(name) == counts);
}

TEST_CASE("the same cells are drawn whatever other sources there are, again on a second run, and others with another seed") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.prepare.max_cells = 15;
  for (const std::string draw : {"before", "after"}) {
    request.prepare.draw = draw;
    const auto drawn = [&](const std::string& sheet, std::uint64_t seed) {
      request.data.sources = sheet;
      write_into(folder, request, seed);
      std::vector<std::string> names;
      const auto cohort = read_store(folder / "store", request.data);
      for (const auto& [name, counts] : cells_of(cohort))
        if (name.ends_with("-L3")) names.push_back(name);
      return names;
    };
    folder.write("two.csv", "library,path,genotype,donor\nL3,L3,Patient,d3\nL1,L1,Control,d1\n");
    const auto once = drawn("samples.csv", 42);
    CHECK(once.size() > 5);
    CHECK(once == drawn("samples.csv", 42));
    CHECK(once == drawn("two.csv", 42));
    CHECK(once != drawn("samples.csv", 43));
  }
}

TEST_CASE("the cells of a unit in two files are drawn independently of each other") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.data.unit = "donor";
  folder.write("samples.csv",
               "library,path,genotype,donor\nL1,L1,Control,d1\nL2,L2,Control,d1\nL3,L3,Patient,d2\nL4,L4,Patient,d2\n");
  request.prepare.min_genes = 0;
  request.prepare.max_genes = 0;
  request.prepare.max_mito_percent = 100;
  request.prepare.max_cells = 20;
  write_into(folder, request);
  std::map<std::string, std::vector<std::string>> drawn;  // library → barcodes
  for (const auto& [name, counts] : cells_of(read_store(folder / "store", request.data)))
    drawn[name.substr(name.find('-') + 1)].push_back(name.substr(0, name.find('-')));
  CHECK(drawn["L1"].size() + drawn["L2"].size() == 20);
  CHECK(drawn["L1"] != drawn["L2"]);
  CHECK(drawn["L3"] != drawn["L4"]);
}

TEST_CASE("a study of more sources than files may be open is drawn after quality control") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  const int n = 40;
  std::string sheet = "library,path,genotype,donor,day\n";
  for (int i = 0; i < n; ++i) {
    const std::string name = "S" + std::to_string(i);
    write_library(folder / name, 20, example_genes(30), example_counts(name));
    sheet += name + "," + name + (i % 2 == 0 ? ",Control," : ",Patient,") + name + ",0\n";
  }
  folder.write("samples.csv", sheet);
  request.prepare.draw = "after";
  request.prepare.max_cells = 10;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 48;
  ::setrlimit(RLIMIT_NOFILE, &few);
  const std::string failure = sentence<InputError>([&] { write_into(folder, request); });
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(failure.empty());
}

TEST_CASE("a second run writes the same bytes") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  write_store({}, request, folder / "once");
  write_store({}, request, folder / "again");
  for (const auto& entry : std::filesystem::directory_iterator(folder / "once"))
    CHECK((read_file(entry.path()) == read_file(folder / "again" / entry.path().filename().string())));
}

TEST_CASE("sources with different genes are brought to those they share, in gene order, and what is left out is said") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  GeneList other;  // L2's genes: reversed, without the last five, with two of its own
  const GeneList all = example_genes(30);
  for (int g = 24; g >= 0; --g) {
    other.ids.push_back(all.ids[g]);
    other.symbols.push_back(all.symbols[g]);
  }
  for (const std::string name : {"OWN1", "OWN2"}) {
    other.ids.push_back(name);
    other.symbols.push_back(name);
  }
  write_library(folder / "L2", 40, other, [](int i, int g) { return g < 25 ? example_counts("L2")(i, 24 - g) : 7.0F; });
  const StoreIndex index = write_into(folder, request);
  CHECK(says(index.notes, "L1: 5 genes of 30 not in every source and left out."));
  CHECK(says(index.notes, "L2: 2 genes of 27 not in every source and left out."));
  const Cohort cohort = read_store(folder / "store", request.data);
  CHECK(cohort.table->n_genes() == 25);
  CHECK(cohort.table->genes().ids.front() == "ENSG0");
  for (const auto& [name, counts] : cells_of(cohort)) {
    const std::string library = name.substr(name.size() - 2);
    const int cell = std::stoi(name.substr(2));
    for (const auto& [gene, x] : counts) CHECK(x == example_counts(library)(cell, std::stoi(gene.substr(4))));
  }
  GeneList strange;
  for (int g = 0; g < 30; ++g) {
    strange.ids.push_back("X" + std::to_string(g));
    strange.symbols.push_back("X" + std::to_string(g));
  }
  write_library(folder / "L2", 40, strange, example_counts("L2"));
  CHECK(says(sentence<DataError>([&] { write_into(folder, request); }), "no gene id that all of them have"));
}

TEST_CASE("sources that share fewer genes than [data] min_overlap are refused with the numbers") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  GeneList other = example_genes(30);
  for (int g = 10; g < 30; ++g) other.ids[g] = other.symbols[g] = "OTHER" + std::to_string(g);
  write_library(folder / "L2", 40, other, example_counts("L2"));
  CHECK(says(sentence<DataError>([&] { write_into(folder, request); }),
             "genes of the sources: found 10 gene ids that all of them have, 33 % of those of 'L1' (30), expected at least 50 %"));
  request.data.min_overlap = 0.3;
  request.prepare.min_genes = 0;
  CHECK(says(write_into(folder, request).notes, "The 4 sources share 10 genes, 33 % of the smallest one's (L1)."));
}

TEST_CASE("a source of symbols joins those of Ensembl ids by a gene map, and without it is refused with the advice") {
  const TempFolder folder;
  GeneList genes = example_genes(30);
  std::string map;
  for (int g = 0; g < 30; ++g) {
    genes.ids[g] = "ENSG000000000" + std::to_string(10 + g);
    map += genes.ids[g] + ".3\t" + genes.symbols[g] + "\n";
  }
  StoreRequest request = write_study(folder, genes);
  write_library(folder / "L2", 40, {genes.symbols, genes.symbols}, example_counts("L2"));
  const auto said = sentence<DataError>([&] { write_into(folder, request); });
  CHECK(
      says(said, "no gene id that all of them have: 'L1' has Ensembl ids such as ENSG00000000010, 'L2' has symbols such as MT-0"));
  CHECK(says(said, "name a table of Ensembl ids and symbols in [data] gene_map"));
  folder.write("map.tsv", map);
  request.data.gene_map = "map.tsv";
  const StoreIndex index = write_into(folder, request);
  CHECK(says(index.notes, "30 of 30 symbols mapped to Ensembl ids by map.tsv"));
  CHECK(says(index.notes, "The 4 sources share 30 genes, 100 %"));
  CHECK(std::any_of(index.inputs.begin(), index.inputs.end(), [](const auto& input) { return input.first.ends_with("map.tsv"); }));
  for (const auto& [name, counts] : cells_of(read_store(folder / "store", request.data)))
    for (const auto& [gene, x] : counts)
      CHECK(x == example_counts(name.substr(name.size() - 2))(std::stoi(name.substr(2)), std::stoi(gene.substr(13)) - 10));
}

TEST_CASE("a gene that a source names twice is summed before anything is counted") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.prepare = {.min_genes = 0, .max_genes = 0, .max_mito_percent = 100};
  GeneList twice = example_genes(30);
  twice.ids[7] = twice.ids[3];
  for (const std::string name : {"L1", "L2", "L3", "L4"}) write_library(folder / name, 40, twice, example_counts(name));
  CHECK(says(write_into(folder, request).notes, "1 column names the gene of another one and is added to it"));
  const Cohort cohort = read_store(folder / "store", request.data);
  CHECK(cohort.table->n_genes() == 29);
  for (auto& [name, counts] : cells_of(cohort)) {
    const auto expected = example_counts(name.substr(name.size() - 2));
    const int cell = std::stoi(name.substr(2));
    CHECK(counts["ENSG3"] == expected(cell, 3) + expected(cell, 7));
    CHECK(counts["ENSG8"] == expected(cell, 8));
  }
}

TEST_CASE("where chooses cells, also by values that not every source has") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.data.where = "library != 'L2' and day in [0, 1]";
  const StoreIndex index = write_into(folder, request);
  CHECK(stage(index, "chosen and labelled") == std::vector<std::int64_t>{40, 0, 40, 40});
  CHECK(says(index.notes, "L2: 40 cells of 40 left out by [data] where."));
  const Cohort cohort = read_store(folder / "store", request.data);
  CHECK(cohort.units == std::vector<std::string>{"L1", "L3", "L4"});
  request.data.where = "library != 'L22'";
  CHECK(says(sentence<UsageError>([&] { write_into(folder, request); }),
             "'L22', which is no value of 'library'; did you mean 'L2'? known: L1, L2, L3, L4"));
}

TEST_CASE("classes are renamed and dropped, and a class that does not exist is refused") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  folder.write("samples.csv", "library,path,genotype,donor\nL1,L1,wt,d1\nL2,L2,mixed,d2\nL3,L3,mut,d3\nL4,L4,,d4\n");
  request.data.classes = {{"wt", "Control"}, {"mut", "Patient"}, {"mixed", ""}};
  const StoreIndex index = write_into(folder, request);
  CHECK(says(index.notes, "L2: 40 cells of dropped classes left out."));
  CHECK(says(index.notes, "L4: 40 cells without a value of 'genotype' left out."));
  CHECK(read_store(folder / "store", request.data).classes == std::vector<std::string>{"Control", "Patient"});
  request.data.classes["mutt"] = "Patient";
  CHECK(says(sentence<UsageError>([&] { write_into(folder, request); }),
             "[data.classes]: found 'mutt', which is no value of 'genotype'; did you mean 'mut'?"));
}

TEST_CASE("without a mitochondrial gene all cells count as having none, with a warning") {
  const TempFolder folder;
  GeneList genes = example_genes(30);
  genes.symbols = genes.ids;
  StoreRequest request = write_study(folder, genes);
  request.prepare.min_genes = 0;
  request.prepare.max_genes = 0;
  std::vector<std::string> warnings;
  RunContext context;
  context.warn = [&](std::string_view text) { warnings.emplace_back(text); };
  const StoreIndex index = write_store(context, request, folder / "store");
  CHECK(total(index.flow.n_cells.back()) == 160);
  CHECK(says(warnings, "No gene symbol starts with MT- or mt-"));
  CHECK(says(index.notes, "No gene symbol starts with MT- or mt-"));
  request.prepare.max_mito_percent = 100;
  warnings.clear();
  write_store(context, request, folder / "store");
  CHECK(warnings.empty());
}

TEST_CASE("annotations that the store measures itself replace those of the file, with a note") {
  const TempFolder folder;
  Frame obs;
  for (int i = 0; i < 20; ++i) obs.index.push_back("cell" + std::to_string(i));
  obs.set("label",
          make_text_column({"a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "b", "b", "b", "b", "b", "b", "b", "b", "b", "b"}));
  obs.set("library", obs.columns[0]);
  obs.set("total_counts", make_number_column(std::vector<double>(20, 1)));
  write_annotated(folder / "all.h5ad", obs, example_genes(30), example_counts("X"));
  StoreRequest request{.base = folder.path()};
  request.data = {.files = {"all.h5ad"}, .label = "label", .unit = "library"};
  request.prepare.min_genes = 0;
  request.prepare.max_mito_percent = 100;
  CHECK(says(write_into(folder, request).notes, "all: the obs column 'total_counts' is replaced by what is measured here."));
  CHECK(read_store(folder / "store", request.data).table->total(0) > 1);
}

namespace {

StoreRequest annotated_study(const TempFolder& folder, const CountOf& count, int n_cells = 20) {
  Frame obs;
  std::vector<std::string> label;
  for (int i = 0; i < n_cells; ++i) {
    obs.index.push_back("cell" + std::to_string(i));
    label.push_back(i % 2 == 0 ? "a" : "b");
  }
  obs.set("label", make_text_column(label));
  write_annotated(folder / "all.h5ad", obs, example_genes(30), count);
  StoreRequest request{.base = folder.path()};
  request.data = {.files = {"all.h5ad"}, .label = "label", .unit = "label"};
  request.prepare.min_genes = 0;
  request.prepare.max_mito_percent = 100;
  return request;
}

bool store_left_behind(const TempFolder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    if (entry.path().filename().string().find("store") != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("a file of logarithms is refused before a second log, and leaves nothing behind") {
  const TempFolder folder;
  const auto request = annotated_study(folder, [](int i, int g) { return std::log1p(example_counts("X")(i, g) * 100); });
  const auto said = sentence<DataError>([&] { write_into(folder, request); });
  CHECK(says(said, "all.h5ad: found values that are log-transformed already"));
  CHECK(says(said, "a second log would distort every gene"));
  CHECK_FALSE(store_left_behind(folder));
}

TEST_CASE("scaled values are refused, and leave nothing behind") {
  const TempFolder folder;
  const auto request = annotated_study(folder, [](int i, int g) { return example_counts("X")(i, g) - 1.5F; });
  CHECK_FALSE(sentence<Error>([&] { write_into(folder, request); }).empty());
  CHECK_FALSE(store_left_behind(folder));
}

TEST_CASE("counts that are not whole are taken with a warning, or refused when counts are strict") {
  const TempFolder folder;
  auto request = annotated_study(folder, [](int i, int g) { return example_counts("X")(i, g) * 7.25F; });
  std::vector<std::string> warnings;
  RunContext context;
  context.warn = [&](std::string_view text) { warnings.emplace_back(text); };
  write_store(context, request, folder / "store");
  CHECK(warnings.size() == 1);
  CHECK(says(warnings, "the counts are not all whole numbers"));
  CHECK(read_store(folder / "store", request.data).table->n_cells() == 20);
  std::filesystem::remove_all(folder / "store");
  request.prepare.counts = "strict";
  CHECK(says(sentence<DataError>([&] { write_into(folder, request); }), "counts = \"strict\""));
  CHECK_FALSE(store_left_behind(folder));
}

TEST_CASE("normalised sources are marked in the index, and are not mixed with counts") {
  const TempFolder folder;
  const CountOf normalised = [](int i, int g) {
    return example_counts("X")(i, g) * 10000.0F / (300.0F + 7.1F * static_cast<float>(i));
  };
  auto request = annotated_study(folder, normalised, 80);
  CHECK(write_into(folder, request).values == ValueState::normalised);
  CHECK(read_store_index(folder / "store").values == ValueState::normalised);
  std::filesystem::remove_all(folder / "store");
  std::filesystem::copy_file(folder / "all.h5ad", folder / "normalised.h5ad");
  annotated_study(folder, example_counts("X"), 80);
  request.data.files = {"all.h5ad", "normalised.h5ad"};
  CHECK(
      says(sentence<DataError>([&] { write_into(folder, request); }), "found values that are normalised, expected counts, as in"));
  CHECK(!std::filesystem::exists(folder / "store"));
}

TEST_CASE("fractions that begin late in a file are noticed too") {
  const TempFolder folder;
  const CountOf late = [](int i, int g) { return example_counts("X")(i, g) * (i < 600 ? 1.0F : 0.5F); };
  auto request = annotated_study(folder, late, 1200);
  CHECK(says(write_into(folder, request).notes, "the counts are not all whole numbers"));
  request.prepare.counts = "strict";
  CHECK(says(sentence<DataError>([&] { write_into(folder, request); }), "counts = \"strict\""));
}

TEST_CASE("no cell left after quality control is an error that says what to loosen, and leaves nothing behind") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.prepare.min_genes = 31;
  CHECK(says(sentence<DataError>([&] { write_into(folder, request); }), "no cell that passes quality control"));
  CHECK_FALSE(store_left_behind(folder));
}

TEST_CASE("an interrupt in the first source, or of what is only written when all are read, leaves nothing behind") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  std::atomic<bool> stop = false;
  RunContext context;
  context.stop = &stop;
  context.progress = [&](std::string_view, std::int64_t, std::int64_t) { stop = true; };
  CHECK_FALSE(sentence<Interrupted>([&] { write_store(context, request, folder / "store"); }).empty());
  CHECK_FALSE(store_left_behind(folder));
  request.prepare.mads = 5;
  stop = false;
  context.progress = [&](std::string_view what, std::int64_t, std::int64_t) { stop = what == "read L3"; };
  CHECK(says(sentence<Interrupted>([&] { write_store(context, request, folder / "store"); }), "nothing was left behind"));
  CHECK_FALSE(store_left_behind(folder));
}

TEST_CASE("a library of which no cell is left is noted and is no unit of the cohort") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  write_library(folder / "L2", 40, example_genes(30), [](int, int g) { return g < 4 ? 1.0F : 0.0F; });
  const StoreIndex index = write_into(folder, request);
  CHECK(says(index.notes, "L2: no cell is left."));
  CHECK(index.flow.units.size() == 4);
  CHECK(read_store(folder / "store", request.data).units == std::vector<std::string>{"L1", "L3", "L4"});
}

TEST_CASE("the key changes with what the store depends on and with nothing else") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  FileDigests digests;
  const auto key = [&](const StoreRequest& r) { return make_store_key({}, r, input_files({}, r), digests).key; };
  const std::string first = key(request);
  CHECK(key(request) == first);
  CHECK(make_store_key({}, request, input_files({}, request), digests).inputs.size() == 12);
  StoreRequest other = request;
  other.prepare.genes.n = 7;
  other.prepare.scale.clip = 1;
  other.prepare.min_cells_per_gene = 99;
  other.data.positive = "Control";
  CHECK(key(other) == first);
  other = request;
  other.prepare.min_genes = 9;
  CHECK(key(other) != first);
  other = request;
  other.data.where = "day == 0";
  CHECK(key(other) != first);
  write_library(folder / "L4", 40, example_genes(30), example_counts("changed"));
  CHECK(key(request) != first);
}

TEST_CASE("a store that lacks a part or mixes two is refused in one sentence") {
  const TempFolder folder;
  const StoreRequest request = write_study(folder);
  write_into(folder, request);
  const auto refusal = [&] { return sentence<InputError>([&] { read_store(folder / "store", request.data); }); };
  CHECK(refusal().empty());
  write_store({}, request, folder / "other");
  std::filesystem::remove(folder / "store" / "statistics.h5ad");
  CHECK(says(refusal(), "statistics.h5ad"));
  std::filesystem::copy(folder / "other" / "statistics.h5ad", folder / "store" / "statistics.h5ad");
  std::string index = read_file(folder / "store" / "store.json");
  index.replace(index.find("\"L4\""), 4, "\"L4\", \"L5\"");
  folder.write("store/store.json", index);
  CHECK(says(refusal(), "store.json flow: found numbers of cells that do not fit its units and stages"));
  folder.write("store/store.json", "{\"format\": 1");
  CHECK(says(refusal(), "expected the index of a store; delete the store folder and run again"));
}

TEST_CASE("statistics whose numbers of cells are text are refused") {
  const TempFolder folder;
  const std::vector<double> zeros(2);
  DenseH5adContents contents{.x = zeros, .layers = {{"sum_squares", zeros}, {"n_positive", zeros}}};
  contents.obs.index = {"L1", "L2"};
  contents.obs.set("n_cells", make_text_column({"3", "many"}));
  contents.var.index = {"ENSG0"};
  write_dense_h5ad(folder / "statistics.h5ad", contents);
  CHECK(says(sentence<InputError>([&] { read_unit_sums(folder / "statistics.h5ad", ""); }), "statistics.h5ad obs/n_cells"));
}

TEST_CASE("data without sources, or with both kinds, is refused, and so are two sources of one name") {
  const TempFolder folder;
  StoreRequest request = write_study(folder);
  request.data.files = {"L1"};
  CHECK(says(sentence<UsageError>([&] { write_into(folder, request); }), "both `sources` and `files`"));
  request.data.sources = "";
  request.data.files = {};
  CHECK(says(sentence<UsageError>([&] { write_into(folder, request); }), "neither `sources` nor `files`"));
  request.data.files = {"L1", "deeper/L1"};
  write_library(folder / "deeper" / "L1", 40, example_genes(30), example_counts("X"));
  CHECK(says(sentence<UsageError>([&] { write_into(folder, request); }), "two sources named 'L1'"));
  request.data.files = {"A/GRCh38", "B/GRCh38"};
  for (const std::string name : {"A", "B"}) write_library(folder / name / "GRCh38", 40, example_genes(30), example_counts(name));
  const auto sources = list_sources(request.data, folder.path());
  CHECK(sources.at(0).name == "A");
  CHECK(sources.at(1).name == "B");
  request = write_study(folder);
  request.data.donor = "donr";
  CHECK(says(sentence<UsageError>([&] { write_into(folder, request); }), "[data] donor, source 'L1': found no column 'donr'"));
}
