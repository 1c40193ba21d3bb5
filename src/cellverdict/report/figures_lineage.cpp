// Figures of named sets: accuracy by epoch on all of them at once, the map of latent numbers, loss curves of several dropouts in
// one, and the score against a setting that variants differ in. The curves over test cells are drawn after the training from
// weights it kept: no epoch was chosen by them.

#include <cellverdict/report/html.h>
#include <cellverdict/report/lineage.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json number_axis(const std::string& field, const std::string& title, bool from_zero) {
  return {{"field", field}, {"type", "quantitative"}, {"title", title}, {"scale", {{"zero", from_zero}, {"nice", true}}}};
}

Json named_colours(const std::vector<std::string>& names, const std::string& field) {
  Json range = Json::array();
  for (std::size_t i = 0; i < names.size(); ++i) range.push_back(curve_colour(i));
  return {{"field", field}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", names}, {"range", range}}}};
}

Json lines(Json points, const std::vector<std::string>& names, const Json& x, const Json& y) {
  return {
      {"width", 400},
      {"height", 250},
      {"data", {{"values", std::move(points)}}},
      {"mark", {{"type", "line"}, {"point", {{"size", 28}, {"filled", true}}}, {"strokeWidth", 2}}},
      {"encoding", {{"x", x}, {"y", y}, {"color", named_colours(names, "series")}, {"tooltip", {{{"field", "series"}}, x, y}}}}};
}

Json epochs_axis() {
  return {{"field", "epoch"}, {"type", "quantitative"}, {"title", "epoch"}, {"axis", {{"format", "d"}, {"tickMinStep", 1}}}};
}

Figure curves_of_sets(const ReportVariant& variant, bool binary) {
  const Evaluation& e = variant.evaluation;
  Json points = Json::array();
  std::vector<std::string> names;
  const auto add = [&](const std::string& name, std::int64_t epoch, double y) {
    if (names.empty() || names.back() != name) names.push_back(name);
    points.push_back({{"series", name}, {"epoch", epoch}, {"y", rounded(y)}});
  };
  if (!binary)
    for (const auto& epoch : variant.curve.epochs) add("training cells (dropout on)", epoch.number, epoch.train.accuracy);
  for (const auto& set : e.sets)
    for (const auto& epoch : set.curve)
      if (!binary || epoch.binary) add(set.name, epoch.epoch, binary ? epoch.binary->f1 : epoch.cells.accuracy);
  const std::string what = binary ? "F1 of " + e.normal + " against all else" : "share of cells called right";
  Figure figure = make_figure(
      {.name = binary ? "set_curves_binary" : "set_curves",
       .title = (binary ? "F1 by epoch, " : "Accuracy by epoch, ") + counted(std::ssize(e.sets), "set") + " of the test side",
       .subtitle = e.name + fmt::format(", the model is that of epoch {}", variant.curve.best_epoch),
       .banner = banner_of(e),
       .description = what + " by epoch on every named set of test cells of " + e.name + ".",
       .note = "Drawn after the training from the weights it kept; no epoch was chosen by a test cell."},
      dumped(lines(std::move(points), names, epochs_axis(), number_axis("y", what, true))));
  figure.folder = variant.figures;
  return figure;
}

Figure map_of(const ReportVariant& variant, const std::vector<std::string>& colour, const std::string& by,
              const std::string& name) {
  const LatentMap& map = variant.evaluation.latent_map;
  Json points = Json::array();
  for (std::size_t i = 0; i < map.x.size(); ++i)
    points.push_back({{"x", rounded(map.x[i])}, {"y", rounded(map.y[i])}, {"c", colour[i]}, {"side", map.side[i]}});
  const std::set<std::string> distinct(colour.begin(), colour.end());
  const std::vector<std::string> names(distinct.begin(), distinct.end());
  const auto axis = [&](std::size_t i) {
    return fmt::format("component {}{}", i + 1, i < map.explained.size() ? " (" + fixed(100 * map.explained[i], 0) + " %)" : "");
  };
  const Json x = number_axis("x", axis(0), false), y = number_axis("y", axis(1), false);
  const Json body = {{"width", 380},
                     {"height", 300},
                     {"data", {{"values", points}}},
                     {"mark", {{"type", "circle"}, {"size", 14}, {"opacity", 0.55}}},
                     {"encoding",
                      {{"x", x},
                       {"y", y},
                       {"color", named_colours(names, "c")},
                       {"tooltip", {{{"field", "c"}, {"title", by}}, {{"field", "side"}}}}}}};
  Figure figure =
      make_figure({.name = name,
                   .title = "Latent numbers of cells by " + by,
                   .subtitle = fmt::format("{} · {} cells of all sides", variant.evaluation.name, with_commas(std::ssize(map.x))),
                   .banner = banner_of(variant.evaluation),
                   .description = "The first two principal components of the latent numbers of cells, coloured by " + by + ".",
                   .note = "The axes are fitted on training cells; cells are spread over each side."},
                  dumped(body));
  figure.folder = variant.figures;
  return figure;
}

std::vector<ModelSetting> without(const ReportVariant& variant, const std::string& key) {
  std::vector<ModelSetting> out = variant.settings;
  std::erase_if(out, [&](const ModelSetting& s) { return s.first == key; });
  return out;
}

std::string value_of(const ReportVariant& variant, const std::string& key) {
  const auto found = std::ranges::find(variant.settings, key, &ModelSetting::first);
  return found == variant.settings.end() ? "" : found->second;
}

// Variants alike in all settings but one, which has several values among them.
struct Family {
  std::string key;
  std::vector<std::size_t> variants;
};

std::vector<Family> families(const ReportInput& report) {
  std::vector<Family> out;
  std::set<std::string> keys;
  for (const auto& variant : report.variants)
    for (const auto& [key, value] : variant.settings) keys.insert(key);
  keys.erase("split.where");
  for (const auto& key : keys) {
    std::set<std::size_t> taken;
    for (std::size_t a = 0; a < report.variants.size(); ++a) {
      if (report.variants[a].evaluation.sets.empty() || taken.contains(a)) continue;
      Family family{.key = key, .variants = {a}};
      const auto same = without(report.variants[a], key);
      const SplitSummary& split = report.variants[a].evaluation.split;
      for (std::size_t b = a + 1; b < report.variants.size(); ++b) {
        const ReportVariant& other = report.variants[b];
        if (other.evaluation.sets.empty() || without(other, key) != same || other.evaluation.split.scheme != split.scheme ||
            value_of(other, key) == value_of(report.variants[a], key))
          continue;
        family.variants.push_back(b);
        taken.insert(b);
      }
      if (family.variants.size() > 1) out.push_back(std::move(family));
    }
  }
  return out;
}

Figure loss_figure(const ReportInput& report, const Family& family) {
  Json points = Json::array();
  std::vector<std::string> names;
  for (const std::size_t v : family.variants) {
    const ReportVariant& variant = report.variants[v];
    const std::string name = "dropout " + value_of(variant, family.key);
    names.push_back(name);
    for (const auto& epoch : variant.curve.epochs) {
      points.push_back({{"series", name}, {"side", "training cells"}, {"epoch", epoch.number}, {"y", rounded(epoch.train.loss)}});
      if (epoch.validation)
        points.push_back(
            {{"series", name}, {"side", "validation cells"}, {"epoch", epoch.number}, {"y", rounded(epoch.validation->loss)}});
    }
  }
  Json body = lines(std::move(points), names, epochs_axis(), number_axis("y", "loss", true));
  body["mark"]["point"] = false;
  body["encoding"]["strokeDash"] = {{"field", "side"}, {"type", "nominal"}, {"title", nullptr}};
  return make_figure({.name = "dropout_loss",
                      .title = "Loss by epoch, by dropout",
                      .subtitle = report.variants[family.variants[0]].evaluation.split.scheme + " split",
                      .banner = banner_of(report.variants[family.variants[0]].evaluation),
                      .description = "Loss on training and validation cells by epoch for several dropouts.",
                      .note = "Dropout is on for training cells and off for validation cells."},
                     dumped(body));
}

Figure setting_figure(const ReportInput& report, const Family& family) {
  Json points = Json::array();
  std::vector<std::string> names;
  for (const std::size_t v : family.variants)
    for (const auto& set : report.variants[v].evaluation.sets) {
      if (std::ranges::find(names, set.name) == names.end()) names.push_back(set.name);
      points.push_back({{"series", set.name},
                        {"setting", value_of(report.variants[v], family.key)},
                        {"y", rounded(set.models.front().cells.accuracy)}});
    }
  Json values = Json::array();
  for (const std::size_t v : family.variants) values.push_back(value_of(report.variants[v], family.key));
  const Json x = {
      {"field", "setting"}, {"type", "ordinal"}, {"title", family.key}, {"sort", values}, {"axis", {{"labelAngle", 0}}}};
  const std::string key = file_name_of(family.key);
  return make_figure({.name = "setting_" + key,
                      .title = "Accuracy by " + family.key,
                      .subtitle = report.variants[family.variants[0]].evaluation.name,
                      .banner = banner_of(report.variants[family.variants[0]].evaluation),
                      .description = "Share of cells called right on every named set by " + family.key + ".",
                      .note = "Test cells: to be read, not to choose a setting by."},
                     dumped(lines(std::move(points), names, x, number_axis("y", "share of cells called right", true))));
}

}  // namespace

std::vector<Figure> set_figures(const ReportVariant& variant) {
  std::vector<Figure> out;
  const Evaluation& e = variant.evaluation;
  const bool has_curve = std::ranges::any_of(e.sets, [](const SetResult& set) { return !set.curve.empty(); });
  if (has_curve) out.push_back(curves_of_sets(variant, false));
  if (has_curve && !e.normal.empty()) out.push_back(curves_of_sets(variant, true));
  if (!e.latent_map.type.empty()) out.push_back(map_of(variant, e.latent_map.type, e.latent_map.type_column, "latent_by_type"));
  if (!e.latent_map.x.empty()) out.push_back(map_of(variant, e.latent_map.label, e.heads[0].label, "latent_by_label"));
  return out;
}

std::vector<Figure> lineage_figures(const ReportInput& report) {
  std::vector<Figure> out;
  std::map<std::string, int> used;
  for (const auto& family : families(report)) {
    if (family.key == "model.dropout") out.push_back(loss_figure(report, family));
    out.push_back(setting_figure(report, family));
  }
  for (auto& figure : out)
    if (const int n = ++used[figure.name]; n > 1) figure.name += "_" + std::to_string(n);
  return out;
}

}  // namespace cellverdict
