// One figure for each key of a sweep: its values against the score on the validation side, a point a candidate, the chosen one
// marked. Nothing of the test side.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, values.size()));
}

std::optional<double> number_of(const std::string& text) {
  char* end = nullptr;
  const double x = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == '\0' ? std::optional(x) : std::nullopt;
}

// Numbers by size, else in the order of the file.
std::vector<std::string> values_in_order(const std::vector<std::string>& seen) {
  std::vector<std::string> out;
  for (const auto& value : seen)
    if (std::ranges::find(out, value) == out.end()) out.push_back(value);
  if (std::ranges::all_of(out, [](const auto& v) { return number_of(v).has_value(); }))
    std::ranges::stable_sort(out, {}, [](const auto& v) { return *number_of(v); });
  return out;
}

// One at a time: only those that have the file's own value of every other key belong into a key's figure.
bool belongs(const SweepResult& sweep, const SweepResult::Candidate& candidate, std::size_t key) {
  if (sweep.mode == "grid") return true;
  for (std::size_t k = 0; k < sweep.keys.size(); ++k)
    if (k != key && k < sweep.own.size() && candidate.values[k] != sweep.own[k]) return false;
  return true;
}

// The same for all keys, so that their figures can be compared; never so narrow that noise looks like a difference.
Json score_scale(const SweepResult& sweep) {
  constexpr double kNarrowest = 0.1;
  double low = 1e300, high = -1e300;
  for (const auto& c : sweep.candidates) low = std::min(low, mean_of(c.scores)), high = std::max(high, mean_of(c.scores));
  const double margin = std::max(0.08 * (high - low), (kNarrowest - (high - low)) / 2);
  low -= margin;
  high += margin;
  if (sweep.monitor != "validation.loss" && high > 1.01) low -= high - 1.01, high = 1.01;
  return {{"domain", {rounded(std::max(0.0, low)), rounded(high)}}, {"nice", false}};
}

Figure key_figure(const ReportVariant& variant, std::size_t key) {
  const SweepResult& sweep = variant.sweep;
  const int most = std::ranges::max(sweep.candidates, {}, &SweepResult::Candidate::n_chosen).n_chosen;
  const bool small_is_good = sweep.monitor == "validation.loss";
  const std::string axis =
      sweep.monitor.substr(sweep.monitor.find('.') + 1) == "auc" ? "AUC" : sweep.monitor.substr(sweep.monitor.find('.') + 1);
  Json points = Json::array(), line = Json::array();
  std::vector<std::string> seen;
  for (const auto& c : sweep.candidates)
    if (belongs(sweep, c, key)) seen.push_back(c.values[key]);
  const auto order = values_in_order(seen);
  for (const auto& value : order) {
    std::optional<double> best;
    for (const auto& c : sweep.candidates) {
      if (c.values[key] != value || !belongs(sweep, c, key)) continue;
      const double score = mean_of(c.scores);
      if (!best || (small_is_good ? score < *best : score > *best)) best = score;
      const bool chosen = c.n_chosen > 0 && c.n_chosen == most;
      points.push_back({{"value", value}, {"score", rounded(score)}, {"what", chosen ? "chosen" : "tried"}, {"name", c.name}});
    }
    if (best) line.push_back({{"value", value}, {"score", rounded(*best)}});
  }
  Json sorted = Json::array();
  for (const auto& value : order) sorted.push_back(value);
  const Json x = {{"field", "value"},
                  {"type", "ordinal"},
                  {"sort", sorted},
                  {"title", sweep.keys[key]},
                  {"axis", {{"labelAngle", order.size() > 6 ? -40 : 0}}}};
  const Json y = {{"field", "score"},
                  {"type", "quantitative"},
                  {"title", axis + " on validation"},
                  {"scale", score_scale(sweep)},
                  {"axis", {{"tickCount", 5}}}};
  const Json best = {{"data", {{"values", line}}},
                     {"mark", {{"type", "line"}, {"color", "#8a939c"}, {"strokeWidth", 1.5}}},
                     {"encoding", {{"x", x}, {"y", y}}}};
  const Json what = {{"field", "what"},
                     {"type", "nominal"},
                     {"title", nullptr},
                     {"scale", {{"domain", {"tried", "chosen"}}, {"range", {curve_colour(0), curve_colour(1)}}}}};
  Json shape = what;
  shape["scale"]["range"] = {"circle", "diamond"};
  const Json marks = {
      {"mark", {{"type", "point"}, {"filled", true}, {"opacity", 0.95}, {"stroke", "white"}, {"strokeWidth", 0.8}}},
      {"encoding",
       {{"x", x},
        {"y", y},
        {"color", what},
        {"size", {{"condition", {{"test", "datum.what === 'chosen'"}, {"value", 190}}}, {"value", 60}}},
        {"shape", shape},
        {"order", {{"field", "what"}, {"sort", "descending"}}},
        {"tooltip", {{{"field", "name"}, {"title", "setting"}}, {{"field", "score"}, {"title", axis}, {"format", ".4f"}}}}}}};
  const std::size_t n_folds = sweep.candidates.front().scores.size();
  std::string subtitle = sweep.mode == "grid" ? "a point a setting; line: the best at each value" : "all other keys as in the file";
  if (n_folds > 1) subtitle += "; mean of " + std::to_string(n_folds) + " folds";
  const int width = static_cast<int>(std::clamp<std::size_t>(60 * order.size(), 240, 480));
  return make_figure({.name = "sweep_" + file_name_of(sweep.keys[key]),
                      .title = "Validation score against " + sweep.keys[key],
                      .subtitle = subtitle,
                      .banner = banner_of(variant.evaluation),
                      .description = axis + " on the validation side against " + sweep.keys[key] + ", " +
                                     counted(std::ssize(points), "candidate") + ", the chosen one marked.",
                      .note = {}},
                     Json({{"width", width}, {"height", 190}, {"data", {{"values", points}}}, {"layer", {best, marks}}})
                         .dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::vector<Figure> sweep_figures(const ReportVariant& variant) {
  std::vector<Figure> out;
  if (variant.sweep.candidates.empty()) return out;
  for (std::size_t k = 0; k < variant.sweep.keys.size(); ++k) {
    out.push_back(key_figure(variant, k));
    out.back().folder = variant.figures;
  }
  return out;
}

}  // namespace cellverdict
