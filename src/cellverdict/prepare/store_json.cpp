#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/json_number.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_read.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/prepare/store_json.h>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

using Json = nlohmann::ordered_json;

namespace {

constexpr int kFormat = 2;
constexpr const char* kDamaged = "delete the store folder and run again";

// [units][p5, p25, p50, p75, p95, n]
Json boxes_to_json(const std::vector<QualitySummary::Box>& boxes) {
  Json out = Json::array();
  for (const auto& box : boxes) out.push_back({box.p5, box.p25, box.p50, box.p75, box.p95, box.n});
  return out;
}

Json stage_to_json(const QualitySummary::Stage& stage) {
  return {{"total_counts", boxes_to_json(stage.total)},
          {"n_genes_by_counts", boxes_to_json(stage.n_genes)},
          {"pct_counts_mt", boxes_to_json(stage.mito_percent)}};
}

std::vector<QualitySummary::Box> boxes_from_json(const Json& json, std::size_t n_units, const std::string& where) {
  std::vector<QualitySummary::Box> boxes;
  for (const auto& box : json)
    boxes.push_back({.p5 = box.at(0),
                     .p25 = box.at(1),
                     .p50 = box.at(2),
                     .p75 = box.at(3),
                     .p95 = box.at(4),
                     .n = whole_number<std::int64_t>(box.at(5), 0)});
  if (boxes.size() != n_units)
    throw InputError({.where = where + " quality",
                      .found = "boxes for " + counted(static_cast<std::int64_t>(boxes.size()), "unit"),
                      .expected = "one for each unit it names",
                      .advice = kDamaged});
  return boxes;
}

// That of this version where none is said: what is wrong then is found out on reading.
int format_of(const Json& json) {
  const auto format = json.is_object() ? json.find("format") : json.end();
  return format == json.end() || !format->is_number_integer() ? kFormat : whole_number<int>(*format);
}

QualitySummary::Stage stage_from_json(const Json& json, std::size_t n_units, const std::string& where) {
  const auto boxes = [&](const char* column) { return boxes_from_json(json.at(column), n_units, where); };
  return {.total = boxes("total_counts"), .n_genes = boxes("n_genes_by_counts"), .mito_percent = boxes("pct_counts_mt")};
}

}  // namespace

std::string store_index_to_json(const StoreIndex& index) {
  Json inputs = Json::array();
  for (const auto& [path, hash] : index.inputs) inputs.push_back({{"path", path}, {"sha256", hash}});
  return Json{{"format", kFormat},
              {"key", index.key},
              {"normalisation", index.normalisation},
              {"values", value_state_name(index.values)},
              {"shards", index.shards},
              {"flow", {{"units", index.flow.units}, {"stages", index.flow.stages}, {"n_cells", index.flow.n_cells}}},
              {"quality",
               {{"units", index.quality.units},
                {"before", stage_to_json(index.quality.before)},
                {"after", stage_to_json(index.quality.after)}}},
              {"notes", index.notes},
              {"inputs", inputs}}
             .dump(1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

StoreIndex store_index_from_json(const std::string& text, const std::string& where) {
  try {
    const Json json = Json::parse(text);
    if (const int format = format_of(json); format != kFormat)
      throw InputError({.where = where,
                        .found = "format " + std::to_string(format),
                        .expected = "format " + std::to_string(kFormat),
                        .advice = "run the experiment again, which makes the store anew"});
    StoreIndex index{.key = json.at("key"), .normalisation = json.at("normalisation"), .shards = json.at("shards")};
    index.flow = {.units = json.at("flow").at("units"), .stages = json.at("flow").at("stages")};
    for (const auto& cells : json.at("flow").at("n_cells")) index.flow.n_cells.push_back(whole_numbers<std::int64_t>(cells, 0));
    index.notes = json.at("notes");
    index.values = value_state_named(json.at("values"), where);
    const auto& flow = index.flow;
    const auto one_a_unit = [&](const auto& cells) { return cells.size() == flow.units.size(); };
    if (flow.n_cells.empty() || flow.n_cells.size() != flow.stages.size() ||
        !std::all_of(flow.n_cells.begin(), flow.n_cells.end(), one_a_unit))
      throw InputError({.where = where + " flow",
                        .found = "numbers of cells that do not fit its units and stages",
                        .expected = "one number for each unit at each stage",
                        .advice = kDamaged});
    if (json.contains("quality")) {  // a store written before there was a summary has none
      const Json& quality = json.at("quality");
      index.quality.units = quality.at("units");
      index.quality.before = stage_from_json(quality.at("before"), index.quality.units.size(), where);
      index.quality.after = stage_from_json(quality.at("after"), index.quality.units.size(), where);
    }
    for (const auto& input : json.at("inputs")) index.inputs.emplace_back(input.at("path"), input.at("sha256"));
    return index;
  } catch (const Json::exception& failure) {
    const std::string reason = failure.what();  // "[json.exception…] what is wrong"
    throw InputError({.where = where,
                      .found = dynamic_cast<const Json::parse_error*>(&failure) != nullptr ? "text that is no JSON"
                                                                                           : reason.substr(reason.find("] ") + 2),
                      .expected = "the index of a store",
                      .advice = kDamaged});
  }
}

bool is_of_other_format(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "store.json";
  if (!std::filesystem::exists(file)) return false;
  try {
    return format_of(Json::parse(read_file(file))) != kFormat;
  } catch (const Json::exception&) {
    return false;
  }
}

void write_unit_sums(const std::filesystem::path& path, const UnitSumTables& sums, const GeneList& genes) {
  DenseH5adContents contents{.x = sums.sum, .layers = {{"sum_squares", sums.sum_squares}, {"n_positive", sums.n_positive}}};
  contents.obs.index = sums.units;
  contents.obs.set("n_cells", make_number_column({sums.n_cells.begin(), sums.n_cells.end()}));
  contents.var.index = genes.ids;
  write_dense_h5ad(path, contents);
}

UnitGeneSums read_unit_sums(const std::filesystem::path& path, const std::string& normalisation) {
  const DenseH5ad file = read_dense_h5ad(path);
  const auto layer = [&](const std::string& name) -> const std::vector<double>& {
    for (const auto& [key, values] : file.layers)
      if (key == name) return values;
    throw InputError(
        {.where = path.string(), .found = "no layer '" + name + "'", .expected = "the statistics of a store", .advice = kDamaged});
  };
  const auto& squares = layer("sum_squares");
  const auto& positive = layer("n_positive");
  const auto& n_cells = file.obs.column("n_cells", path.string());
  if (n_cells.numbers.size() != file.obs.index.size())
    throw InputError({.where = path.string() + " obs/n_cells",
                      .found = "a column that is no number for each unit",
                      .expected = "the statistics of a store",
                      .advice = kDamaged});
  UnitGeneSums sums{.normalisation = normalisation, .units = file.obs.index.texts()};
  const auto n_genes = static_cast<std::ptrdiff_t>(file.var.index.size());
  for (std::ptrdiff_t u = 0; u < static_cast<std::ptrdiff_t>(file.obs.index.size()); ++u) {
    const auto slice = [&](const std::vector<double>& all) {
      return std::vector<double>(all.begin() + u * n_genes, all.begin() + (u + 1) * n_genes);
    };
    GeneSums unit;
    unit.n_cells = static_cast<std::int64_t>(n_cells.numbers[u]);
    unit.sum = slice(file.x);
    unit.sum_squares = slice(squares);
    unit.n_positive = slice(positive);
    sums.sums.push_back(std::move(unit));
  }
  return sums;
}

}  // namespace cellverdict
