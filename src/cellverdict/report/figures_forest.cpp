// The AUC over units of every variant and of the simple models beside it, with its interval: one row each, as in a forest plot.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMostRows = 60;
constexpr int kPrefix = 4;  // characters of the number that keeps rows of one name apart; the axis cuts it off

struct Rows {
  Json rows = Json::array(), names = Json::array();
  std::size_t left_out = 0;
};

void add(const std::string& name, const char* what, const std::vector<MeasuredMetric>& metrics, Rows& out) {
  const auto auc = std::ranges::find_if(metrics, [](const auto& m) { return m.over_units && m.metric == "auc"; });
  if (auc == metrics.end() || !auc->estimate) return;
  if (out.names.size() == kMostRows) {
    ++out.left_out;
    return;
  }
  const std::string key = fmt::format("{:03d} {}", out.names.size(), name);
  out.names.push_back(key);
  Json row = {{"row", key}, {"name", name}, {"what", what}, {"auc", rounded(*auc->estimate)}};
  if (auc->interval) {
    row["low"] = rounded(auc->interval->low);
    row["high"] = rounded(auc->interval->high);
    row["text"] =
        fmt::format("{} ({} to {})", fixed(*auc->estimate, 3), fixed(auc->interval->low, 3), fixed(auc->interval->high, 3));
  } else {
    row["text"] = fixed(*auc->estimate, 3) + ", interval not estimable";
  }
  out.rows.push_back(row);
}

}  // namespace

std::string variants_without_auc(const ReportInput& input) {
  std::string names;
  std::size_t n = 0;
  for (const auto& variant : input.variants) {
    const Evaluation& e = variant.evaluation;
    if (e.heads.empty() || e.heads.front().cells.auc) continue;
    names += (n++ == 0 ? "" : ", ") + e.name;
  }
  return n == 0 || n == input.variants.size() ? "" : "No AUC, so not drawn: " + names + ".";
}

std::vector<Figure> forest_figures(const ReportInput& input) {
  constexpr const char *kModel = "the model", *kRival = "a simple model on the same units";
  Rows rows;
  for (const auto& variant : input.variants) {
    const Evaluation& e = variant.evaluation;
    if (e.classes.size() != 2) continue;
    add(e.name + " · " + counted(n_test_units(e), input.unit_noun) + (e.split.optimistic ? " (optimistic)" : ""), kModel, e.metrics,
        rows);
    for (const auto& rival : e.rivals) add(rival.name, kRival, rival.metrics, rows);
  }
  if (rows.rows.empty()) return {};
  const Json y = {{"field", "row"},
                  {"type", "nominal"},
                  {"sort", rows.names},
                  {"title", nullptr},
                  {"axis",
                   {{"labelExpr", fmt::format("slice(datum.label, {})", kPrefix)},
                    {"labelLimit", 330},
                    {"labelPadding", 10},
                    {"ticks", false}}}};
  const auto x = [](const char* field) {
    return Json{{"field", field},
                {"type", "quantitative"},
                {"title", "AUC over units, 95 % interval (0.5: guessing)"},
                {"scale", {{"domain", {0, 1}}}},
                {"axis", {{"values", {0, 0.25, 0.5, 0.75, 1}}, {"format", ".2f"}}}};
  };
  const Json colour = {{"field", "what"},
                       {"type", "nominal"},
                       {"title", nullptr},
                       {"scale", {{"domain", {kModel, kRival}}, {"range", {curve_colour(0), "#6b747d"}}}}};
  const Json tooltip = {{{"field", "name"}}, {{"field", "what"}}, {{"field", "text"}, {"title", "AUC over units"}}};
  const Json chance = {{"data", {{"values", {{{"auc", 0.5}}}}}},
                       {"mark", {{"type", "rule"}, {"color", "#8a939c"}, {"strokeDash", {4, 4}}}},
                       {"encoding", {{"x", x("auc")}}}};
  const Json whiskers = {
      {"transform", {{{"filter", "isValid(datum.low)"}}}},
      {"mark", {{"type", "rule"}, {"strokeWidth", 2}}},
      {"encoding", {{"y", y}, {"x", x("low")}, {"x2", {{"field", "high"}}}, {"color", colour}, {"tooltip", tooltip}}}};
  const Json points = {{"mark", {{"type", "point"}, {"filled", true}, {"size", 85}, {"opacity", 1}, {"shape", "square"}}},
                       {"encoding", {{"y", y}, {"x", x("auc")}, {"color", colour}, {"tooltip", tooltip}}}};
  const Json numbers = {{"mark", {{"type", "text"}, {"align", "left"}, {"fontSize", 12}, {"color", "#1d2329"}}},
                        {"encoding", {{"y", y}, {"x", {{"value", 252}}}, {"text", {{"field", "text"}, {"type", "nominal"}}}}}};
  return {make_figure(
      {.name = "auc_over_units",
       .title = "AUC over " + plural_of(input.unit_noun) + ", beside simple models",
       .subtitle = "squares: estimate; lines: 95 % interval over " + plural_of(input.unit_noun),
       .banner = banner_of(input),
       .description = "AUC over " + plural_of(input.unit_noun) + " with its interval, for " +
                      counted(static_cast<std::int64_t>(rows.rows.size()), "model") + ".",
       .note = rows.left_out == 0 ? variants_without_auc(input) : std::to_string(rows.left_out) + " more rows are not drawn."},
      Json{{"width", 240},
           {"height", {{"step", 26}}},
           {"data", {{"values", rows.rows}}},
           {"layer", {chance, whiskers, points, numbers}}}
          .dump(-1, ' ', false, Json::error_handler_t::replace))};
}

}  // namespace cellverdict
