// Studies that differ in their genes, in the names of their columns and in the words for the same thing, and cells that are in two
// of them.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/prepare/duplicates.h>
#include <cellverdict/prepare/store.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "prepare/example_files.h"
#include "split/example_cohort.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

constexpr int kCells = 20;

GeneList genes_from(int first, int n) {
  GeneList genes;
  for (int g = first; g < first + n; ++g) {
    genes.ids.push_back("ENSG" + std::to_string(g));
    genes.symbols.push_back("GENE" + std::to_string(g));
  }
  return genes;
}

// Counts of a gene by its number, so that two files can have the same cell.
CountOf counts_from(int first, const std::string& library) {
  return [first, count = example_counts(library)](int cell, int gene) { return count(cell, first + gene); };
}

// Two donors a study.
void write_one(const TempFolder& folder, const std::string& name, int first_gene, int n_genes, const std::string& donor_column,
               const std::string& sick) {
  Frame obs;
  std::vector<std::string> donors, states;
  for (int i = 0; i < kCells; ++i) {
    obs.index.push_back(name + "-" + std::to_string(i));
    donors.push_back(name + (i % 2 == 0 ? "-well" : "-ill"));
    states.push_back(i % 2 == 0 ? "Control" : sick);
  }
  obs.set(donor_column, make_text_column(donors));
  obs.set("state", make_text_column(states));
  write_annotated(folder / (name + ".h5ad"), obs, genes_from(first_gene, n_genes), counts_from(first_gene, name));
}

// Genes 0 to 29 of study A, 10 to 39 of study B.
StoreRequest write_two_studies(const TempFolder& folder) {
  write_one(folder, "A", 0, 30, "donor_id", "lupus");
  write_one(folder, "B", 10, 30, "patient", "systemic lupus");
  folder.write("studies.csv", "study,path,obs:donor\nA,A.h5ad,donor_id\nB,B.h5ad,patient\n");
  folder.write("words.tsv",
               "column\tfrom\tto\tsource\nstate\tsystemic lupus\tSLE\tB\nstate\tlupus\tSLE\t\nstate\tControl\thealthy\t\n");
  StoreRequest request{.base = folder.path()};
  request.data = {.sources = "studies.csv", .label = "state", .unit = "donor", .harmonise = "words.tsv"};
  request.prepare.min_genes = 0;
  request.prepare.max_mito_percent = 100;
  request.prepare.min_cells_per_gene = 0;
  return request;
}

Cohort written(const TempFolder& folder, const StoreRequest& request, StoreIndex* index = nullptr) {
  const StoreIndex made = write_store({}, request, folder / "store");
  if (index != nullptr) *index = made;
  return read_store(folder / "store", request.data);
}

std::map<std::string, float> counts_of(const Cohort& cohort, const std::string& cell) {
  std::map<std::string, float> counts;
  for (std::int64_t i = 0; i < cohort.table->n_cells(); ++i) {
    if (cohort.table->obs().index.text(i) != cell) continue;
    CsrBlock row;
    cohort.table->append_row(i, row);
    for (std::size_t k = 0; k < row.indices.size(); ++k) counts[cohort.table->genes().ids[row.indices[k]]] = row.values[k];
  }
  return counts;
}

}  // namespace

TEST_CASE("each study's own column names and words become those of the cohort") {
  const TempFolder folder;
  const Cohort cohort = written(folder, write_two_studies(folder));
  CHECK(cohort.units == std::vector<std::string>{"A-ill", "A-well", "B-ill", "B-well"});
  CHECK(cohort.classes == std::vector<std::string>{"SLE", "healthy"});
  CHECK(cohort.table->n_genes() == 20);  // those that both have
}

TEST_CASE("a value not listed keeps its name unless the table says what any other value is") {
  const TempFolder folder;
  StoreRequest request = write_two_studies(folder);
  folder.write("words.tsv", "column,from,to,source\nstate,Control,healthy,\nstate,*,,B\n");
  const Cohort cohort = written(folder, request);
  CHECK(cohort.units == std::vector<std::string>{"A-ill", "A-well", "B-well"});  // B's other cells have no label left
  CHECK(cohort.classes == std::vector<std::string>{"healthy", "lupus"});
}

TEST_CASE("the union of genes has every count of every study, and says how many genes each lacks") {
  const TempFolder folder;
  StoreRequest request = write_two_studies(folder);
  request.data.gene_space = "union";
  StoreIndex index;
  const Cohort cohort = written(folder, request, &index);
  CHECK(cohort.table->n_genes() == 40);
  CHECK(says(index.notes, "A: 10 genes of 40 not measured in it and counted as 0."));
  const auto found = counts_of(cohort, "B-3-B");
  for (int g = 0; g < 40; ++g) {
    const auto gene = found.find("ENSG" + std::to_string(g));
    CHECK((gene == found.end() ? 0 : gene->second) == (g < 10 ? 0 : example_counts("B")(3, g)));
  }
}

TEST_CASE("a panel of symbols gives its genes in its order, and library size is over them or over all genes as asked") {
  const TempFolder folder;
  StoreRequest request = write_two_studies(folder);
  folder.write("panel.txt", "GENE25\nGENE12\nGENE3\nGENE11\n");
  request.data.panel = "panel.txt";
  StoreIndex index;
  const Cohort kept = written(folder, request, &index);
  CHECK(kept.table->genes().ids == std::vector<std::string>{"GENE25", "GENE12", "GENE3", "GENE11"});
  CHECK(says(index.notes, "B: 1 gene of the panel's 4 not measured in it and counted as 0; 27 of its own not in the panel."));
  const auto total = [&](int first, int n, const std::string& library, int cell) {
    double sum = 0;
    for (int g = first; g < first + n; ++g) sum += example_counts(library)(cell, g);
    return sum;
  };
  const auto of_panel = [&](const std::string& library, int cell) {
    double sum = 0;
    for (const int g : {25, 12, 11}) sum += example_counts(library)(cell, g);
    return library == "A" ? sum + example_counts(library)(cell, 3) : sum;
  };
  for (std::int64_t i = 0; i < 2 * kCells; ++i)
    CHECK(kept.table->total(i) == of_panel(i < kCells ? "A" : "B", static_cast<int>(i % kCells)));
  request.prepare.library_size = "all";
  const Cohort all = written(folder, request, &index);
  CHECK(says(index.notes, "over all genes of its file"));
  for (std::int64_t i = 0; i < 2 * kCells; ++i)
    CHECK(all.table->total(i) == total(i < kCells ? 0 : 10, 30, i < kCells ? "A" : "B", static_cast<int>(i % kCells)));
}

TEST_CASE("a panel that a source mostly lacks is refused, naming both kinds of genes") {
  const TempFolder folder;
  StoreRequest request = write_two_studies(folder);
  folder.write("panel.txt", "GENE1\nGENE2\nGENE3\nGENE11\n");
  request.data.panel = "panel.txt";
  const std::string refusal = sentence<DataError>([&] { write_store({}, request, folder / "store"); });
  CHECK(says({refusal}, "genes of source 'B': found 1 of the panel's 4, 25 %"));
  CHECK(!std::filesystem::exists(folder / "store"));
  folder.write("panel.txt", "GENE1\nGENE2\nGENE1\n");
  CHECK(says({sentence<InputError>([&] { write_store({}, request, folder / "store"); })},
             "panel.txt line 3: found 'GENE1' once more"));
}

TEST_CASE("studies without a gene in common have no union") {
  const TempFolder folder;
  StoreRequest request = write_two_studies(folder);
  write_one(folder, "B", 100, 30, "patient", "systemic lupus");
  request.data.gene_space = "union";
  CHECK(says({sentence<DataError>([&] { write_store({}, request, folder / "store"); })}, "no gene id that all of them have"));
}

TEST_CASE("tables of words that cannot be meant so are refused") {
  const TempFolder folder;
  const StoreRequest request = write_two_studies(folder);
  const auto refusal = [&](const std::string& table) {
    folder.write("words.tsv", table);
    return std::vector{sentence<Error>([&] { write_store({}, request, folder / "store"); })};
  };
  CHECK(says(refusal("column\tfrom\nstate\tlupus\n"), "expected columns column, from and to"));
  CHECK(says(refusal("column\tfrom\tto\nstate\tlupus\tSLE\nstate\tlupus\tx\n"),
             "words.tsv line 3: found 'lupus' of 'state' once more"));
  CHECK(says(refusal("column\tfrom\tto\tsource\nstate\tlupus\tSLE\tC\n"), "source 'C', which is none of the study's"));
  folder.write("studies.csv", "study,path,obs:donor\nA,A.h5ad,donor_id\nB,B.h5ad,patien\n");
  CHECK(says(refusal("column\tfrom\tto\nstate\tlupus\tSLE\n"), "'patien', which is no obs column of the file"));
}

TEST_CASE("cells that two units share are said to leak, whatever the genes beside theirs") {
  const TempFolder folder;
  // Study C is study A's cells again, deposited with more genes.
  write_one(folder, "A", 0, 200, "donor", "lupus");
  Frame obs;
  std::vector<std::string> donors, states;
  for (int i = 0; i < kCells; ++i) {
    obs.index.push_back("other" + std::to_string(i));
    donors.push_back("C-donor");
    states.push_back(i % 2 == 0 ? "Control" : "lupus");
  }
  obs.set("donor", make_text_column(donors));
  obs.set("state", make_text_column(states));
  write_annotated(folder / "C.h5ad", obs, genes_from(0, 220),
                  [](int cell, int gene) { return cell < 15 ? example_counts("A")(cell, gene) : example_counts("C")(cell, gene); });
  StoreRequest request{.base = folder.path()};
  request.data = {.files = {"A.h5ad", "C.h5ad"}, .label = "state", .unit = "donor"};
  request.prepare.min_genes = 0;
  request.prepare.max_mito_percent = 100;
  StoreIndex index;
  written(folder, request, &index);
  CHECK(says(index.notes, "Leakage: 8 cells of 'A-well' have the very counts of cells of 'C-donor', and 1 other pair of units"));
  request.data.where = "donor != 'C-donor'";
  written(folder, request, &index);
  CHECK(!says(index.notes, "Leakage"));
}

TEST_CASE("a fingerprint changes with a count and with a gene") {
  const std::vector<std::int32_t> genes = {1, 4, 7}, others = {1, 4, 8};
  const std::vector<float> counts = {2, 3, 4}, changed = {2, 4, 3};
  const auto first = fingerprint_of({genes, counts}, 9);
  CHECK(fingerprint_of({genes, counts}, 9) == first);
  CHECK(fingerprint_of({others, counts}, 9) != first);
  CHECK(fingerprint_of({genes, changed}, 9) != first);
  CHECK(fingerprint_of({genes, counts}, 10) != first);
}
