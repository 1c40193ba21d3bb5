// Figures of an explanation: what types of cells say in each unit, which genes say it within them (PaSCient's Figure 4), genes by
// type.

#include <cellverdict/report/explain_page.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostTypes = 25;
constexpr const char* kOwn = "#D55E00";
constexpr const char* kOthers = "#7d8790";
constexpr const char* kInk = "#1d2329";

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Numbers of any size, in six digits.
Json number(double x) {
  if (!std::isfinite(x)) return nullptr;
  const double size = std::pow(10, 6 - std::ceil(std::log10(std::max(std::abs(x), 1e-300))));
  return x == 0 || !std::isfinite(size) ? x : std::round(x * size) / size;
}

std::string label_of(const ExplainedType& type) {
  return type.markers.empty() ? type.name : type.name + " (" + type.markers + ")";
}

std::string whose(const ExplainPage& page, bool own) {
  return (own ? "" : "not ") + page.result.class_name;
}

// Small numbers as powers of ten: their zeros would run into each other.
std::string label_expression(double most) {
  return most < 1e-3 ? "datum.value == 0 ? '0' : format(datum.value, '~e')" : "format(datum.value, '~g')";
}

Json x_axis(const std::string& title, double most, int ticks) {
  return {{"field", "v"},
          {"type", "quantitative"},
          {"title", title.empty() ? Json(nullptr) : Json(title)},
          {"axis", {{"labelExpr", label_expression(most)}, {"tickCount", ticks}}}};
}

Json zero_line() {
  return {{"mark", {{"type", "rule"}, {"color", "#8a939c"}, {"strokeDash", {3, 3}}}},
          {"data", {{"values", {{{"z", 0}}}}}},
          {"encoding", {{"x", {{"field", "z"}, {"type", "quantitative"}}}}}};
}

Figure type_boxes(const ExplainPage& page) {
  const ExplainResult& r = page.result;
  Json values = Json::array(), order = Json::array();
  const std::size_t n_types = std::min(kMostTypes, r.types.size());
  double most = 0;
  for (std::size_t k = 0; k < n_types; ++k) {
    const ExplainedType& type = r.types[k];
    for (const double v : type.values)
      if (std::isfinite(v)) most = std::max(most, std::abs(v));
    order.push_back(label_of(type));
    for (std::size_t u = 0; u < type.values.size(); ++u)
      if (std::isfinite(type.values[u]))
        values.push_back(
            {{"t", label_of(type)}, {"g", whose(page, r.is_in_class[u])}, {"v", number(type.values[u])}, {"u", r.units[u]}});
  }
  const Json y = {{"field", "t"}, {"type", "nominal"}, {"sort", order}, {"title", nullptr}, {"axis", {{"labelLimit", 260}}}};
  const Json groups = {whose(page, true), whose(page, false)};
  const Json offset = {{"field", "g"}, {"type", "nominal"}, {"sort", groups}};
  const Json colour = {{"field", "g"},
                       {"type", "nominal"},
                       {"title", page.unit_noun + " is"},
                       {"scale", {{"domain", groups}, {"range", {kOwn, kOthers}}}}};
  const Json x = x_axis("attribution of a cell of the type, mean over a " + page.unit_noun + "'s cells", most, 5);
  const Json boxes = {
      {"mark", {{"type", "boxplot"}, {"size", 9}, {"outliers", false}, {"opacity", 0.55}, {"median", {{"color", kInk}}}}},
      {"encoding", {{"x", x}, {"y", y}, {"yOffset", offset}, {"color", colour}}}};
  const Json points = {{"mark", {{"type", "circle"}, {"size", 16}, {"opacity", 0.75}}},
                       {"encoding",
                        {{"x", x},
                         {"y", y},
                         {"yOffset", offset},
                         {"color", colour},
                         {"tooltip", {{{"field", "u"}, {"title", page.unit_noun}}, {{"field", "v"}, {"title", "attribution"}}}}}}};
  FigureHead head{.name = "types",
                  .title = "Which cells speak for '" + r.class_name + "'?",
                  .subtitle = "every point is one held-out " + page.unit_noun + "; types by their mean in " + r.class_name,
                  .description = "Attribution of types of cells in each held-out " + page.unit_noun + ", " + r.class_name +
                                 " beside all others."};
  head.note = "Box: quartiles; whiskers: 1.5 times its width at most. A cell's attribution is summed over genes.";
  if (n_types < r.types.size())
    head.note += " Shown are " + std::to_string(n_types) + " of " + std::to_string(r.types.size()) + " types.";
  return make_figure(
      head,
      text_of(
          {{"width", 520}, {"height", {{"step", 15}}}, {"data", {{"values", values}}}, {"layer", {zero_line(), boxes, points}}}));
}

Figure gene_boxes(const ExplainPage& page) {
  Json panels = Json::array();
  for (const GenesOfType& of : page.result.genes_of_types) {
    Json values = Json::array(), means = Json::array();
    double most = 0;
    for (std::size_t g = 0; g < of.genes.size(); ++g) {
      double sum = 0, n = 0;
      for (const double v : of.values[g]) {
        values.push_back({{"g", of.genes[g]}, {"v", number(v)}, {"j", number(std::fmod(0.618034 * n, 1))}});
        most = std::max(most, std::abs(v));
        sum += v;
        ++n;
      }
      if (n > 0) means.push_back({{"g", of.genes[g]}, {"v", number(sum / n)}});
    }
    const Json y = {{"field", "g"}, {"type", "nominal"}, {"sort", of.genes}, {"title", nullptr}};
    const Json x = x_axis("", most, 3);
    const Json boxes = {{"mark",
                         {{"type", "boxplot"},
                          {"size", 10},
                          {"outliers", false},
                          {"color", "#56B4E9"},
                          {"opacity", 0.7},
                          {"median", {{"color", kInk}}}}},
                        {"encoding", {{"x", x}, {"y", y}}}};
    const Json points = {
        {"mark", {{"type", "circle"}, {"size", 9}, {"opacity", 0.45}, {"color", kInk}}},
        {"encoding",
         {{"x", x}, {"y", y}, {"yOffset", {{"field", "j"}, {"type", "quantitative"}, {"scale", {{"domain", {-0.6, 1.6}}}}}}}}};
    const Json triangles = {
        {"data", {{"values", means}}},
        {"mark",
         {{"type", "point"}, {"shape", "triangle-up"}, {"size", 42}, {"filled", true}, {"color", "#00664b"}, {"opacity", 1}}},
        {"encoding", {{"x", x}, {"y", y}}}};
    panels.push_back({{"title", {{"text", of.type}, {"fontSize", 12.5}, {"fontWeight", 500}, {"offset", 6}, {"limit", 270}}},
                      {"width", 230},
                      {"height", {{"step", 17}}},
                      {"data", {{"values", values}}},
                      {"layer", {zero_line(), boxes, points, triangles}}});
  }
  FigureHead head{
      .name = "genes_in_types",
      .title = "Which genes, within the cells that speak most for '" + page.result.class_name + "'?",
      .subtitle = "mean attribution over a " + page.unit_noun + "'s cells of the type; every point is one " + page.unit_noun +
                  " of " + page.result.class_name,
      .description = "Attribution of the first genes within types of cells, over held-out " + plural_of(page.unit_noun) + "."};
  head.note = "Genes by their mean (triangle). Dark line: median.";
  return make_figure(head, text_of({{"columns", 3}, {"spacing", 26}, {"concat", panels}}));
}

Figure heat_map(const ExplainPage& page) {
  const ExplainResult& r = page.result;
  Json values = Json::array(), types = Json::array();
  double most = 0;
  const std::size_t n_types = std::min(kMostTypes, r.types.size());
  for (std::size_t k = 0; k < n_types; ++k) {
    types.push_back(r.types[k].name);
    for (std::size_t g = 0; g < r.pictured.size(); ++g) {
      const double v = r.in_each_type[k][g];
      if (!std::isfinite(v)) continue;
      most = std::max(most, std::abs(v));
      values.push_back({{"t", r.types[k].name}, {"g", r.pictured[g]}, {"v", number(v)}});
    }
  }
  const Json colour = {
      {"field", "v"},
      {"type", "quantitative"},
      {"title", "attribution"},
      {"scale", {{"domain", {number(-most), number(most)}}, {"scheme", "blueorange"}}},
      {"legend", {{"orient", "right"}, {"direction", "vertical"}, {"gradientLength", 110}, {"labelExpr", label_expression(most)}}}};
  FigureHead head{
      .name = "genes_by_type",
      .title = "The first genes, type by type",
      .subtitle = "mean over " + plural_of(page.unit_noun) + " of " + r.class_name + "; orange speaks for it, blue against it",
      .description = "Mean attribution of the first genes in each type of cells."};
  head.note = "Empty: no such cell in any of them.";
  return make_figure(
      head,
      text_of({{"width", {{"step", 21}}},
               {"height", {{"step", 21}}},
               {"data", {{"values", values}}},
               {"mark", {{"type", "rect"}}},
               {"encoding",
                {{"x",
                  {{"field", "g"}, {"type", "nominal"}, {"sort", r.pictured}, {"title", nullptr}, {"axis", {{"labelAngle", -60}}}}},
                 {"y", {{"field", "t"}, {"type", "nominal"}, {"sort", types}, {"title", nullptr}, {"axis", {{"labelLimit", 220}}}}},
                 {"color", colour},
                 {"tooltip",
                  {{{"field", "t"}, {"title", "type"}},
                   {{"field", "g"}, {"title", "gene"}},
                   {{"field", "v"}, {"title", "attribution"}}}}}}}));
}

}  // namespace

std::vector<Figure> explain_figures(const ExplainPage& page) {
  const ExplainResult& r = page.result;
  std::vector<Figure> out;
  if (r.types.size() > 1) out.push_back(type_boxes(page));
  if (!r.genes_of_types.empty()) out.push_back(gene_boxes(page));
  if (r.types.size() > 1 && !r.pictured.empty()) out.push_back(heat_map(page));
  return out;
}

std::vector<Figure> side_by_side_figures(const ExplainOverview& overview) {
  std::vector<Figure> out;
  for (const auto& whole : overview.pooled) {
    out.push_back(type_boxes({.result = whole, .unit_noun = overview.unit_noun}));
    out.back().name = "types-" + file_name_of(whole.class_name);
  }
  if (overview.results.size() < 3) return out;
  Json values = Json::array();
  const auto add = [&](std::size_t a, std::size_t b, double v) {
    values.push_back({{"a", overview.names[a]}, {"b", overview.names[b]}, {"v", number(v)}});
  };
  for (std::size_t i = 0; i < overview.results.size(); ++i) add(i, i, 1);
  for (const auto& pair : overview.pairs) {
    add(pair.first, pair.second, pair.agreement.correlation);
    add(pair.second, pair.first, pair.agreement.correlation);
  }
  const auto axis = [&](const char* field, int angle) {
    return Json{{"field", field},
                {"type", "nominal"},
                {"sort", overview.names},
                {"title", nullptr},
                {"axis", {{"labelAngle", angle}, {"labelLimit", 240}}}};
  };
  const Json colour = {{"field", "v"},
                       {"type", "quantitative"},
                       {"title", "Spearman"},
                       {"scale", {{"domain", {-1, 1}}, {"scheme", "blueorange"}}},
                       {"legend", {{"orient", "right"}, {"direction", "vertical"}, {"gradientLength", 110}}}};
  Json layers = Json::array();
  layers.push_back({{"mark", {{"type", "rect"}}}, {"encoding", {{"x", axis("b", -60)}, {"y", axis("a", 0)}, {"color", colour}}}});
  if (overview.results.size() <= 16)
    layers.push_back({{"mark", {{"type", "text"}, {"fontSize", 10.5}}},
                      {"encoding",
                       {{"x", axis("b", -60)},
                        {"y", axis("a", 0)},
                        {"text", {{"field", "v"}, {"format", ".2f"}}},
                        {"color", {{"condition", {{"test", "abs(datum.v) > 0.7"}, {"value", "white"}}}, {"value", kInk}}}}}});
  const double side = std::clamp(36.0 * static_cast<double>(overview.results.size()), 140.0, 640.0);
  FigureHead head{.name = "agreement",
                  .title = "How far do the explanations agree?",
                  .subtitle = "Spearman's correlation of the ranks of shared genes",
                  .description = "Rank correlation between every two explanations."};
  out.push_back(make_figure(head, text_of({{"width", side}, {"height", side}, {"data", {{"values", values}}}, {"layer", layers}})));
  return out;
}

}  // namespace cellverdict
