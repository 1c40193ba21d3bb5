// Learning curves: what training said of itself, with the epoch whose weights the model holds. They show the training and
// validation sides only; nothing of the test side may appear here, or a reader would choose by it.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

struct Curve {
  std::string name, title, axis, field;
  std::function<std::optional<double>(const EpochMetrics&)> value;
  bool is_rate = false;  // lies in [0, 1]
};

Json points_of(const LearningCurve& curve, const Curve& what) {
  Json points = Json::array();
  const auto add = [&](int epoch, const char* side, const EpochMetrics& metrics) {
    if (const auto value = what.value(metrics)) points.push_back({{"epoch", epoch}, {"side", side}, {what.field, rounded(*value)}});
  };
  for (const auto& epoch : curve.epochs) add(epoch.number, "training cells (dropout on)", epoch.train);
  for (const auto& epoch : curve.epochs)
    if (epoch.validation) add(epoch.number, "validation cells", *epoch.validation);
  return points;
}

bool has_validation(const LearningCurve& curve) {
  return std::ranges::any_of(curve.epochs, [](const auto& epoch) { return epoch.validation.has_value(); });
}

// A dashed line with its name above the plot, where no curve can run through it.
Json best_epoch_layers(const LearningCurve& curve) {
  const int last = curve.epochs.back().number;
  const Json data = {{"values", Json::array({{{"epoch", curve.best_epoch}}})}};
  const Json x = {{"field", "epoch"}, {"type", "quantitative"}};
  const char* align = curve.best_epoch * 6 <= last ? "left" : curve.best_epoch * 6 >= last * 5 ? "right" : "center";
  const Json line = {
      {"data", data}, {"mark", {{"type", "rule"}, {"color", "#4d565f"}, {"strokeDash", {4, 3}}}}, {"encoding", {{"x", x}}}};
  const Json name = {{"data", data},
                     {"mark",
                      {{"type", "text"},
                       {"text", (has_validation(curve) ? "best epoch " : "last epoch, ") + std::to_string(curve.best_epoch)},
                       {"align", align},
                       {"baseline", "bottom"},
                       {"fontSize", 12},
                       {"color", "#333b43"}}},
                     {"encoding", {{"x", x}, {"y", {{"value", -4}}}}}};
  return Json::array({line, name});
}

Json curve_body(const LearningCurve& curve, const Curve& what) {
  const int last = curve.epochs.back().number;
  Json sides = {"training cells (dropout on)"};
  if (has_validation(curve)) sides.push_back("validation cells");
  Json x_axis = {{"format", "d"}, {"tickMinStep", 1}, {"grid", false}};
  Json y = {{"field", what.field}, {"type", "quantitative"}, {"title", what.axis}};
  y["scale"] = what.is_rate ? Json{{"domain", {0, 1}}} : Json{{"zero", true}, {"nice", true}};
  const Json series = {
      {"mark", {{"type", "line"}, {"point", last <= 40 ? Json{{"size", 32}, {"filled", true}} : Json(false)}, {"strokeWidth", 2}}},
      {"encoding",
       {{"x",
         {{"field", "epoch"},
          {"type", "quantitative"},
          {"title", "epoch"},
          {"axis", x_axis},
          {"scale", {{"domain", {1, std::max(2, last)}}, {"nice", false}}}}},
        {"y", y},
        {"color",
         {{"field", "side"},
          {"type", "nominal"},
          {"title", nullptr},
          {"legend", {{"symbolType", "stroke"}, {"symbolStrokeWidth", 2.5}}},
          {"scale", {{"domain", sides}, {"range", {curve_colour(0), curve_colour(1)}}}}}},
        {"strokeDash",
         {{"field", "side"},
          {"type", "nominal"},
          {"title", nullptr},
          {"legend", {{"symbolType", "stroke"}, {"symbolStrokeWidth", 2.5}}},
          {"scale", {{"domain", sides}, {"range", {{1, 0}, {6, 3}}}}}}},
        {"tooltip", {{{"field", "epoch"}}, {{"field", "side"}}, {{"field", what.field}, {"format", ".4f"}}}}}}};
  Json layers = Json::array({series});
  if (curve.best_epoch > 0)
    for (const auto& layer : best_epoch_layers(curve)) layers.push_back(layer);
  return {{"width", 400}, {"height", 250}, {"data", {{"values", points_of(curve, what)}}}, {"layer", layers}};
}

}  // namespace

std::vector<Figure> curve_figures(const ReportVariant& variant) {
  const LearningCurve& curve = variant.curve;
  if (curve.epochs.empty()) return {};
  const Curve curves[] = {
      {"loss_curve", "Loss by epoch", "loss (all heads together)", "loss",
       [](const EpochMetrics& m) { return std::optional(m.loss); }},
      {"accuracy_curve", "Accuracy by epoch", "share of cells called right", "accuracy",
       [](const EpochMetrics& m) { return std::optional(m.accuracy); }, true},
      {"auc_curve", "AUC by epoch", "AUC of the cells", "auc", [](const EpochMetrics& m) { return m.auc; }, true}};
  const bool has_validation = std::ranges::any_of(curve.epochs, [](const Epoch& e) { return e.validation.has_value(); });
  std::string chosen =
      variant.evaluation.name + " · " +
      (variant.evaluation.folds.empty() ? "" : "fold 1 of " + std::to_string(variant.evaluation.folds.size()) + " · ") +
      std::to_string(curve.epochs.size()) + (curve.epochs.size() == 1 ? " epoch" : " epochs");
  chosen += !has_validation ? ", no validation side" : curve.monitor.empty() ? "" : ", best by " + curve.monitor;
  std::vector<Figure> out;
  for (const Curve& what : curves) {
    if (points_of(curve, what).empty()) continue;
    out.push_back(make_figure({.name = what.name,
                               .title = what.title,
                               .subtitle = chosen,
                               .banner = banner_of(variant.evaluation),

                               .description = what.title + " of " + chosen + "; the model holds the weights of epoch " +
                                              std::to_string(curve.best_epoch) + ".",
                               .gap = 26},
                              curve_body(curve, what).dump(-1, ' ', false, Json::error_handler_t::replace)));
    out.back().folder = variant.figures;
  }
  return out;
}

}  // namespace cellverdict
