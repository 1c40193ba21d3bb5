// Who was on which side: a square a unit, in the column of its side and the row of its class.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMostDrawn = 600;  // units; beyond this a square is smaller than a person can point at

std::string side_in_words(const Evaluation& e, Side side) {
  const bool folded = !e.folds.empty();
  if (folded && side == Side::test) return "tested once, in " + std::to_string(e.folds.size()) + " folds";
  if (folded && side == Side::train) return "never tested";
  return std::string(side_name(side));
}

}  // namespace

std::vector<Figure> split_figures(const ReportVariant& variant, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  const SplitSummary& split = e.split;
  if (split.units.empty() || split.units.size() > kMostDrawn || split.classes.size() > 8) return {};
  const std::size_t n_columns = split.units.size() <= 40 ? 6 : split.units.size() <= 150 ? 12 : 20;
  Json squares = Json::array(), sides = Json::array();
  std::size_t n_rows = 1;
  for (const Side side : {Side::train, Side::validation, Side::test, Side::unused}) {
    bool any = false;
    for (const auto& label : split.classes) {
      std::size_t n = 0;
      for (const auto& unit : split.units) {
        if (unit.side != side || unit.label != label) continue;
        Json square = {
            {"side", side_in_words(e, side)}, {"class", label},     {"unit", unit.unit}, {"donor", donors_in_words(unit)},
            {"cells", unit.n_cells},          {"x", n % n_columns}, {"y", n / n_columns}};
        if (!unit.stratum.empty() && !split.by.empty()) square["stratum"] = split.by + " " + unit.stratum;
        squares.push_back(std::move(square));
        n_rows = std::max(n_rows, n / n_columns + 1);
        ++n;
        any = true;
      }
    }
    if (any) sides.push_back(side_in_words(e, side));
  }
  constexpr int kStep = 16;
  const auto place = [](const char* field, std::size_t n) {
    return Json{{"field", field},
                {"type", "quantitative"},
                {"axis", nullptr},
                {"scale", {{"domain", {-0.6, static_cast<double>(n) - 0.4}}, {"reverse", std::string(field) == "y"}}}};
  };
  Json colours = Json::array();
  for (std::size_t c = 0; c < split.classes.size(); ++c) colours.push_back(curve_colour(c));
  Json tooltip = {
      {{"field", "unit"}}, {{"field", "donor"}}, {{"field", "class"}}, {{"field", "side"}}, {{"field", "cells"}, {"format", ","}}};
  if (std::ranges::any_of(squares, [](const Json& square) { return square.contains("stratum"); }))
    tooltip.push_back({{"field", "stratum"}});
  const Json body = {
      {"data", {{"values", squares}}},
      {"facet",
       {{"column",
         {{"field", "side"}, {"type", "nominal"}, {"sort", sides}, {"title", nullptr}, {"header", {{"labelFontSize", 12.5}}}}},
        {"row",
         {{"field", "class"},
          {"type", "nominal"},
          {"sort", split.classes},
          {"title", nullptr},
          {"header", {{"labelFontSize", 12.5}, {"labelAngle", 0}, {"labelAlign", "left"}}}}}}},
      {"spacing", 10},
      {"spec",
       {{"width", static_cast<int>(n_columns) * kStep},
        {"height", static_cast<int>(n_rows) * kStep},
        {"mark", {{"type", "square"}, {"size", 130}, {"opacity", 1}}},
        {"encoding",
         {{"x", place("x", n_columns)},
          {"y", place("y", n_rows)},
          {"color",
           {{"field", "class"},
            {"type", "nominal"},
            {"legend", nullptr},
            {"scale", {{"domain", split.classes}, {"range", colours}}}}},
          {"tooltip", tooltip}}}}}};
  Figure out =
      make_figure({.name = "split",
                   .title = "Who was on which side",
                   .subtitle = e.name + " · a square is a " + unit_noun,
                   .banner = banner_of(e),
                   .description = "The split of " + e.name + ": " +
                                  counted(static_cast<std::int64_t>(split.units.size()), unit_noun) + " by side and class.",
                   .note = {}},
                  body.dump(-1, ' ', false, Json::error_handler_t::replace));
  out.folder = variant.figures;
  return {out};
}

}  // namespace cellverdict
