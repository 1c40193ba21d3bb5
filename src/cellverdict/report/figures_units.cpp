// What the probabilities of units are worth: whether they mean what they say, precision against recall, and net benefit. A figure
// that too few units would make noise of is not drawn.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>
#include <cellverdict/stats/decision_curve.h>
#include <cellverdict/stats/metrics.h>
#include <cellverdict/stats/reliability.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
// Lighter than what they became.
constexpr const char *kBeforeUnits = "#efc09d", *kBeforeCells = "#a9cde6";

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct Axis {
  const char* field;
  std::string title;
};

Json encoded(const Axis& axis, const Json& domain) {
  return {{"field", axis.field},
          {"type", "quantitative"},
          {"title", axis.title},
          {"scale", {{"domain", domain}}},
          {"axis", {{"tickCount", 5}, {"format", ".1f"}}}};
}

Json series_of(const std::vector<std::string>& names, const char* field, const std::vector<std::string>& colours) {
  return {{"field", field}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", names}, {"range", colours}}}};
}

Figure finish(Figure figure, const ReportVariant& variant) {
  figure.folder = variant.figures;
  return figure;
}

FigureHead head_of(const ReportVariant& variant, const char* name, const std::string& title, const std::string& about) {
  const Evaluation& e = variant.evaluation;
  return {.name = name,
          .title = title,
          .subtitle = e.name + " · " + about,
          .banner = banner_of(e),
          .description = title + " of " + e.name + ", " + about + "."};
}

struct ReliabilityPoints {
  Json points = Json::array();
  std::vector<std::string> names, colours;
  std::string note;
};

struct Series {
  std::string name, colour, item;  // item: what is counted
  bool with_whiskers = false;
};

template <class Bins>
void add_points(const Series& series, const Bins& bins, ReliabilityPoints& out) {
  out.names.push_back(series.name);
  out.colours.push_back(series.colour);
  for (const auto& bin : bins) {
    Json point = {{"what", series.name},
                  {"said", rounded(bin.mean_probability)},
                  {"was", rounded(static_cast<double>(bin.n_positive) / static_cast<double>(bin.n))},
                  {"n", counted(bin.n, series.item)}};
    if constexpr (requires { bin.share_positive; })
      if (series.with_whiskers) {
        point["low"] = rounded(bin.share_positive.low);
        point["high"] = rounded(bin.share_positive.high);
      }
    out.points.push_back(std::move(point));
  }
}

void add_units(const UnitProbabilities& units, const UnitProbabilities& before, const std::string& unit_noun,
               ReliabilityPoints& out) {
  const auto n = static_cast<std::int64_t>(units.positive.size());
  const std::int64_t n_bins = std::min<std::int64_t>(10, n / 5);
  const auto bins = reliability_bins(units.positive, units.probability, n_bins);
  const std::string of_bins = ", " + counted(static_cast<std::int64_t>(bins.size()), "bin") + " of equal number";
  const bool is_scaled = !before.positive.empty();
  if (is_scaled)
    add_points({plural_of(unit_noun) + " before the temperature", kBeforeUnits, unit_noun},
               reliability_bins(before.positive, before.probability, n_bins), out);
  add_points({plural_of(unit_noun) + (is_scaled ? " after it" : "") + of_bins, curve_colour(1), unit_noun, true}, bins, out);
  std::string methods;
  for (const auto& bin : bins)
    if (methods.find(bin.share_positive.method) == std::string::npos)
      methods += (methods.empty() ? "" : ", ") + bin.share_positive.method;
  out.note = "Whiskers: 95 % interval (" + methods + ") of the share among the " + plural_of(unit_noun) + " of a bin. ";
  if (const auto ece = expected_calibration_error(units.positive, units.probability, n_bins)) {
    out.note += "Expected calibration error over " + plural_of(unit_noun) + " " + fixed(*ece, 3);
    if (const auto first = expected_calibration_error(before.positive, before.probability, n_bins); is_scaled && first)
      out.note += ", before the temperature " + fixed(*first, 3);
    out.note += " (these bins). ";
  } else {
    out.note += "No expected calibration error is given below " + counted(kLeastUnitsForEce, unit_noun) + ". ";
  }
}

void add_cells(const Evaluation& e, ReliabilityPoints& out) {
  const bool is_scaled = !e.uncalibrated_cell_bins.empty();
  if (is_scaled) add_points({"cells before the temperature", kBeforeCells, "cell"}, e.uncalibrated_cell_bins, out);
  add_points({std::string("cells") + (is_scaled ? " after it, " : ", ") +
                  counted(static_cast<std::int64_t>(e.cell_bins.size()), "bin") + " of equal number",
              curve_colour(0), "cell"},
             e.cell_bins, out);
  out.note += "Points of cells have no interval: cells of one unit are not independent.";
}

// "0.120 over 24 libraries (before the temperature 0.151)".
std::string brier_in_words(double now, const std::optional<double>& before, const std::string& over) {
  return fixed(now, 3) + " over " + over + (before ? " (before the temperature " + fixed(*before, 3) + ")" : "");
}

Figure reliability_figure(const ReportVariant& variant, const UnitProbabilities& units, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  ReliabilityPoints drawn;
  const bool with_units = std::ssize(units.positive) >= kLeastUnitsForReliability;
  if (!e.cell_bins.empty()) add_cells(e, drawn);
  const std::string of_cells = drawn.note;
  const UnitProbabilities before = uncalibrated_unit_probabilities(e);
  if (with_units) add_units(units, before, unit_noun, drawn);
  FigureHead head = head_of(variant, "reliability", "Do probabilities of " + e.positive + " mean what they say?",
                            test_side_in_words(e, unit_noun));
  head.note = with_units ? drawn.note + of_cells : of_cells;
  std::string brier = "Brier score (0 is perfect): ";
  if (!units.positive.empty())
    brier += brier_in_words(units.brier, before.positive.empty() ? std::nullopt : std::optional(before.brier),
                            counted(n_test_units(e), unit_noun));
  if (e.cell_brier)
    brier += (units.positive.empty() ? "" : ", ") + brier_in_words(*e.cell_brier, e.uncalibrated_cell_brier, "cells");
  head.note = brier + ". " + head.note;
  const Json x = encoded({"said", "mean probability said"}, {0, 1}), y = encoded({"was", "share that was " + e.positive}, {0, 1});
  const Json colour = series_of(drawn.names, "what", drawn.colours);
  const Json tooltip = {{{"field", "what"}},
                        {{"field", "said"}, {"title", "said"}, {"format", ".3f"}},
                        {{"field", "was"}, {"title", "was"}, {"format", ".3f"}},
                        {{"field", "n"}, {"title", "of"}}};
  const Json right = {{"data", {{"values", {{{"said", 0}, {"was", 0}}, {{"said", 1}, {"was", 1}}}}}},
                      {"mark", {{"type", "line"}, {"color", "#8a939c"}, {"strokeDash", {4, 4}}, {"strokeWidth", 1.2}}},
                      {"encoding", {{"x", x}, {"y", y}}}};
  const Json whiskers = {
      {"transform", {{{"filter", "isValid(datum.low)"}}}},
      {"mark", {{"type", "rule"}, {"strokeWidth", 1.6}}},
      {"encoding",
       {{"x", x}, {"y", {{"field", "low"}, {"type", "quantitative"}}}, {"y2", {{"field", "high"}}}, {"color", colour}}}};
  const Json line = {{"mark", {{"type", "line"}, {"point", {{"filled", true}, {"size", 60}}}, {"strokeWidth", 1.8}}},
                     {"encoding", {{"x", x}, {"y", y}, {"color", colour}, {"tooltip", tooltip}}}};
  return make_figure(
      head, text_of({{"width", 320}, {"height", 320}, {"data", {{"values", drawn.points}}}, {"layer", {right, whiskers, line}}}));
}

Figure precision_recall_figure(const ReportVariant& variant, const UnitProbabilities& units, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  const double prevalence = static_cast<double>(units.n_positive) / static_cast<double>(units.positive.size());
  const std::string curve = "the model, average precision " + metric(average_precision(units.positive, units.probability));
  const std::string guess = "calling at random: the share of " + e.positive + ", " + fixed(prevalence, 3);
  Json points = Json::array();
  int order = 0;
  for (const auto& point : precision_recall_curve(units.positive, units.probability))
    points.push_back(
        {{"what", curve}, {"order", order++}, {"recall", rounded(point.recall)}, {"precision", rounded(point.precision)}});
  for (const double recall : {0.0, 1.0})
    points.push_back({{"what", guess}, {"order", order++}, {"recall", recall}, {"precision", rounded(prevalence)}});
  FigureHead head = head_of(variant, "precision_recall", "Precision and recall over " + plural_of(unit_noun),
                            std::to_string(units.n_positive) + " " + e.positive + " of " + counted(n_test_units(e), unit_noun));
  head.note =
      "Precision depends on the share of " + e.positive + " among these " + plural_of(unit_noun) + ": elsewhere it is another.";
  const Json body = {
      {"width", 320},
      {"height", 320},
      {"data", {{"values", points}}},
      {"mark", {{"type", "line"}, {"strokeWidth", 2.2}, {"interpolate", "step-before"}}},
      {"encoding",
       {{"x", encoded({"recall", "recall: share of " + e.positive + " found"}, {0, 1})},
        {"y", encoded({"precision", "precision: share of calls that are right"}, {0, 1})},
        {"order", {{"field", "order"}, {"type", "quantitative"}}},
        {"color", series_of({curve, guess}, "what", {curve_colour(0), "#8a939c"})},
        {"tooltip",
         {{{"field", "what"}}, {{"field", "recall"}, {"format", ".3f"}}, {{"field", "precision"}, {"format", ".3f"}}}}}}};
  return make_figure(head, text_of(body));
}

Figure decision_figure(const ReportVariant& variant, const UnitProbabilities& units, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  const std::vector<std::string> names = {"following the model", "treating everyone", "treating no one"};
  std::vector<double> thresholds;
  for (int i = 1; i <= 80; ++i) thresholds.push_back(i / 100.0);
  Json points = Json::array();
  double most = 0;
  const auto add = [&](const std::string& name, double threshold, double benefit) {
    most = std::max(most, benefit);
    points.push_back({{"what", name}, {"threshold", rounded(threshold)}, {"benefit", rounded(benefit)}});
  };
  for (const auto& point : decision_curve(
           {.positive = units.positive, .probability = units.probability, .thresholds = thresholds, .prevalence = std::nullopt})) {
    add(names[0], point.threshold, point.model);
    add(names[1], point.threshold, point.treat_all);
    add(names[2], point.threshold, 0);
  }
  FigureHead head = head_of(variant, "decision_curve", "Net benefit of acting on the call", counted(n_test_units(e), unit_noun));
  head.note =
      "Vickers & Elkin 2006, at the share of " + e.positive + " among these " + plural_of(unit_noun) +
      ". A threshold of 0.2 says that missing one costs four times what a false alarm costs. Below the other lines the model "
      "does harm. No interval is drawn.";
  const Json y = {{"field", "benefit"},
                  {"type", "quantitative"},
                  {"title", "net benefit"},
                  {"scale", {{"domain", {-0.1, rounded(most + 0.02)}}}},
                  {"axis", {{"tickCount", 5}, {"format", ".2f"}}}};
  const Json body = {{"width", 360},
                     {"height", 300},
                     {"data", {{"values", points}}},
                     {"mark", {{"type", "line"}, {"strokeWidth", 2.2}, {"clip", true}}},
                     {"encoding",
                      {{"x", encoded({"threshold", "threshold: probability from which one would act"}, {0, 0.8})},
                       {"y", y},
                       {"color", series_of(names, "what", {curve_colour(0), curve_colour(1), "#333b43"})},
                       {"tooltip",
                        {{{"field", "what"}},
                         {{"field", "threshold"}, {"format", ".2f"}},
                         {{"field", "benefit"}, {"title", "net benefit"}, {"format", ".3f"}}}}}}};
  return make_figure(head, text_of(body));
}

}  // namespace

static UnitProbabilities probabilities_of(const Evaluation& e, std::vector<double> UnitResult::* which) {
  UnitProbabilities out;
  const auto positive = static_cast<std::size_t>(std::ranges::find(e.classes, e.positive) - e.classes.begin());
  if (e.classes.size() != 2 || positive >= 2) return out;
  double squares = 0;
  for (const auto& unit : e.units) {
    if ((unit.*which).size() != 2) return {};
    const bool is_positive = unit.label == e.positive;
    const double p = std::clamp((unit.*which)[positive], 0.0, 1.0);
    out.positive.push_back(is_positive ? 1 : 0);
    out.probability.push_back(p);
    out.n_positive += is_positive ? 1 : 0;
    squares += (p - (is_positive ? 1 : 0)) * (p - (is_positive ? 1 : 0));
  }
  if (!out.positive.empty()) out.brier = squares / static_cast<double>(out.positive.size());
  return out;
}

UnitProbabilities unit_probabilities(const Evaluation& e) {
  return probabilities_of(e, &UnitResult::probability);
}

UnitProbabilities uncalibrated_unit_probabilities(const Evaluation& e) {
  return probabilities_of(e, &UnitResult::uncalibrated);
}

std::vector<Figure> unit_figures(const ReportVariant& variant, const std::string& unit_noun) {
  const Evaluation& e = variant.evaluation;
  const UnitProbabilities units = unit_probabilities(e);
  const auto n = static_cast<std::int64_t>(units.positive.size());
  const std::int64_t fewest = std::min(units.n_positive, n - units.n_positive);
  std::vector<Figure> out;
  if (!e.cell_bins.empty() || n >= kLeastUnitsForReliability)
    out.push_back(finish(reliability_figure(variant, units, unit_noun), variant));
  // Scores of several models cannot be ranked together.
  if (e.folds.empty() && fewest >= kLeastUnitsForAuc)
    out.push_back(finish(precision_recall_figure(variant, units, unit_noun), variant));
  if (n >= kLeastUnitsForDecisionCurve && fewest > 0) out.push_back(finish(decision_figure(variant, units, unit_noun), variant));
  return out;
}

}  // namespace cellverdict
