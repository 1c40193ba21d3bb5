// What all figures share: head, theme, palette, and the thinning of long curves.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <array>
#include <nlohmann/json.hpp>

namespace cellverdict {

using Json = nlohmann::ordered_json;

namespace {

Json theme(const FigureHead& head) {
  return Json{{"font", "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"},
              {"background", "white"},
              {"padding", 12},
              {"view", {{"stroke", "#c8ccd0"}}},
              {"title",
               {{"anchor", "start"},
                {"frame", "bounds"},
                {"fontSize", 15},
                {"fontWeight", 600},
                {"color", "#1d2329"},
                {"subtitleFontSize", 12.5},
                {"subtitleColor", head.banner.empty() ? "#4d565f" : "#a63c00"},
                {"subtitlePadding", 5},
                {"offset", head.gap}}},
              {"axis",
               {{"labelFontSize", 12},
                {"titleFontSize", 12.5},
                {"titleFontWeight", 500},
                {"titlePadding", 8},
                {"labelColor", "#333b43"},
                {"titleColor", "#333b43"},
                {"gridColor", "#e9ecef"},
                {"domainColor", "#8a939c"},
                {"tickColor", "#8a939c"},
                {"labelLimit", 300}}},
              {"legend",
               {{"orient", "bottom"},
                {"direction", "vertical"},
                {"titleFontSize", 12.5},
                {"titleFontWeight", 500},
                {"labelFontSize", 12.5},
                {"labelColor", "#333b43"},
                {"labelLimit", 640},
                {"symbolSize", 140},
                {"symbolStrokeWidth", 2.5},
                {"rowPadding", 4},
                {"layout", {{"bottom", {{"anchor", "start"}, {"direction", "vertical"}, {"margin", 6}}}}}}}};
}

}  // namespace

Figure make_figure(const FigureHead& head, const std::string& body) {
  Json subtitle = Json::array();
  if (!head.banner.empty()) subtitle.push_back(head.banner);
  if (!head.subtitle.empty()) subtitle.push_back(head.subtitle);
  Json spec = {{"$schema", "https://vega.github.io/schema/vega-lite/v5.json"},
               {"title", {{"text", head.title}, {"subtitle", subtitle}}},
               {"description", head.description}};
  const Json parts = Json::parse(body);
  for (const auto& [key, value] : parts.items()) spec[key] = value;
  spec["config"] = theme(head);
  return {.name = head.name,
          .title = head.title,
          .description = head.description,
          .note = head.note,
          .spec = spec.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

std::vector<RocPoint> thin_roc(const std::vector<RocPoint>& roc) {
  if (roc.size() <= kRocPoints) return roc;
  const auto walked = [&](std::size_t i) { return roc[i].false_positive_rate + roc[i].true_positive_rate; };
  std::vector<RocPoint> kept = {roc.front()};
  std::size_t i = 0;
  for (std::size_t step = 1; step + 1 < kRocPoints; ++step) {
    const double wanted = 2.0 * static_cast<double>(step) / static_cast<double>(kRocPoints - 1);
    std::size_t next = i;
    while (next + 1 < roc.size() && walked(next) < wanted) ++next;
    if (next == i || next + 1 == roc.size()) continue;
    kept.push_back(roc[next]);
    i = next;
  }
  kept.push_back(roc.back());
  return kept;
}

std::string test_side_in_words(const Evaluation& evaluation, const std::string& unit_noun) {
  const std::int64_t n_cells = evaluation.heads.empty() ? 0 : evaluation.heads.front().cells.n;
  return counted(n_cells, "cell") + " of " + counted(n_test_units(evaluation), unit_noun);
}

std::string banner_of(const Evaluation& evaluation) {
  return evaluation.split.optimistic ? std::string(kOptimisticBanner) : std::string();
}

std::string banner_of(const ReportInput& input) {
  std::string names;
  std::size_t n = 0;
  for (const auto& variant : input.variants)
    if (variant.evaluation.split.optimistic && ++n <= 3) names += (names.empty() ? "" : ", ") + variant.evaluation.name;
  if (n == 0) return {};
  if (n > 3) names += " and " + std::to_string(n - 3) + " more";
  return names + ": " + std::string(kOptimisticBanner);
}

namespace {
constexpr std::array<const char*, 6> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#8C6D00"};
}

std::string curve_colour(std::size_t i) {
  return kColours[i % kColours.size()];
}

std::vector<int> curve_dash(std::size_t i) {
  switch (i / kColours.size() % 4) {
    case 0:
      return {1, 0};
    case 1:
      return {6, 3};
    case 2:
      return {2, 2};
    default:
      return {8, 3, 2, 3};
  }
}

}  // namespace cellverdict
