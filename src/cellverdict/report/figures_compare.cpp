// Figures of variants side by side: one model's ROC curves under several splits, the models' curves under one split, and the AUC of
// every split with the difference between models.

#include <cellverdict/report/comparison.h>
#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool has_roc(const Evaluation& e) {
  return !e.heads.empty() && !e.heads.front().cell_roc.empty();
}

// The banner of some variants alone.
std::string banner_of_some(const std::vector<const Evaluation*>& some) {
  for (const auto* e : some)
    if (!banner_of(*e).empty()) return some.size() == 1 ? banner_of(*e) : e->name + ": " + banner_of(*e);
  return {};
}

std::vector<Figure> roc_figures(const ReportInput& report, const Comparison& comparison) {
  std::vector<Figure> out;
  const std::string unit = report.unit_noun;
  const auto draw = [&](const std::string& name, const std::string& title, const std::vector<RocCurveOf>& curves) {
    if (curves.size() < 2) return;
    std::vector<const Evaluation*> shown;
    for (const auto& curve : curves) shown.push_back(curve.evaluation);
    out.push_back(
        roc_overlay_figure({.name = name,
                            .title = title,
                            .subtitle = "dashed grey: guessing; below it the calls are the wrong way round",
                            .banner = banner_of_some(shown),
                            .description = title + ": " + counted(std::ssize(curves), "curve") + " laid over one another.",
                            .note = {}},
                           curves, unit));
  };
  // Of one model the overview has the same curves.
  for (std::size_t m = 0; m < comparison.models.size() && comparison.models.size() > 1; ++m) {
    std::vector<RocCurveOf> curves;
    for (const auto& split : comparison.splits)
      if (split.variant[m] && has_roc(report.variants[*split.variant[m]].evaluation))
        curves.push_back({split.name, &report.variants[*split.variant[m]].evaluation});
    const std::string& letter = comparison.models[m].letter;
    draw("roc_model_" + file_name_of(letter), "ROC of the test cells: Model " + letter + " under every split", curves);
  }
  for (std::size_t s = 0; s < comparison.splits.size(); ++s) {
    std::vector<RocCurveOf> curves;
    for (std::size_t m = 0; m < comparison.models.size(); ++m) {
      const auto& v = comparison.splits[s].variant[m];
      if (v && has_roc(report.variants[*v].evaluation)) {
        const Evaluation& e = report.variants[*v].evaluation;
        const std::string own = name_within(comparison.splits[s], e.name);
        curves.push_back({"Model " + comparison.models[m].letter + (own == comparison.models[m].letter ? "" : ", " + own), &e});
      }
    }
    if (curves.size() > 2)
      draw("roc_split_" + std::to_string(s + 1), "ROC of the test cells: all models, " + comparison.splits[s].name, curves);
  }
  return out;
}

struct BarRows {
  Json bars = Json::array(), splits = Json::array(), models = Json::array(), colours = Json::array();
  std::vector<const Evaluation*> shown;
};

BarRows bar_rows(const ReportInput& report, const Comparison& comparison, const std::vector<std::size_t>& models) {
  BarRows out;
  for (std::size_t i = 0; i < models.size(); ++i) {
    out.models.push_back("Model " + comparison.models[models[i]].letter);
    out.colours.push_back(curve_colour(i));
  }
  for (const auto& split : comparison.splits) {
    const auto& reference = split.variant[models.front()];
    bool any = false;
    for (const std::size_t m : models) {
      if (!split.variant[m]) continue;
      const Evaluation& e = report.variants[*split.variant[m]].evaluation;
      const auto score = cell_score(e);
      if (!score) continue;
      std::string text = metric(score);
      if (m != models.front() && reference) {
        const auto d = difference_between(report.variants[*reference].evaluation, e).cells;
        if (d) text += std::string(" Δ ") + (*d < 0 ? "−" : "+") + fixed(std::abs(*d), 3);
      }
      out.bars.push_back({{"split", split.name},
                          {"model", "Model " + comparison.models[m].letter},
                          {"score", rounded(*score)},
                          {"text", text},
                          {"variant", e.name},
                          {"cells", test_side_in_words(e, report.unit_noun)}});
      out.shown.push_back(&e);
      any = true;
    }
    if (any) out.splits.push_back(split.name);
  }
  return out;
}

Figure difference_figure(const ReportInput& report, const Comparison& comparison, const std::vector<std::size_t>& models) {
  const BarRows rows = bar_rows(report, comparison, models);
  const bool two = rows.shown.empty() || rows.shown.front()->classes.size() == 2;
  const std::string score = two ? "AUC" : "accuracy";
  const Json y = {{"field", "split"},
                  {"type", "nominal"},
                  {"sort", rows.splits},
                  {"title", nullptr},
                  {"axis", {{"labelLimit", 190}}},
                  {"scale", {{"paddingInner", 0.28}, {"paddingOuter", 0.14}}}};
  const Json offset = {{"field", "model"}, {"sort", rows.models}};
  const Json x = {{"field", "score"},
                  {"type", "quantitative"},
                  {"title", score + " of the test cells" + (two ? " (0.5: guessing)" : "")},
                  {"scale", {{"domain", {0, 1}}}},
                  {"axis", {{"values", {0, 0.25, 0.5, 0.75, 1}}, {"format", ".2f"}}}};
  const Json bars = {{"mark", {{"type", "bar"}}},
                     {"encoding",
                      {{"y", y},
                       {"yOffset", offset},
                       {"x", x},
                       {"x2", {{"datum", two ? 0.5 : 0}}},
                       {"color",
                        {{"field", "model"},
                         {"type", "nominal"},
                         {"title", nullptr},
                         {"legend", {{"symbolStrokeWidth", 0}}},
                         {"scale", {{"domain", rows.models}, {"range", rows.colours}}}}},
                       {"tooltip",
                        {{{"field", "variant"}},
                         {{"field", "score"}, {"title", score}, {"format", ".3f"}},
                         {{"field", "cells"}, {"title", "test side"}}}}}}};
  const Json numbers = {
      {"mark", {{"type", "text"}, {"align", "left"}, {"fontSize", 12.5}, {"color", "#1d2329"}}},
      {"encoding", {{"y", y}, {"yOffset", offset}, {"x", {{"value", 218}}}, {"text", {{"field", "text"}, {"type", "nominal"}}}}}};
  const Json chance = {{"data", {{"values", {{{"score", 0.5}}}}}},
                       {"mark", {{"type", "rule"}, {"color", "#333b43"}, {"strokeWidth", 1.4}}},
                       {"encoding", {{"x", x}}}};
  Json layers = Json::array({bars});
  if (two) layers.push_back(chance);
  layers.push_back(numbers);
  const std::string first = comparison.models[models.front()].letter;
  return make_figure({.name = "score_by_split",
                      .title = score + " under every split, by model",
                      .subtitle = std::string("Δ: minus Model ") + first + (two ? "; bars grow from 0.5, which is guessing" : ""),
                      .banner = banner_of_some(rows.shown),
                      .description = score + " of the test cells under " + counted(std::ssize(rows.splits), "split") + " for " +
                                     counted(std::ssize(models), "model") + ", with the difference from Model " + first + ".",
                      .note = {}},
                     text_of({{"width", 210}, {"height", {{"step", 20}}}, {"data", {{"values", rows.bars}}}, {"layer", layers}}));
}

}  // namespace

std::vector<Figure> compare_figures(const ReportInput& report, const Comparison& comparison) {
  if (comparison.is_empty()) return {};
  std::vector<Figure> out = roc_figures(report, comparison);
  if (const auto models = comparison.paired_models(); !models.empty()) out.push_back(difference_figure(report, comparison, models));
  return out;
}

}  // namespace cellverdict
