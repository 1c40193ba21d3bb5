#include <cellverdict/prepare/part_key.h>

#include <cellverdict/base/value.h>
#include <cellverdict/base/version.h>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kNameLength = 16;
constexpr std::size_t kCellsAtATime = std::size_t{1} << 18;

std::string digest_of_genes(const CellPlan& plan) {
  std::string text = plan.by_symbol ? "by symbol" : "by id";
  for (std::int64_t g = 0; g < plan.genes.size(); ++g) {
    text += '\n' + plan.genes.ids[g] + '\t';
    text += plan.genes.symbols[g];
  }
  return sha256(text);
}

// Block by block: of each cell the number of its unit among those of the source, or kLeftOut.
std::string digest_of_cells(const PlannedSource& source, const CellPlan& plan) {
  std::string digest;
  std::vector<std::int32_t> number(plan.units.size(), kLeftOut);
  std::int32_t next = 0;
  for (const std::int32_t unit : units_of(source, plan.units.size())) {
    number[unit] = next++;
    digest += plan.units[unit] + '\n';
  }
  std::vector<std::int32_t> block;
  for (std::size_t i = 0; i < source.units.size(); ++i) {
    block.push_back(source.units[i] < 0 ? kLeftOut : number[source.units[i]]);
    if (block.size() < kCellsAtATime && i + 1 < source.units.size()) continue;
    digest += {reinterpret_cast<const char*>(block.data()), block.size() * sizeof(std::int32_t)};
    digest = sha256(digest);
    block.clear();
  }
  return digest;
}

// What is asked of every source alike. max_cells, draw and seed say which cells are drawn, and so do the cells themselves.
ValueTable common_request(const StoreRequest& request, const CellPlan& plan, FileDigests& digests) {
  const DataOptions& d = request.data;
  const PrepareOptions& p = request.prepare;
  ValueTable what = {{"cellverdict", {std::string(version()), {}}},
                     {"label", {d.label, {}}},
                     {"layer", {d.layer, {}}},
                     {"genome", {d.genome, {}}},
                     {"min_genes", {p.min_genes, {}}},
                     {"max_genes", {p.max_genes, {}}},
                     {"max_mito_percent", {p.max_mito_percent, {}}},
                     {"counts", {p.counts, {}}},
                     {"library_size", {p.library_size, {}}},
                     {"target_sum", {p.target_sum, {}}},
                     {"log1p", {p.log1p, {}}},
                     // Cells of several sources bear the source's name behind their own.
                     {"several sources", {plan.sources.size() > 1, {}}}};
  for (const auto& [from, to] : d.classes) what.emplace_back("class " + from, Value{to, {}});
  if (!d.gene_map.empty()) {
    const fs::path file = fs::path(d.gene_map).is_absolute() ? fs::path(d.gene_map) : request.base / d.gene_map;
    what.emplace_back("gene_map", Value{digests.of(file.lexically_normal()), {}});
  }
  return what;
}

}  // namespace

std::string PartKey::name() const {
  return sha256(request + genes).substr(0, kNameLength);
}

std::vector<std::int32_t> units_of(const PlannedSource& source, std::size_t n_units) {
  std::vector<bool> has(n_units);
  for (std::size_t i = 0; i < source.units.size(); ++i)
    if (source.units[i] >= 0) has[source.units[i]] = true;
  std::vector<std::int32_t> units;
  for (std::size_t u = 0; u < n_units; ++u)
    if (has[u]) units.push_back(static_cast<std::int32_t>(u));
  return units;
}

std::vector<PartKey> make_part_keys(const StoreRequest& request, const CellPlan& plan, FileDigests& digests) {
  const ValueTable common = common_request(request, plan, digests);
  const std::string genes = digest_of_genes(plan);
  std::vector<PartKey> keys;
  for (const PlannedSource& source : plan.sources) {
    ValueTable what = common;
    what.emplace_back("source", Value{source.file.name, {}});
    for (const auto& [column, value] : source.file.labels) what.emplace_back("column " + column, Value{value, {}});
    // Rows of the table about other sources change nothing here.
    if (source.file.harmonisation != nullptr)
      what.emplace_back("harmonise", Value{source.file.harmonisation->words_for(source.file.name), {}});
    if (source.file.annotations != nullptr) what.emplace_back("annotations", Value{source.file.annotations->digest(), {}});
    what.emplace_back("cells", Value{digest_of_cells(source, plan), {}});
    keys.push_back({.request = sha256(Value{std::move(what), {}}.text()), .genes = genes});
  }
  return keys;
}

}  // namespace cellverdict
