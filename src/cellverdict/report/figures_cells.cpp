// What the test side says: ROC of the label and confusion matrices. Cells are drawn, units are counted in the subtitle: cells of
// one unit are not independent, and a smooth curve of 4,000 cells may rest on two libraries.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>
#include <cellverdict/stats/intervals.h>
#include <cellverdict/stats/roc_band.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMostClassesDrawn = 30;  // beyond this a confusion matrix cannot be read

void add_points(Json& points, const std::vector<RocPoint>& roc, const std::string& name) {
  int order = 0;
  for (const auto& point : thin_roc(roc))
    points.push_back({{"curve", name},
                      {"order", order++},
                      {"fpr", rounded(point.false_positive_rate)},
                      {"tpr", rounded(point.true_positive_rate)},
                      {"threshold", std::isfinite(point.threshold) ? Json(rounded(point.threshold)) : Json(nullptr)}});
}

// Where the threshold in use lies on the curve: exact, from the confusion matrix.
Json operating_point(const Evaluation& e) {
  const auto& cells = e.heads.front().cells;
  if (cells.n_classes != 2 || e.classes.size() != 2 || cells.confusion.size() != 4) return Json::array();
  const std::size_t p = e.classes[1] == e.positive ? 1 : 0, q = 1 - p;
  const auto count = [&](std::size_t truth, std::size_t called) {
    return static_cast<double>(cells.confusion[truth * 2 + called]);
  };
  const double positives = count(p, p) + count(p, q), negatives = count(q, p) + count(q, q);
  if (positives == 0 || negatives == 0) return Json::array();
  return Json::array({{{"curve", e.folds.empty() ? "at the threshold " + fixed(e.threshold, 2) : "at each fold's threshold"},
                       {"fpr", rounded(count(q, p) / negatives)},
                       {"tpr", rounded(count(p, p) / positives)},
                       {"threshold", e.folds.empty() ? Json(rounded(e.threshold)) : Json(nullptr)}}});
}

Json rate_axis(const char* field, const std::string& title) {
  return {{"field", field},
          {"type", "quantitative"},
          {"title", title},
          {"scale", {{"domain", {0, 1}}}},
          {"axis", {{"tickCount", 5}, {"format", ".1f"}}}};
}

// Of one model's units; scores of several models are not on one curve.
Json band_points(const Evaluation& e, std::string& note, const std::string& unit_noun) {
  Json points = Json::array();
  const auto& roc = e.heads.front().unit_roc;
  const auto n_positive = std::ranges::count(e.units, e.positive, &UnitResult::label);
  const auto n_negative = std::ssize(e.units) - n_positive;
  if (roc.empty() || !e.folds.empty() || e.split.optimistic || std::min(n_positive, n_negative) < kLeastUnitsForAuc) return points;
  const RocBand band = roc_band(roc, {n_positive, n_negative});
  for (const auto& point : band.points)
    points.push_back({{"fpr", rounded(point.false_positive_rate)}, {"low", rounded(point.low)}, {"high", rounded(point.high)}});
  note = "Band: where the whole curve of new " + plural_of(unit_noun) + " lies, 95 times in 100 (Campbell 1994; " +
         std::to_string(n_positive) + " against " + std::to_string(n_negative) + " " + plural_of(unit_noun) + "). ";
  return points;
}

Figure roc_figure(const ReportVariant& variant, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  const HeadResult& head = e.heads.front();
  const std::string cells_name = counted(head.cells.n, "cell") + ", AUC " + metric(head.cells.auc);
  const std::int64_t n_units = n_test_units(e);
  const std::string units_name =
      counted(n_units, unit_noun) + " (mean of cells), AUC " + metric(head.units ? head.units->auc : std::nullopt);
  const bool draw_units = !head.unit_roc.empty();
  Json points = Json::array();
  add_points(points, head.cell_roc, cells_name);
  if (draw_units) add_points(points, head.unit_roc, units_name);
  Json names = Json::array({cells_name}), colours = Json::array({curve_colour(0)}), dashes = Json::array({Json::array({1, 0})});
  if (draw_units) {
    names.push_back(units_name);
    colours.push_back(curve_colour(1));
    dashes.push_back(Json::array({6, 3}));
  }
  const Json x = rate_axis("fpr", "false positive rate: share of the others called " + e.positive);
  const Json y = rate_axis("tpr", "true positive rate: share of " + e.positive + " found");
  const Json tooltip = {{{"field", "curve"}},
                        {{"field", "fpr"}, {"title", "false positive rate"}, {"format", ".3f"}},
                        {{"field", "tpr"}, {"title", "true positive rate"}, {"format", ".3f"}},
                        {{"field", "threshold"}, {"format", ".3f"}}};
  const Json series = {
      {"mark", {{"type", "line"}, {"strokeWidth", 2.2}}},
      {"encoding",
       {{"x", x},
        {"y", y},
        {"order", {{"field", "order"}, {"type", "quantitative"}}},
        {"color",
         {{"field", "curve"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", names}, {"range", colours}}}}},
        {"strokeDash",
         {{"field", "curve"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", names}, {"range", dashes}}}}},
        {"tooltip", tooltip}}}};
  std::string band_note;
  const Json band = {{"data", {{"values", band_points(e, band_note, unit_noun)}}},
                     {"mark", {{"type", "area"}, {"color", curve_colour(1)}, {"opacity", 0.13}, {"tooltip", nullptr}}},
                     {"encoding", {{"x", x}, {"y", {{"field", "low"}, {"type", "quantitative"}}}, {"y2", {{"field", "high"}}}}}};
  const Json chance = {{"data", {{"values", {{{"fpr", 0}, {"tpr", 0}}, {{"fpr", 1}, {"tpr", 1}}}}}},
                       {"mark", {{"type", "line"}, {"color", "#8a939c"}, {"strokeDash", {4, 4}}, {"strokeWidth", 1.2}}},
                       {"encoding", {{"x", x}, {"y", y}}}};
  const Json call = {{"data", {{"values", operating_point(e)}}},
                     {"mark", {{"type", "point"}, {"filled", true}, {"size", 90}, {"color", "#1d2329"}, {"opacity", 1}}},
                     {"encoding",
                      {{"x", x},
                       {"y", y},
                       {"shape", {{"field", "curve"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"range", {"circle"}}}}}},
                       {"tooltip", tooltip}}}};
  const Json body = {{"width", 340},
                     {"height", 340},
                     {"data", {{"values", points}}},
                     {"layer", band_note.empty() ? Json{chance, series, call} : Json{band, chance, series, call}},
                     {"resolve", {{"legend", {{"shape", "independent"}}}}}};
  std::string note = band_note;
  if (head.cell_roc.size() > kRocPoints)
    note += "Drawn through " + with_commas(static_cast<std::int64_t>(thin_roc(head.cell_roc).size())) + " of the curve's " +
            with_commas(static_cast<std::int64_t>(head.cell_roc.size())) + " points, none moved; the AUC is of all.";
  Figure out = make_figure({.name = "roc",
                            .title = "ROC of the test cells for " + e.positive,
                            .subtitle = e.name + " · " + test_side_in_words(e, unit_noun),
                            .banner = banner_of(e),
                            .description = "ROC curve of " + e.name + ": " + cells_name + ".",
                            .note = note},
                           body.dump(-1, ' ', false, Json::error_handler_t::replace));
  out.folder = variant.figures;
  return out;
}

Figure confusion_figure(const ReportVariant& variant, const HeadResult& head, const std::string& unit_noun, std::size_t index) {
  const Evaluation& e = variant.evaluation;
  const std::size_t k = head.classes.size();
  Json squares = Json::array();
  for (std::size_t truth = 0; truth < k; ++truth) {
    std::int64_t row = 0;
    for (std::size_t called = 0; called < k; ++called) row += head.cells.confusion[truth * k + called];
    if (row == 0 && k > 2) continue;  // classes without a test cell would be empty rows; the subtitle says how many are left out
    for (std::size_t called = 0; called < k; ++called) {
      const std::int64_t n = head.cells.confusion[truth * k + called];
      const double share = row == 0 ? 0.0 : static_cast<double>(n) / static_cast<double>(row);
      squares.push_back({{"truth", head.classes[truth]}, {"called", head.classes[called]}, {"n", n}, {"share", rounded(share)}});
    }
  }
  const std::size_t n_rows = squares.size() / std::max<std::size_t>(k, 1);
  const int step = k <= 3 ? 104 : k <= 8 ? 62 : 40;
  const Json x = {{"field", "called"},
                  {"type", "nominal"},
                  {"sort", head.classes},
                  {"title", "called"},
                  {"axis", {{"orient", "bottom"}, {"labelAngle", k <= 8 ? 0 : -45}}}};
  const Json y = {{"field", "truth"}, {"type", "nominal"}, {"sort", head.classes}, {"title", "truth"}};
  const auto text = [&](const char* field, const char* format, int dy, int size, const char* weight) {
    return Json{{"mark", {{"type", "text"}, {"dy", dy}, {"fontSize", size}, {"fontWeight", weight}}},
                {"encoding",
                 {{"text", {{"field", field}, {"format", format}}},
                  {"color", {{"condition", {{"test", "datum.share > 0.55"}, {"value", "white"}}}, {"value", "#1d2329"}}}}}};
  };
  const Json fill = {{"mark", {{"type", "rect"}, {"stroke", "white"}, {"strokeWidth", 2}}},
                     {"encoding",
                      {{"color",
                        {{"field", "share"},
                         {"type", "quantitative"},
                         {"legend", nullptr},
                         {"scale", {{"domain", {0, 1}}, {"range", {"#f1f5f9", "#0b5a94"}}}}}},
                       {"tooltip",
                        {{{"field", "truth"}},
                         {{"field", "called"}},
                         {{"field", "n"}, {"title", "cells"}, {"format", ","}},
                         {{"field", "share"}, {"title", "share of the row"}, {"format", ".1%"}}}}}}};
  const bool roomy = k <= 8;
  Json layers = Json::array({fill, text("n", ",", roomy ? -8 : 0, k <= 3 ? 17 : 12, roomy ? "bold" : "normal")});
  if (roomy) layers.push_back(text("share", ".1%", k <= 3 ? 13 : 9, k <= 3 ? 13 : 11, "normal"));
  const Json body = {{"width", {{"step", step}}},
                     {"height", {{"step", std::min(step, 84)}}},
                     {"data", {{"values", squares}}},
                     {"encoding", {{"x", x}, {"y", y}}},
                     {"layer", layers}};
  std::string subtitle = e.name + " · " + test_side_in_words(e, unit_noun) + (roomy ? " · % of the row" : "");
  if (n_rows < k) subtitle += " · " + counted(static_cast<std::int64_t>(k - n_rows), "class") + " without test cells left out";
  const bool is_label = index == 0;
  Figure out = make_figure(
      {.name = is_label ? "confusion" : "confusion_" + file_name_of(head.label),
       .title = "Test cells by true and called " + head.label,
       .subtitle = subtitle,
       .banner = banner_of(e),
       .description = "Confusion matrix of " + head.label + " for " + e.name + ", accuracy " + fixed(head.cells.accuracy, 3) + "."},
      body.dump(-1, ' ', false, Json::error_handler_t::replace));
  out.folder = variant.figures;
  return out;
}

}  // namespace

std::vector<Figure> test_figures(const ReportVariant& variant, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  std::vector<Figure> out;
  for (std::size_t i = 0; i < e.heads.size(); ++i) {
    const HeadResult& head = e.heads[i];
    if (i == 0 && !head.cell_roc.empty()) out.push_back(roc_figure(variant, unit_noun));
    const std::size_t k = head.classes.size();
    if (k >= 2 && k <= kMostClassesDrawn && head.cells.confusion.size() == k * k)
      out.push_back(confusion_figure(variant, head, unit_noun, i));
  }
  return out;
}

}  // namespace cellverdict
