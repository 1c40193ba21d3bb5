#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/version.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/prepare/store.h>
#include <cellverdict/prepare/store_json.h>

#include <map>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path& file, const std::string& found) {
  throw InputError({.where = file.string(),
                    .found = found,
                    .expected = "parts of one store",
                    .advice = "delete the store folder and run again"});
}

}  // namespace

std::vector<fs::path> input_files(const RunContext& context, const StoreRequest& request) {
  std::vector<fs::path> files;
  OpenOptions options = open_options(context, request.data);
  options.hold_column = hold_no_column;
  options.in_pieces = true;
  for (const auto& file : list_sources(request.data, request.base)) {
    const auto source = open_source(file.path, options);
    const auto& parts = source->head().files;
    files.insert(files.end(), parts.begin(), parts.end());
  }
  return files;
}

StoreKey make_store_key(const RunContext& context, const StoreRequest& request, const std::vector<fs::path>& files,
                        FileDigests& digests) {
  const DataOptions& d = request.data;
  const PrepareOptions& p = request.prepare;
  // The fitted steps (min_cells_per_gene, genes, scale) belong to a Preparation, not to the store.
  ValueTable what = {{"label", {d.label, {}}},
                     {"unit", {d.unit, {}}},
                     {"where", {d.where, {}}},
                     {"min_genes", {p.min_genes, {}}},
                     {"max_genes", {p.max_genes, {}}},
                     {"max_mito_percent", {p.max_mito_percent, {}}},
                     {"max_cells", {p.max_cells, {}}},
                     {"draw", {p.draw, {}}},
                     {"counts", {p.counts, {}}},
                     {"target_sum", {p.target_sum, {}}},
                     {"log1p", {p.log1p, {}}},
                     {"seed", write_option(context.seed)},
                     {"min_overlap", {d.min_overlap, {}}}};
  if (d.gene_space != "shared") what.emplace_back("gene_space", Value{d.gene_space, {}});
  if (p.library_size != "kept") what.emplace_back("library_size", Value{p.library_size, {}});
  if (p.mads > 0) what.emplace_back("mads", Value{p.mads, {}});
  for (const auto& [from, to] : d.classes) what.emplace_back("class " + from, Value{to, {}});
  what.emplace_back("layer", Value{d.layer, {}});
  what.emplace_back("genome", Value{d.genome, {}});
  what.emplace_back("cellverdict", Value{std::string(version()), {}});
  StoreKey result;
  for (const auto& file : list_sources(d, request.base)) {
    ValueTable labels;
    for (const auto& [column, value] : file.labels) labels.emplace_back(column, Value{value, {}});
    if (file.annotations != nullptr && file.annotations_of_it) labels.emplace_back("", Value{file.annotations->digest(), {}});
    what.emplace_back("source " + file.name, Value{std::move(labels), {}});
  }
  for (const auto& file : files) result.inputs.emplace_back(file.string(), digests.of(file));
  const std::pair<const char*, std::string> tables[] = {
      {"gene_map", d.gene_map}, {"panel", d.panel}, {"harmonise", d.harmonise}, {"annotations", d.annotations}};
  for (const auto& [name, table] : tables) {
    if (table.empty()) continue;
    const fs::path file = (fs::path(table).is_absolute() ? fs::path(table) : request.base / table).lexically_normal();
    result.inputs.emplace_back(file.string(), digests.of(file));
    what.emplace_back(name, Value{true, {}});
  }
  for (const auto& [path, hash] : result.inputs) what.emplace_back("input", Value{hash, {}});
  result.key = sha256(Value{std::move(what), {}}.text());
  return result;
}

StoreIndex read_store_index(const fs::path& folder) {
  const fs::path file = folder / "store.json";
  return store_index_from_json(read_file(file), file.string());
}

Cohort read_store(const fs::path& folder, const DataOptions& data) {
  const StoreIndex index = read_store_index(folder);
  GeneList genes;
  Frame obs;
  std::vector<CsrShard> shards;
  for (const auto& name : index.shards) {
    MappedH5ad mapped = map_h5ad(folder / name);
    if (genes.size() == 0)
      genes = std::move(mapped.genes);
    else if (mapped.genes != genes)
      refuse(folder / name, "genes that differ from the first shard's");
    if (shards.empty()) {
      obs = std::move(mapped.obs);  // of a study in one file all there is
    } else {
      append_rows(obs, mapped.obs);
    }
    shards.push_back(std::move(mapped.shard));
  }
  std::vector<double> totals = obs.column("total_counts", folder.string()).numbers;
  auto table = std::make_shared<const CellTable>(std::move(genes), std::move(obs), std::move(totals), std::move(shards));

  UnitGeneSums sums = read_unit_sums(folder / "statistics.h5ad", index.normalisation);
  // Units of which no cell passed quality control have sums of nothing and are no units of the cohort.
  UnitGeneSums kept{.normalisation = sums.normalisation, .units = distinct_values(table->obs().column(data.unit, "[data] unit"))};
  std::map<std::string, std::size_t> place;
  for (std::size_t u = 0; u < sums.units.size(); ++u) place.emplace(sums.units[u], u);
  for (const auto& unit : kept.units) {
    const auto found = place.find(unit);
    if (found == place.end() || static_cast<std::int64_t>(sums.sums[found->second].sum.size()) != table->n_genes())
      refuse(folder / "statistics.h5ad", "no sums of unit '" + unit + "' over the genes of the shards");
    kept.sums.push_back(std::move(sums.sums[found->second]));
  }
  return make_cohort(std::move(table), {.label = data.label, .unit = data.unit, .donor = data.donor, .positive = data.positive},
                     std::move(kept));
}

}  // namespace cellverdict
