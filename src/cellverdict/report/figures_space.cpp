// Figures of a patient space: units coloured by a column, how alike labels are, how often neighbours agree, numbers by severity.

#include <cellverdict/report/html.h>
#include <cellverdict/report/space_page.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostPoints = 20000;
constexpr std::size_t kMostBoxes = 12;
constexpr const char* kGrey = "#c3c9cf";
// Told apart with any kind of colour vision: Okabe & Ito 2008 without yellow, then two of Paul Tol's.
constexpr std::array<const char*, 8> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                 "#56B4E9", "#8C6D00", "#332288", "#AA4499"};
constexpr const char* kOthers = "other or missing";

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct Drawing {
  std::string title;
  const std::vector<double>* places;  // [units, width]
  std::int64_t width;
};

std::vector<Drawing> drawings_of(const SpaceTable& table) {
  std::vector<Drawing> out;
  const auto n_components = std::ssize(table.explained);
  const std::string name = table.name.substr(0, table.name.find(", "));
  std::string title = name + " · principal components";
  if (n_components >= 2) title += " (" + fixed(100 * table.explained[0], 0) + " %, " + fixed(100 * table.explained[1], 0) + " %)";
  if (n_components >= 2) out.push_back({title, &table.pca, n_components});
  if (!table.umap.places.empty()) out.push_back({name + " · UMAP", &table.umap.places, table.umap.dimensions});
  return out;
}

Json coloured(const SpaceColour& colour) {
  if (colour.labels.levels.empty())
    return {{"field", "c"}, {"type", "quantitative"}, {"title", colour.numbers.name}, {"scale", {{"scheme", "viridis"}}}};
  Json domain = Json::array(), range = Json::array();
  for (std::size_t i = 0; i < colour.shown.size(); ++i) {
    domain.push_back(colour.shown[i]);
    range.push_back(kColours[i % kColours.size()]);
  }
  const auto is_grey = [&](std::int32_t code) {
    return code < 0 || std::ranges::find(colour.shown, colour.labels.levels[static_cast<std::size_t>(code)]) == colour.shown.end();
  };
  if (std::ranges::any_of(colour.labels.codes, is_grey)) {
    domain.push_back(kOthers);
    range.push_back(kGrey);
  }
  return {{"field", "c"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", domain}, {"range", range}}}};
}

// Grey units first, so that the others lie above them.
Json points_of(const SpaceReport& report, const SpaceColour& colour, const Drawing& drawing) {
  Json grey = Json::array(), out = Json::array();
  const std::int64_t step = std::max<std::int64_t>(1, (report.n_units + kMostPoints - 1) / kMostPoints);
  for (std::int64_t u = 0; u < report.n_units; u += step) {
    const auto i = static_cast<std::size_t>(u);
    Json point = {{"x", rounded((*drawing.places)[static_cast<std::size_t>(u * drawing.width)])},
                  {"y", rounded((*drawing.places)[static_cast<std::size_t>(u * drawing.width + 1)])},
                  {"u", report.unit_names[i]}};
    if (colour.labels.levels.empty()) {
      const double value = colour.numbers.values[i];
      point["c"] = std::isnan(value) ? Json(nullptr) : Json(rounded(value));
      out.push_back(std::move(point));
      continue;
    }
    const std::int32_t code = colour.labels.codes[i];
    const std::string label = code < 0 ? "" : colour.labels.levels[static_cast<std::size_t>(code)];
    const bool shown = std::ranges::find(colour.shown, label) != colour.shown.end();
    point["c"] = shown ? label : kOthers;
    (shown ? out : grey).push_back(std::move(point));
  }
  grey.insert(grey.end(), out.begin(), out.end());
  return grey;
}

Figure scatter_figure(const SpaceReport& report, const SpaceColour& colour) {
  const std::string column = colour.labels.levels.empty() ? colour.numbers.name : colour.labels.name;
  Json rows = Json::array();
  const double size = report.n_units > 2000 ? 10 : report.n_units > 300 ? 22 : 45;
  for (const auto& table : report.tables) {
    Json panels = Json::array();
    for (const auto& drawing : drawings_of(table)) {
      const auto axis = [](const char* field) {
        return Json{{"field", field},
                    {"type", "quantitative"},
                    {"title", nullptr},
                    {"scale", {{"zero", false}}},
                    {"axis", {{"labels", false}, {"ticks", false}, {"grid", false}, {"domain", false}}}};
      };
      panels.push_back(
          {{"title", {{"text", drawing.title}, {"fontSize", 12.5}, {"fontWeight", 500}, {"offset", 6}, {"limit", 330}}},
           {"width", 330},
           {"height", 300},
           {"data", {{"values", points_of(report, colour, drawing)}}},
           {"mark", {{"type", "circle"}, {"size", size}, {"opacity", 0.8}}},
           {"encoding",
            {{"x", axis("x")},
             {"y", axis("y")},
             {"color", coloured(colour)},
             {"tooltip", {{{"field", "u"}, {"title", report.unit_noun}}, {{"field", "c"}, {"title", column}}}}}}});
    }
    if (!panels.empty()) rows.push_back({{"hconcat", panels}, {"spacing", 24}});
  }
  FigureHead head{
      .name = "by_" + file_name_of(column),
      .title = counted(report.n_units, report.unit_noun) + " by " + column,
      .subtitle = report.source,
      .description = counted(report.n_units, report.unit_noun) + " by " + column + ", drawn by principal components and UMAP."};
  head.note = colour.note;
  if (report.n_units > kMostPoints) head.note += " Drawn is a sample, spread evenly over the file.";
  head.note += " How far groups of a UMAP lie from each other, and how wide they are, means little.";
  return make_figure(head, text_of({{"vconcat", rows}, {"spacing", 18}}));
}

Figure similarity_figure(const SpaceReport& report, const LabelSimilarity& s) {
  Json values = Json::array(), order = Json::array();
  const std::size_t n = s.labels.size();
  for (std::size_t i = 0; i < n; ++i) order.push_back(s.labels[i] + " (" + with_commas(s.counts[i]) + ")");
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) values.push_back({{"a", order[i]}, {"b", order[j]}, {"v", rounded(s.cosine[i * n + j])}});
  const double side = std::clamp(34.0 * static_cast<double>(n), 160.0, 640.0);
  const auto axis = [&](const char* field, int angle) {
    return Json{{"field", field},
                {"type", "nominal"},
                {"sort", order},
                {"title", nullptr},
                {"axis", {{"labelAngle", angle}, {"labelLimit", 240}, {"domain", false}, {"ticks", false}}}};
  };
  const Json colour = {{"field", "v"},
                       {"type", "quantitative"},
                       {"title", "cosine"},
                       {"scale", {{"domain", {-1, 1}}, {"scheme", "blueorange"}, {"reverse", false}}},
                       {"legend", {{"orient", "right"}, {"direction", "vertical"}, {"gradientLength", 120}}}};
  Json layers = Json::array();
  layers.push_back({{"mark", {{"type", "rect"}}},
                    {"encoding",
                     {{"x", axis("b", -60)},
                      {"y", axis("a", 0)},
                      {"color", colour},
                      {"tooltip",
                       {{{"field", "a"}, {"title", s.column}},
                        {{"field", "b"}, {"title", "with"}},
                        {{"field", "v"}, {"title", "cosine"}, {"format", ".3f"}}}}}}});
  if (n <= 16)
    layers.push_back({{"mark", {{"type", "text"}, {"fontSize", 10.5}}},
                      {"encoding",
                       {{"x", axis("b", -60)},
                        {"y", axis("a", 0)},
                        {"text", {{"field", "v"}, {"format", ".2f"}}},
                        {"color", {{"condition", {{"test", "abs(datum.v) > 0.7"}, {"value", "white"}}}, {"value", "#1d2329"}}}}}});
  FigureHead head{.name = "similarity_" + file_name_of(s.column),
                  .title = "How alike are the " + plural_of(report.unit_noun) + " of each " + s.column + "?",
                  .subtitle = "cosine between mean embeddings" + std::string(s.centred ? ", the mean of all taken off" : ""),
                  .description = "Cosine between the mean embeddings of every two values of " + s.column + "."};
  head.note = "In brackets the number of " + plural_of(report.unit_noun) + "; values with one alone are left out.";
  return make_figure(head, text_of({{"width", side}, {"height", side}, {"data", {{"values", values}}}, {"layer", layers}}));
}

Figure neighbour_figure(const SpaceReport& report) {
  Json values = Json::array(), order = Json::array();
  for (const auto& score : report.neighbours) {
    const std::string row = score.column + " · " + score.table;
    order.push_back(row);
    Json value = {{"row", row},
                  {"share", rounded(static_cast<double>(score.n_right) / static_cast<double>(score.n))},
                  {"majority", rounded(score.majority)}};
    if (score.accuracy.interval) {
      value["low"] = rounded(score.accuracy.interval->low);
      value["high"] = rounded(score.accuracy.interval->high);
    }
    values.push_back(std::move(value));
  }
  const Json x = {{"field", "share"},
                  {"type", "quantitative"},
                  {"title", "share called right by the nearest others"},
                  {"scale", {{"domain", {0, 1}}}}};
  const Json y = {{"field", "row"}, {"type", "nominal"}, {"sort", order}, {"title", nullptr}, {"axis", {{"labelLimit", 360}}}};
  const Json whisker = {{"mark", {{"type", "rule"}, {"strokeWidth", 2}, {"color", kColours[0]}}},
                        {"encoding", {{"x", {{"field", "low"}, {"type", "quantitative"}}}, {"x2", {{"field", "high"}}}, {"y", y}}}};
  const Json dot = {{"mark", {{"type", "circle"}, {"size", 90}, {"color", kColours[0]}, {"opacity", 1}}},
                    {"encoding", {{"x", x}, {"y", y}}}};
  const Json guess = {{"mark", {{"type", "tick"}, {"thickness", 2.5}, {"size", 16}, {"color", "#1d2329"}}},
                      {"encoding", {{"x", {{"field", "majority"}, {"type", "quantitative"}}}, {"y", y}}}};
  const std::int64_t k = report.neighbours.front().n_neighbours;
  FigureHead head{.name = "neighbours",
                  .title = "Do neighbours share a label?",
                  .subtitle = counted(k, "nearest other " + report.unit_noun) + ", each " + report.unit_noun + " left out in turn",
                  .description = "Leave-one-out accuracy of nearest neighbours by column and table."};
  head.note = "Line: 95 % interval of the share. Black tick: always answering the most frequent label. A " + report.unit_noun +
              " is never its own neighbour.";
  return make_figure(
      head,
      text_of({{"width", 380}, {"height", {{"step", 26}}}, {"data", {{"values", values}}}, {"layer", {whisker, dot, guess}}}));
}

// The numbers with the smallest p, each on its own scale.
Figure box_figure(const SpaceReport& report) {
  std::vector<const LevelDifference*> rows;
  for (const auto& row : report.differences) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) { return a->p_value < b->p_value; });
  if (rows.size() > kMostBoxes) rows.resize(kMostBoxes);
  Json panels = Json::array();
  for (const LevelDifference* row : rows) {
    const auto number = std::ranges::find(report.numbers, row->number, &NamedNumbers::name);
    Json values = Json::array();
    for (std::size_t u = 0; u < number->values.size(); ++u) {
      const std::int32_t code = report.severity_labels.codes[u];
      if (code >= 0 && !std::isnan(number->values[u]))
        values.push_back({{"g", report.severity_labels.levels[static_cast<std::size_t>(code)]},
                          {"v", number->values[u]},
                          {"j", rounded(std::fmod(0.618034 * static_cast<double>(values.size()), 1))}});
    }
    const Json x = {{"field", "g"},
                    {"type", "nominal"},
                    {"sort", row->levels},
                    {"title", nullptr},
                    {"axis", {{"labelAngle", 0}, {"labelLimit", 80}}}};
    const Json y = {
        {"field", "v"}, {"type", "quantitative"}, {"title", nullptr}, {"scale", {{"zero", false}}}, {"axis", {{"tickCount", 4}}}};
    Json jittered = {
        {"mark", {{"type", "circle"}, {"size", 18}, {"opacity", 0.45}, {"color", "#1d2329"}}},
        {"encoding",
         {{"x", x}, {"y", y}, {"xOffset", {{"field", "j"}, {"type", "quantitative"}, {"scale", {{"domain", {-0.6, 1.6}}}}}}}}};
    Json boxes = {{"mark",
                   {{"type", "boxplot"},
                    {"size", 34},
                    {"outliers", false},
                    {"color", kColours[4]},
                    {"opacity", 0.75},
                    {"median", {{"color", "#1d2329"}}}}},
                  {"encoding", {{"x", x}, {"y", y}}}};
    panels.push_back({{"title",
                       {{"text", row->number},
                        {"subtitle", "p after Bonferroni " + (row->bonferroni < 1e-3 ? "< 0.001" : fixed(row->bonferroni, 3))},
                        {"fontSize", 12.5},
                        {"fontWeight", 500},
                        {"offset", 6},
                        {"limit", 190}}},
                      {"width", std::max(130.0, 62.0 * static_cast<double>(row->levels.size()))},
                      {"height", 190},
                      {"data", {{"values", values}}},
                      {"layer", {boxes, jittered}}});
  }
  FigureHead head{.name = "severity_boxes",
                  .title = "What differs by " + report.severity + "?",
                  .subtitle = rows.front()->test.starts_with("rank sum") ? "rank sum between " + plural_of(report.unit_noun)
                                                                         : "Kruskal–Wallis between " + plural_of(report.unit_noun),
                  .description = "Boxes of numbers by " + report.severity + ", those with the smallest p-values."};
  head.note = counted(std::ssize(report.differences), "test") + "; shown are the " + std::to_string(rows.size()) +
              " with the smallest p. Box: quartiles; whiskers: 1.5 times its height at most; every point is one " +
              report.unit_noun + ".";
  return make_figure(head, text_of({{"columns", 4}, {"spacing", 30}, {"concat", panels}}));
}

}  // namespace

std::vector<Figure> space_figures(const SpaceReport& report) {
  std::vector<Figure> out;
  for (const auto& colour : report.colours) out.push_back(scatter_figure(report, colour));
  if (!report.neighbours.empty()) out.push_back(neighbour_figure(report));
  for (const auto& similarity : report.similarities)
    if (similarity.labels.size() > 2) out.push_back(similarity_figure(report, similarity));
  if (!report.differences.empty()) out.push_back(box_figure(report));
  return out;
}

}  // namespace cellverdict
