// What quality control did to each unit: counts, genes and mitochondrial share of its cells, before and after, as boxes. A unit is
// a row, so that names can be read and sixty units still fit; more go on further figures.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kUnitsOnPage = 60;
constexpr std::size_t kMostPages = 5;
constexpr const char* kBefore = "before quality control";
constexpr const char* kAfter = "after";
constexpr const char* kBeforeColour = "#a9b2ba";

// Names of the fields of one measure: total_p5 …
void put_box(Json& row, const std::string& measure, const QualitySummary::Box& box, double least) {
  const auto put = [&](const char* name, double value) { row[measure + name] = rounded(std::max(value, least)); };
  put("_p5", box.p5);
  put("_p25", box.p25);
  put("_p50", box.p50);
  put("_p75", box.p75);
  put("_p95", box.p95);
}

// One row a unit and stage; a stage that left no cell of a unit has none.
Json rows_of(const QualitySummary& quality, std::size_t first, std::size_t last) {
  Json rows = Json::array();
  for (std::size_t u = first; u < last; ++u)
    for (const auto& [name, stage] : {std::pair(kBefore, &quality.before), std::pair(kAfter, &quality.after)}) {
      if (u >= stage->total.size() || stage->total[u].n == 0) continue;
      Json row = {{"unit", quality.units[u]}, {"stage", name}, {"cells", stage->total[u].n}};
      put_box(row, "total", stage->total[u], 1);  // the axis is logarithmic
      put_box(row, "genes", stage->n_genes[u], 0);
      put_box(row, "mito", stage->mito_percent[u], 0);
      rows.push_back(row);
    }
  return rows;
}

struct Panel {
  const char* measure;
  const char* title;
  const char* format;  // of numbers in the tooltip
  Json scale, axis;
  bool is_first = false;
};

// Whiskers from the 5th to the 95th percentile, a box from the 25th to the 75th, a line at the median.
Json panel_of(const Panel& panel, const Json& names, int step) {
  const int thick = std::max(4, step * 36 / 100);
  const std::string m = panel.measure;
  Json y = {{"field", "unit"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", names}}}, {"axis", nullptr}};
  if (panel.is_first) y["axis"] = {{"labelFontSize", step < 18 ? 10.5 : 12}, {"ticks", false}, {"domain", false}};
  const Json offset = {{"field", "stage"}, {"scale", {{"domain", {kBefore, kAfter}}}}};
  const Json colour = {{"field", "stage"},
                       {"type", "nominal"},
                       {"title", nullptr},
                       {"scale", {{"domain", {kBefore, kAfter}}, {"range", {kBeforeColour, curve_colour(0)}}}},
                       {"legend", {{"orient", "bottom"}, {"direction", "horizontal"}, {"symbolType", "square"}}}};
  const auto x = [&](const char* percentile) {
    return Json{
        {"field", m + percentile}, {"type", "quantitative"}, {"title", panel.title}, {"scale", panel.scale}, {"axis", panel.axis}};
  };
  const auto said = [&](const char* percentile, const char* title) {
    return Json{{"field", m + percentile}, {"title", title}, {"format", panel.format}};
  };
  const Json tooltip = {{{"field", "unit"}},  {{"field", "stage"}}, {{"field", "cells"}, {"format", ",d"}},
                        said("_p5", "5 %"),   said("_p25", "25 %"), said("_p50", "median"),
                        said("_p75", "75 %"), said("_p95", "95 %")};
  const auto layer = [&](const Json& mark, const char* from, const char* to) {
    Json encoding = {{"y", y}, {"yOffset", offset}, {"x", x(from)}, {"tooltip", tooltip}};
    if (to != nullptr) encoding["x2"] = {{"field", m + to}};
    if (mark["type"] != "tick") encoding["color"] = colour;
    return Json{{"mark", mark}, {"encoding", encoding}};
  };
  return Json{
      {"width", 190},
      {"height", {{"step", step}, {"for", "position"}}},
      {"layer",
       {layer({{"type", "rule"}, {"strokeWidth", 1.3}}, "_p5", "_p95"), layer({{"type", "bar"}, {"height", thick}}, "_p25", "_p75"),
        layer({{"type", "tick"}, {"orient", "vertical"}, {"thickness", 2}, {"size", thick}, {"color", "#1d2329"}, {"opacity", 1}},
              "_p50", nullptr)}}};
}

// Powers of ten, with 2 and 5 times them where there would be too few.
Json log_ticks(const Json& rows) {
  double least = 1e300, most = 1;
  for (const auto& row : rows) {
    least = std::min(least, row["total_p5"].get<double>());
    most = std::max(most, row["total_p95"].get<double>());
  }
  const bool is_wide = most > 100 * least;
  Json ticks = Json::array();
  for (double power = 1; power <= most; power *= 10)
    for (const double times : {1.0, 2.0, 5.0})
      if (const double tick = power * times; tick >= least && tick <= most && (times == 1 || !is_wide)) ticks.push_back(tick);
  return ticks;
}

Figure page_of(const QualitySummary& quality, std::size_t first, std::size_t last, const ReportInput& input) {
  const std::string& unit_noun = input.unit_noun;
  const std::size_t page = first / kUnitsOnPage, n = last - first;
  const int step = n <= 12 ? 36 : n <= 30 ? 24 : 17;
  Json names = Json::array();
  for (std::size_t u = first; u < last; ++u) names.push_back(quality.units[u]);
  const Json rows = rows_of(quality, first, last);
  const Json log_scale = {{"type", "log"}, {"nice", false}, {"padding", 8}}, linear = {{"zero", true}};
  const Json panels = {
      panel_of({"total", "counts a cell", ",.0f", log_scale, {{"format", "~s"}, {"values", log_ticks(rows)}}, true}, names, step),
      panel_of({"genes", "genes with a count", ",.0f", linear, {{"format", ",d"}, {"tickCount", 4}}}, names, step),
      panel_of({"mito", "mitochondrial, % of counts", ".1f", linear, {{"tickCount", 4}}}, names, step)};
  std::string which, note;
  if (quality.units.size() > kUnitsOnPage)
    which = plural_of(unit_noun) + " " + std::to_string(first + 1) + " to " + std::to_string(last) + " of " +
            std::to_string(quality.units.size()) + "; ";
  if (quality.units.size() > kUnitsOnPage * kMostPages)
    note = "The first " + std::to_string(kUnitsOnPage * kMostPages) + " of " + std::to_string(quality.units.size()) + " " +
           plural_of(unit_noun) + " are drawn.";
  const Json body = {{"data", {{"values", rows}}}, {"hconcat", panels}, {"spacing", 18}};
  return make_figure({.name = page == 0 ? "quality_by_unit" : "quality_by_unit_" + std::to_string(page + 1),
                      .title = "Cells of each " + unit_noun + " before and after quality control",
                      .subtitle = which + "box: 25 to 75 %, line: median, whiskers: 5 to 95 % of its cells",
                      .banner = banner_of(input),
                      .description = "Counts, genes and mitochondrial share of the cells of " +
                                     counted(static_cast<std::int64_t>(n), unit_noun) + ", before and after quality control.",
                      .note = note},
                     body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::vector<Figure> quality_figures(const QualitySummary& quality, const ReportInput& input) {
  std::vector<Figure> out;
  const std::size_t n_drawn = std::min(quality.units.size(), kUnitsOnPage * kMostPages);
  for (std::size_t first = 0; first < n_drawn; first += kUnitsOnPage)
    out.push_back(page_of(quality, first, std::min(first + kUnitsOnPage, n_drawn), input));
  return out;
}

}  // namespace cellverdict
