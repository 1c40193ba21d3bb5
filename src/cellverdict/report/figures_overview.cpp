// The figures over all variants: ROC curves laid over one another, AUC by variant beside what a covariate alone reaches, and how
// many cells were left after each step, and how good they are.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMostCurves = 24;  // colours × dashes

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<RocCurveOf> with_roc(const ReportInput& input) {
  std::vector<RocCurveOf> out;
  for (const auto& variant : input.variants)
    if (!variant.evaluation.heads.empty() && !variant.evaluation.heads.front().cell_roc.empty())
      out.push_back({variant.evaluation.name, &variant.evaluation});
  return out;
}

}  // namespace

Figure roc_overlay_figure(FigureHead figure, std::vector<RocCurveOf> shown, const std::string& unit_noun) {
  std::string& note = figure.note;
  if (shown.size() > kMostCurves) {
    note = "The first " + std::to_string(kMostCurves) + " of " + std::to_string(shown.size()) + " variants are drawn.";
    shown.resize(kMostCurves);
  }
  Json points = Json::array(), names = Json::array(), colours = Json::array(), dashes = Json::array();
  bool thinned = false;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const HeadResult& head = shown[i].evaluation->heads.front();
    const std::string name =
        shown[i].name + " · AUC " + metric(head.cells.auc) + " · " + test_side_in_words(*shown[i].evaluation, unit_noun);
    names.push_back(name);
    colours.push_back(curve_colour(i));
    dashes.push_back(curve_dash(i));
    thinned = thinned || head.cell_roc.size() > kRocPoints;
    int order = 0;
    for (const auto& point : thin_roc(head.cell_roc))
      points.push_back({{"variant", name},
                        {"order", order++},
                        {"fpr", rounded(point.false_positive_rate)},
                        {"tpr", rounded(point.true_positive_rate)}});
  }
  if (thinned)
    note += std::string(note.empty() ? "" : " ") + "Long curves are drawn through at most " + std::to_string(kRocPoints) +
            " of their points, none moved; the AUC is of all.";
  const auto rate = [](const char* field, const char* title) {
    return Json{{"field", field},
                {"type", "quantitative"},
                {"title", title},
                {"scale", {{"domain", {0, 1}}}},
                {"axis", {{"tickCount", 5}, {"format", ".1f"}}}};
  };
  const Json x = rate("fpr", "false positive rate"), y = rate("tpr", "true positive rate");
  const Json chance = {{"data", {{"values", {{{"fpr", 0}, {"tpr", 0}}, {{"fpr", 1}, {"tpr", 1}}}}}},
                       {"mark", {{"type", "line"}, {"color", "#8a939c"}, {"strokeDash", {4, 4}}, {"strokeWidth", 1.2}}},
                       {"encoding", {{"x", x}, {"y", y}}}};
  const auto series_scale = [&](const Json& range) {
    return Json{{"field", "variant"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", names}, {"range", range}}}};
  };
  const Json series = {{"mark", {{"type", "line"}, {"strokeWidth", 2.2}}},
                       {"encoding",
                        {{"x", x},
                         {"y", y},
                         {"order", {{"field", "order"}, {"type", "quantitative"}}},
                         {"color", series_scale(colours)},
                         {"strokeDash", series_scale(dashes)},
                         {"tooltip",
                          {{{"field", "variant"}},
                           {{"field", "fpr"}, {"title", "false positive rate"}, {"format", ".3f"}},
                           {{"field", "tpr"}, {"title", "true positive rate"}, {"format", ".3f"}}}}}}};
  return make_figure(figure,
                     text_of({{"width", 360}, {"height", 360}, {"data", {{"values", points}}}, {"layer", {chance, series}}}));
}

namespace {

Figure roc_overlay(const ReportInput& input, std::vector<RocCurveOf> shown) {
  const auto n = static_cast<std::int64_t>(std::min(shown.size(), kMostCurves));
  return roc_overlay_figure({.name = "roc_by_variant",
                             .title = "ROC of the test cells, all variants",
                             .subtitle = "dashed grey: guessing; below it the calls are the wrong way round",
                             .banner = banner_of(input),
                             .description = "ROC curves of " + counted(n, "variant") + " laid over one another.",
                             .note = variants_without_auc(input)},
                            std::move(shown), input.unit_noun);
}

struct AucRows {
  Json models = Json::array(), rules = Json::array(), names = Json::array(), covariates = Json::array();
};

AucRows auc_rows(const ReportInput& input) {
  AucRows out;
  for (const auto& variant : input.variants) {
    const Evaluation& e = variant.evaluation;
    if (e.heads.empty() || !e.heads.front().cells.auc) continue;
    const double auc = *e.heads.front().cells.auc;
    const std::string name = e.name + (e.split.optimistic ? " (optimistic)" : "");
    out.names.push_back(name);
    out.models.push_back({{"variant", name},
                          {"auc", rounded(auc)},
                          {"what", auc < kInvertedBelow ? "the model, the wrong way round" : "the model"},
                          {"cells", test_side_in_words(e, input.unit_noun)}});
    for (const auto& baseline : e.baselines) {
      if (!baseline.cell_auc) continue;
      const std::string rule = baseline.covariate + " alone, without any gene";
      out.rules.push_back({{"variant", name}, {"auc", rounded(*baseline.cell_auc)}, {"rule", rule}});
      if (std::find(out.covariates.begin(), out.covariates.end(), Json(rule)) == out.covariates.end())
        out.covariates.push_back(rule);
    }
  }
  return out;
}

Figure auc_bars(const ReportInput& input, const AucRows& rows) {
  const Json y = {{"field", "variant"}, {"type", "nominal"}, {"sort", rows.names}, {"title", nullptr}};
  const Json x = {{"field", "auc"},
                  {"type", "quantitative"},
                  {"title", "AUC of the test cells (0.5: guessing)"},
                  {"scale", {{"domain", {0, 1}}}},
                  {"axis", {{"values", {0, 0.25, 0.5, 0.75, 1}}, {"format", ".2f"}}}};
  const Json tooltip = {{{"field", "variant"}},
                        {{"field", "auc"}, {"title", "AUC"}, {"format", ".3f"}},
                        {{"field", "cells"}, {"title", "test side"}}};
  // Bars grow from 0.5, AUC's natural zero: an inverted model points the other way.
  const Json bars = {
      {"mark", {{"type", "bar"}, {"height", {{"band", 0.62}}}}},
      {"encoding",
       {{"y", y},
        {"x", x},
        {"x2", {{"datum", 0.5}}},
        {"color",
         {{"field", "what"},
          {"type", "nominal"},
          {"title", nullptr},
          {"scale", {{"domain", {"the model", "the model, the wrong way round"}}, {"range", {curve_colour(0), curve_colour(1)}}}}}},
        {"tooltip", tooltip}}}};
  const Json numbers = {
      {"mark", {{"type", "text"}, {"align", "left"}, {"fontSize", 12.5}, {"color", "#1d2329"}, {"fontWeight", "bold"}}},
      {"encoding", {{"y", y}, {"x", {{"value", 238}}}, {"text", {{"field", "auc"}, {"format", ".3f"}}}}}};
  const Json chance = {{"data", {{"values", {{{"auc", 0.5}}}}}},
                       {"mark", {{"type", "rule"}, {"color", "#333b43"}, {"strokeWidth", 1.4}}},
                       {"encoding", {{"x", x}}}};
  Json layers = Json::array({bars, chance, numbers});
  if (!rows.rules.empty())
    layers.push_back(
        {{"data", {{"values", rows.rules}}},
         {"mark",
          {{"type", "point"},
           {"filled", true},
           {"size", 110},
           {"color", "#1d2329"},
           {"stroke", "white"},
           {"strokeWidth", 1},
           {"opacity", 1}}},
         {"encoding",
          {{"y", y},
           {"x", x},
           {"shape",
            {{"field", "rule"},
             {"type", "nominal"},
             {"title", nullptr},
             {"scale", {{"domain", rows.covariates}, {"range", {"diamond", "triangle-up", "square", "cross", "triangle-down"}}}}}},
           {"tooltip", {{{"field", "variant"}}, {{"field", "rule"}}, {{"field", "auc"}, {"title", "AUC"}, {"format", ".3f"}}}}}}});
  const Json body = {{"width", 230},
                     {"height", {{"step", 36}}},
                     {"data", {{"values", rows.models}}},
                     {"layer", layers},
                     {"resolve", {{"legend", {{"shape", "independent"}, {"color", "independent"}}}}}};
  return make_figure(
      {.name = "auc_by_variant",
       .title = "AUC by variant",
       .subtitle = rows.rules.empty() ? "bars grow from 0.5, which is guessing"
                                      : "bars grow from 0.5, which is guessing; marks: a rule that sees no gene",
       .banner = banner_of(input),
       .description = "AUC of the test cells for " + counted(static_cast<std::int64_t>(rows.models.size()), "variant") + ".",
       .note = variants_without_auc(input)},
      text_of(body));
}

bool same_flow(const CohortFlow& a, const CohortFlow& b) {
  return a.units == b.units && std::ranges::equal(a.stages, b.stages, [](const auto& p, const auto& q) {
           return p.name == q.name && p.n_cells == q.n_cells;
         });
}

// "Of donors, all cells." where a figure is not of all variants; else empty.
template <class Is>
std::string names_of(const ReportInput& input, Is is) {
  std::string names;
  bool all = true;
  for (const auto& variant : input.variants) {
    if (is(variant))
      names += (names.empty() ? "Of " : "; ") + variant.evaluation.name;
    else
      all = false;
  }
  return all ? "" : names + ".";
}

Figure flow_figure(const CohortFlow& flow, const ReportInput& input, std::size_t number) {
  Json bars = Json::array(), names = Json::array();
  for (const auto& stage : flow.stages) {
    const std::int64_t n = std::accumulate(stage.n_cells.begin(), stage.n_cells.end(), std::int64_t{0});
    const auto units = std::ranges::count_if(stage.n_cells, [](std::int64_t cells) { return cells > 0; });
    names.push_back(stage.name);
    bars.push_back({{"stage", stage.name}, {"cells", n}, {"text", with_commas(n) + " cells, " + counted(units, input.unit_noun)}});
  }
  const Json y = {{"field", "stage"}, {"type", "nominal"}, {"sort", names}, {"title", nullptr}, {"axis", {{"labelLimit", 420}}}};
  const Json fill = {
      {"mark", {{"type", "bar"}, {"color", "#9fb8cc"}, {"height", {{"band", 0.7}}}}},
      {"encoding",
       {{"y", y},
        {"x", {{"field", "cells"}, {"type", "quantitative"}, {"title", "cells"}, {"axis", {{"format", ",d"}, {"tickCount", 4}}}}},
        {"tooltip", {{{"field", "stage"}}, {{"field", "text"}, {"title", "left"}}}}}}};
  const Json text = {{"mark", {{"type", "text"}, {"align", "left"}, {"fontSize", 12.5}, {"color", "#1d2329"}}},
                     {"encoding", {{"y", y}, {"x", {{"value", 6}}}, {"text", {{"field", "text"}, {"type", "nominal"}}}}}};
  return make_figure({.name = number == 0 ? "cohort_flow" : "cohort_flow_" + std::to_string(number + 1),
                      .title = "Cells and " + plural_of(input.unit_noun) + " left after each step",
                      .subtitle = "all sides of the split together",
                      .banner = banner_of(input),
                      .description = "How many cells were left after each step of preparation."},
                     text_of({{"width", 380}, {"height", {{"step", 34}}}, {"data", {{"values", bars}}}, {"layer", {fill, text}}}));
}

}  // namespace

std::vector<Figure> overview_figures(const ReportInput& input) {
  std::vector<Figure> out = forest_figures(input);
  if (auto shown = with_roc(input); !shown.empty()) out.push_back(roc_overlay(input, std::move(shown)));
  if (const AucRows rows = auc_rows(input); !rows.models.empty()) out.push_back(auc_bars(input, rows));
  std::vector<const CohortFlow*> drawn;
  std::vector<const QualitySummary*> summarised;
  for (const auto& variant : input.variants) {
    const auto& flow = variant.flow;
    if (flow.stages.empty() || std::ranges::any_of(drawn, [&](const CohortFlow* other) { return same_flow(*other, flow); }))
      continue;
    out.push_back(flow_figure(flow, input, drawn.size()));
    out.back().note = names_of(input, [&](const ReportVariant& other) { return same_flow(other.flow, flow); });
    drawn.push_back(&flow);
  }
  for (const auto& variant : input.variants) {
    const auto& quality = variant.quality;
    if (std::ranges::any_of(summarised, [&](const QualitySummary* other) { return *other == quality; })) continue;
    for (auto& figure : quality_figures(quality, input)) {
      if (!summarised.empty()) figure.name += "_of_" + file_name_of(variant.evaluation.name);
      figure.note = names_of(input, [&](const ReportVariant& other) { return other.quality == quality; });
      out.push_back(std::move(figure));
    }
    summarised.push_back(&quality);
  }
  return out;
}

}  // namespace cellverdict
