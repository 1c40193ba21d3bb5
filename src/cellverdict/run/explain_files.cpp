// What one explanation leaves in its folder: tables, the record, the page.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/version.h>
#include <cellverdict/report/explain_page.h>
#include <cellverdict/run/explain_files.h>
#include <cellverdict/run/explain_model.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPicturedGenes = 25, kPicturedTypes = 3, kGenesOfType = 12;

// The places of the greatest values, in falling order; not a number: none.
std::vector<std::size_t> greatest(const std::vector<double>& values, std::size_t n) {
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k < values.size(); ++k)
    if (!std::isnan(values[k])) order.push_back(k);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  if (order.size() > n) order.resize(n);
  return order;
}

}  // namespace

std::string sets_as_tsv(const std::vector<ExplainedSet>& sets, const std::string& who) {
  std::string tsv = "set\t" + (who.empty() ? "" : who + "\t") + "n_genes\tn_top\todds_ratio\tp_value\tp_adjusted\n";
  for (const auto& set : sets)
    tsv += fmt::format("{}\t{}{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\n", set.name, who.empty() ? "" : set.cell_type + "\t", set.n_genes,
                       set.n_top, set.odds_ratio, set.p_value, set.p_adjusted);
  return tsv;
}

std::string enriched_as_tsv(const std::vector<EnrichedSet>& sets) {
  std::string tsv = "set\tn_genes\tscore\tnormalised_score\tp_value\tp_adjusted\tleading_genes\n";
  for (const auto& set : sets) {
    std::string leading;
    for (const auto& gene : set.leading) leading += (leading.empty() ? "" : ",") + gene;
    tsv +=
        fmt::format("{}\t{}\t{:.6g}\t{}\t{:.6g}\t{:.6g}\t{}\n", set.name, set.n_genes, set.score,
                    std::isnan(set.normalised) ? "" : fmt::format("{:.6g}", set.normalised), set.p_value, set.p_adjusted, leading);
  }
  return tsv;
}

std::string types_as_tsv(const std::vector<ExplainedType>& types) {
  std::string tsv =
      "cell_type\tmarkers\tn_units\tn_other_units\tn_cells\tmean\tmedian\tother_mean\tother_median\tshare_above\tp_value\tp_"
      "adjusted\n";
  const auto text = [](double x) { return std::isnan(x) ? std::string() : fmt::format("{:.6g}", x); };
  for (const auto& type : types)
    tsv += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", type.name, type.markers, type.n_in_class,
                       type.n_elsewhere, type.n_cells, text(type.mean), text(type.median), text(type.elsewhere_mean),
                       text(type.elsewhere_median), text(type.share), text(type.p_value), text(type.p_adjusted));
  return tsv;
}

std::string ModelExplainer::genes_as_tsv(const AttributionSums& sums) const {
  std::string tsv = "rank\tgene_id\tgene_symbol\tattribution\tmagnitude";
  std::vector<std::vector<double>> of_class;
  for (std::size_t c = 0; c < classes().size(); ++c) {
    tsv += "\tattribution_in_" + classes()[c];
    of_class.push_back(sums.mean_attribution(static_cast<std::int32_t>(c)));
  }
  tsv += "\texpression_rank\tlog2_fold_change\tt\n";
  for (std::size_t r = 0; r < order_.size(); ++r) {
    const std::size_t g = order_[r];
    const ExplainedGene& gene = result_.genes[r];
    tsv += fmt::format("{}\t{}\t{}\t{:.9g}\t{:.9g}", r + 1, gene.id, gene.symbol, gene.attribution, gene.magnitude);
    for (const auto& values : of_class) tsv += std::isnan(values[g]) ? "\t" : fmt::format("\t{:.9g}", values[g]);
    tsv += fmt::format("\t{}\t{:.6g}\t{}\n", gene.expression_rank, gene.log2_fold_change,
                       std::isnan(expression_.t[g]) ? "" : fmt::format("{:.6g}", expression_.t[g]));
  }
  return tsv;
}

void ModelExplainer::write_sets(const fs::path& folder) const {
  if (request_.gmt.empty()) return;
  write_file(folder / "sets.tsv", sets_as_tsv(result_.sets, ""));
  if (!result_.sets_by_type.empty()) write_file(folder / "sets_by_type.tsv", sets_as_tsv(result_.sets_by_type, "cell_type"));
  write_file(folder / "enrichment.tsv", enriched_as_tsv(result_.enriched));
}

void ModelExplainer::choose_pictured(AttributionSums& sums, const Target& target) {
  for (std::size_t r = 0; r < std::min(kPicturedGenes, order_.size()); ++r) result_.pictured.push_back(result_.genes[r].symbol);
  for (const auto& type : result_.types) {
    const auto k = static_cast<std::size_t>(std::find(types_.names.begin(), types_.names.end(), type.name) - types_.names.begin());
    const std::vector<double> mean = sums.mean_of_type(k, target.explained);
    std::vector<double> shown(result_.pictured.size(), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t r = 0; r < shown.size() && !mean.empty(); ++r) shown[r] = mean[order_[r]];
    result_.in_each_type.push_back(std::move(shown));
    if (mean.empty() || result_.genes_of_types.size() == kPicturedTypes) continue;
    const auto chosen = greatest(mean, kGenesOfType);
    GenesOfType of{.type = type.name, .values = std::vector<std::vector<double>>(chosen.size())};
    for (const std::size_t g : chosen) of.genes.push_back(genes().symbols[g]);
    const auto values = sums.genes_in_type(k, chosen);
    for (std::size_t u = 0; u < values.size(); ++u)
      for (std::size_t g = 0; g < chosen.size(); ++g)
        if (result_.is_in_class[u] && !std::isnan(values[u][g])) of.values[g].push_back(values[u][g]);
    result_.genes_of_types.push_back(std::move(of));
  }
}

void ModelExplainer::write_page(const fs::path& folder) {
  const fs::path whole = fs::absolute(request_.run / "").lexically_normal().parent_path();
  const ExplainPage page{.result = result_,
                         .unit_noun = run_.experiment.data.unit,
                         .target = request_.target,
                         .source = whole.filename().string(),
                         .steps = request_.steps};
  pictures_note_ = write_explain_page(page, folder, request_.pictures).note;
}

std::string ModelExplainer::record() const {
  using Json = nlohmann::ordered_json;
  Json compared = Json::array(), gmt = Json::array();
  for (const auto& other : result_.agreement)
    compared.push_back({{"folder", other.folder},
                        {"n_genes", other.n_genes},
                        {"rank_correlation", other.correlation},
                        {"n_first", other.n_first},
                        {"jaccard", other.jaccard}});
  for (const auto& file : request_.gmt) gmt.push_back(file.string());
  return Json{{"version", std::string(version())},
              {"run", folder_.string()},
              {"model_sha256", card().weights_sha256},
              {"side", "test"},
              {"target", request_.target},
              {"class", result_.class_name},
              {"against", result_.against},
              {"baseline", baseline_kind(request_)},
              {"baseline_in_words", result_.baseline},
              {"cell_types", types_.how},
              {"cells_per_unit", request_.cells < 0 ? card().model.bag.cells : request_.cells},
              {"steps", request_.steps},
              {"n_units", result_.n_units},
              {"n_units_of_class", result_.n_in_class},
              {"auc_of_units", result_.auc},
              {"n_cells", result_.n_cells},
              {"n_genes", result_.n_genes},
              {"gmt", gmt},
              {"n_top", result_.n_top},
              {"background", "the model's genes"},
              {"relative_convergence_delta", {{"median", result_.median_delta}, {"worst", result_.worst_delta}}},
              {"random_weights_correlation", result_.random_agreement},
              {"compared", compared},
              {"warnings", result_.warnings}}
             .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace cellverdict
