#include <cellverdict/simulate/truth.h>

#include <cellverdict/base/atomic_file.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace cellverdict;

namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields;
    std::istringstream cells(line);
    for (std::string field; std::getline(cells, field, '\t');) fields.push_back(field);
    rows.push_back(fields);
  }
  return rows;
}

}  // namespace

TEST_CASE("truth_genes.tsv lists the genes that differ between the conditions, with their change, and no other") {
  SimulateOptions options;
  options.n_genes = 1000;
  options.n_disease_genes = 20;
  options.donor_effect = options.batch_effect = 0;
  const auto plan = make_plan(options, 42);
  const auto rows = rows_of(truth_genes_text(plan));
  REQUIRE(rows[0] == std::vector<std::string>{"gene_id", "symbol", "program", "level", "cell_type", "log_fold_change"});
  const SimulatedLibrary *ill = nullptr, *well = nullptr;
  for (const auto& library : plan.libraries) (library.diseased ? ill : well) = &library;

  for (std::size_t k = 0; k < plan.cell_types.size(); ++k) {
    std::map<std::string, double> listed;
    for (const auto& row : rows)
      if (row[2] == "disease" && row[4] == plan.cell_types[k]) {
        CHECK(row[3] == "disease");
        CHECK(listed.emplace(row[0], std::stod(row[5])).second);  // once
      }
    const auto a = plan.shares(*ill, static_cast<int>(k)), b = plan.shares(*well, static_cast<int>(k));
    std::map<long, int> ratios;  // the commonest ratio is that of the unchanged genes
    for (std::size_t g = 0; g < a.size(); ++g) ++ratios[std::lround(std::log(a[g] / b[g]) * 1e9)];
    const auto unchanged =
        std::max_element(ratios.begin(), ratios.end(), [](auto& x, auto& y) { return x.second < y.second; })->first;
    std::map<std::string, double> changed;
    for (std::size_t g = 0; g < a.size(); ++g) {
      const double change = std::log(a[g] / b[g]) - static_cast<double>(unchanged) * 1e-9;
      if (std::abs(change) > 1e-6) changed[plan.genes.ids[g]] = change;
    }
    REQUIRE(changed.size() == listed.size());
    for (const auto& [gene, change] : changed) {
      REQUIRE(listed.contains(gene));
      CHECK(listed[gene] == doctest::Approx(change).epsilon(1e-6));
    }
  }
}

TEST_CASE("truth.json holds the seed, every option, and each library's labels and numbers") {
  SimulateOptions options;
  options.design = "lmna";
  options.n_cells = 3;
  options.n_genes = 1000;
  options.n_disease_genes = 20;
  options.n_day_genes = 20;
  const auto plan = make_plan(options, 99);
  std::vector<CellTruth> cells(36, CellTruth{.n_genes = 10, .n_counts = 20});
  cells[4].low_quality = true;
  const auto folder = std::filesystem::temp_directory_path() / "cellverdict_truth_test";
  write_truth(folder, {plan, options, 99, cells});
  const auto json = nlohmann::json::parse(read_file(folder / "truth.json"));
  const auto cell_rows = rows_of(read_file(folder / "truth_cells.tsv"));
  std::filesystem::remove_all(folder);

  CHECK(json["seed"] == 99);
  for (const auto& entry : simulate_options().entries()) {
    CAPTURE(entry.name);
    CHECK(json["options"].contains(entry.name) == (entry.name != "output"));
  }
  REQUIRE(json["libraries"].size() == 12);
  CHECK(json["libraries"][11]["name"] == "GSM8325057");
  CHECK(json["libraries"][11]["genotype"] == "Patient");
  CHECK(json["libraries"][11]["day"] == 19);
  CHECK(json["libraries"][1]["n_low_quality"] == 1);
  CHECK(json["libraries"][1]["mean_counts"] == 20);
  REQUIRE(cell_rows.size() == 37);
  CHECK(cell_rows[5][1] == "GSM8325047");
  CHECK(cell_rows[5][3] == "true");
  CHECK(cell_rows[1][0] == barcode(0));
}
