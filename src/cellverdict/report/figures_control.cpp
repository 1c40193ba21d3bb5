// A histogram of what dealt labels reached, with a line where the true ones lie.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
constexpr int kBins = 20;  // of [0, 1]

Figure control_figure(const ReportVariant& variant, const PermutationResult& p, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  const std::string what = (p.statistic == "auc" ? "AUC" : p.statistic) + " over " + plural_of(unit_noun);
  std::vector<std::int64_t> n(kBins);
  for (const double deal : p.deals)
    ++n[static_cast<std::size_t>(std::clamp(static_cast<int>(std::floor(deal * kBins + 1e-9)), 0, kBins - 1))];
  Json bars = Json::array();
  for (int b = 0; b < kBins; ++b)
    bars.push_back({{"low", rounded(static_cast<double>(b) / kBins)},
                    {"high", rounded(static_cast<double>(b + 1) / kBins)},
                    {"n", n[static_cast<std::size_t>(b)]}});
  const Json x = {{"field", "low"},
                  {"type", "quantitative"},
                  {"title", what},
                  {"scale", {{"domain", {0, 1}}}},
                  {"axis", {{"tickCount", 5}, {"format", ".1f"}}}};
  const Json y = {{"field", "n"}, {"type", "quantitative"}, {"title", "deals"}, {"axis", {{"tickCount", 3}, {"tickMinStep", 1}}}};
  const Json histogram = {{"mark", {{"type", "bar"}, {"color", "#a9b2ba"}, {"binSpacing", 1}}},
                          {"encoding",
                           {{"x", x},
                            {"x2", {{"field", "high"}}},
                            {"y", y},
                            {"y2", {{"datum", 0}}},
                            {"tooltip",
                             {{{"field", "low"}, {"title", "from"}, {"format", ".2f"}},
                              {{"field", "high"}, {"title", "to"}, {"format", ".2f"}},
                              {{"field", "n"}, {"title", "deals"}}}}}}};
  const std::string said = "true labels: " + fixed(p.observed, 3);
  const Json data = {{"values", {{{"low", rounded(p.observed)}, {"said", said}}}}};
  const Json line = {{"data", data},
                     {"mark", {{"type", "rule"}, {"color", curve_colour(1)}, {"strokeWidth", 3}}},
                     {"encoding", {{"x", x}, {"tooltip", {{{"field", "said"}}}}}}};
  const bool is_right = p.observed > 0.5;
  const Json text = {{"data", data},
                     {"mark",
                      {{"type", "text"},
                       {"align", is_right ? "right" : "left"},
                       {"baseline", "bottom"},
                       {"y", -4},
                       {"fontSize", 12.5},
                       {"fontWeight", 600},
                       {"color", "#a63c00"}}},
                     {"encoding", {{"x", x}, {"text", {{"field", "said"}}}}}};
  Figure out = make_figure(
      {.name = std::string(kControlFigure) + "_" + file_name_of(p.model),
       .title = "Negative control: labels dealt at random, " + p.model,
       .subtitle = e.name + " · " + counted(static_cast<std::int64_t>(p.deals.size()), "deal") + ", p = " + fixed(*p.p_value, 3),
       .banner = banner_of(e),
       .description = "Histogram of the " + what + " that " + p.model + " reached on dealt labels; " + said + "."},
      Json{{"width", 340}, {"height", 150}, {"data", {{"values", bars}}}, {"layer", {histogram, line, text}}}.dump(
          -1, ' ', false, Json::error_handler_t::replace));
  out.folder = variant.figures;
  return out;
}

}  // namespace

std::vector<Figure> control_figures(const ReportVariant& variant, const std::string& unit_noun) {
  std::vector<Figure> out;
  for (const auto& result : variant.evaluation.permutations)
    if (result.p_value && !result.deals.empty()) out.push_back(control_figure(variant, result, unit_noun));
  return out;
}

}  // namespace cellverdict
