// An Evaluation as JSON and back: what `evaluate` hands to `report`, and what scripts of users read.
// Members keep the names of the structs; a ROC curve is three lists of equal length; numbers JSON cannot hold are the strings
// "inf", "-inf" and "nan"; a metric that does not exist is null. It must never lose a digit: every number comes back bit by bit.

#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/evaluation.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;
constexpr int kVersion = 4;

Json to_json(double x) {
  if (std::isfinite(x)) return x;
  if (std::isnan(x)) return "nan";
  return x > 0 ? "inf" : "-inf";
}

Json to_json(const std::optional<double>& x) {
  return x ? to_json(*x) : Json(nullptr);
}

Json to_json(const std::vector<double>& numbers) {
  Json out = Json::array();
  for (const double x : numbers) out.push_back(to_json(x));
  return out;
}

Json to_json(const Classification& c) {
  return {{"n", c.n},
          {"n_classes", c.n_classes},
          {"confusion", c.confusion},
          {"loss", to_json(c.loss)},
          {"accuracy", to_json(c.accuracy)},
          {"balanced_accuracy", to_json(c.balanced_accuracy)},
          {"f1", to_json(c.f1)},
          {"auc", to_json(c.auc)}};
}

Json to_json(const std::vector<RocPoint>& roc) {
  std::vector<double> fpr, tpr, threshold;
  for (const auto& point : roc) {
    fpr.push_back(point.false_positive_rate);
    tpr.push_back(point.true_positive_rate);
    threshold.push_back(point.threshold);
  }
  return {{"false_positive_rate", to_json(fpr)}, {"true_positive_rate", to_json(tpr)}, {"threshold", to_json(threshold)}};
}

Json to_json(const SplitSummary& split) {
  Json units = Json::array();
  for (const auto& u : split.units)
    units.push_back({{"unit", u.unit},
                     {"donors", u.donors},
                     {"label", u.label},
                     {"stratum", u.stratum},
                     {"side", side_name(u.side)},
                     {"n_cells", u.n_cells}});
  return {{"scheme", split.scheme},
          {"by", split.by},
          {"optimistic", split.optimistic},
          {"fold", split.fold},
          {"n_folds", split.n_folds},
          {"held_out", split.held_out},
          {"has_validation", split.has_validation},
          {"classes", split.classes},
          {"units", units},
          {"notes", split.notes}};
}

Json to_json(const HeadResult& head) {
  return {{"label", head.label},
          {"classes", head.classes},
          {"weight", to_json(head.weight)},
          {"cells", to_json(head.cells)},
          {"units", head.units ? to_json(*head.units) : Json(nullptr)},
          {"cell_roc", to_json(head.cell_roc)},
          {"unit_roc", to_json(head.unit_roc)}};
}

Json to_json(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {{"low", to_json(interval->low)}, {"high", to_json(interval->high)}, {"method", interval->method}};
}

Json to_json(const MeasuredMetric& m) {
  return {{"metric", m.metric},
          {"over", m.over_units ? "units" : "cells"},
          {"estimate", to_json(m.estimate)},
          {"interval", to_json(m.interval)},
          {"why_not", m.why_not}};
}

Json to_json(const RivalResult& rival) {
  Json metrics = Json::array();
  for (const auto& metric : rival.metrics) metrics.push_back(to_json(metric));
  return {{"name", rival.name},
          {"how", rival.how},
          {"cells", to_json(rival.cells)},
          {"units", to_json(rival.units)},
          {"metrics", metrics},
          {"difference", to_json(rival.difference)},
          {"sentence", rival.sentence}};
}

Json to_json(const std::optional<PermutationResult>& p) {
  if (!p) return nullptr;
  return {{"model", p->model},
          {"statistic", p->statistic},
          {"within", p->within},
          {"observed", to_json(p->observed)},
          {"deals", to_json(p->deals)},
          {"p_value", to_json(p->p_value)},
          {"smallest_p", to_json(p->smallest_p)},
          {"n_distinct", p->n_distinct},
          {"why_not", p->why_not}};
}

Json to_json(const FoldScore& fold) {
  return {{"held_out", fold.held_out},
          {"n_units", fold.n_units},
          {"n_cells", fold.n_cells},
          {"unit_auc", to_json(fold.unit_auc)},
          {"cell_auc", to_json(fold.cell_auc)},
          {"cell_accuracy", to_json(fold.cell_accuracy)},
          {"threshold", to_json(fold.threshold)},
          {"threshold_source", fold.threshold_source},
          {"temperature", to_json(fold.temperature)},
          {"temperature_source", fold.temperature_source}};
}

Json to_json(const UnitResult& u) {
  return {{"unit", u.unit},           {"donor", u.donor},
          {"label", u.label},         {"stratum", u.stratum},
          {"n_cells", u.n_cells},     {"probability", to_json(u.probability)},
          {"predicted", u.predicted}, {"cell_accuracy", to_json(u.cell_accuracy)}};
}

Json to_json(const CovariateBaseline& b) {
  Json rules = Json::array();
  for (const auto& rule : b.rules)
    rules.push_back({{"value", rule.value}, {"train_units", rule.train_units}, {"test_units", rule.test_units}});
  return {{"covariate", b.covariate},
          {"unit_auc", to_json(b.unit_auc)},
          {"cell_auc", to_json(b.cell_auc)},
          {"unit_balanced_accuracy", to_json(b.unit_balanced_accuracy)},
          {"rules", rules},
          {"sentence", b.sentence}};
}

Json to_json(const ConfoundingRow& row) {
  Json values = Json::array();
  for (const auto& one : row.one_class_values)
    values.push_back({{"value", one.value}, {"label", one.label}, {"n_units", one.n_units}});
  return {{"column", row.column}, {"n_values", row.n_values},   {"n_units", row.n_units}, {"v", to_json(row.v)},
          {"p", to_json(row.p)},  {"one_class_values", values}, {"nested", row.nested},   {"warning", row.warning}};
}

Json to_json(const CellBin& bin) {
  return {{"mean_probability", to_json(bin.mean_probability)}, {"n", bin.n}, {"n_positive", bin.n_positive}};
}

template <class T>
Json list_of(const std::vector<T>& items) {
  Json out = Json::array();
  for (const auto& item : items) out.push_back(to_json(item));
  return out;
}

// A node with the place it stands at, so that an error can say which one is wrong.
struct Node {
  const Json& json;
  std::string place;

  [[noreturn]] void refuse(const std::string& expected) const {
    throw InputError({.where = place,
                      .found = std::string(json.type_name()),
                      .expected = expected,
                      .advice = "evaluate again with this version of cellverdict"});
  }
  Node at(const char* key) const {
    if (!json.is_object()) refuse("an object");
    const auto found = json.find(key);
    if (found == json.end())
      throw InputError({.where = place,
                        .found = std::string("no \"") + key + "\"",
                        .expected = "",
                        .advice = "evaluate again with this version of cellverdict"});
    return {*found, place + " " + key};
  }
};

void read(const Node& node, std::string& out) {
  if (!node.json.is_string()) node.refuse("text");
  out = node.json.get<std::string>();
}

void read(const Node& node, bool& out) {
  if (!node.json.is_boolean()) node.refuse("true or false");
  out = node.json.get<bool>();
}

void read(const Node& node, std::int64_t& out) {
  if (!node.json.is_number_integer()) node.refuse("a whole number");
  out = node.json.get<std::int64_t>();
}

void read(const Node& node, double& out) {
  if (node.json.is_number()) {
    out = node.json.get<double>();
  } else if (node.json == "inf") {
    out = std::numeric_limits<double>::infinity();
  } else if (node.json == "-inf") {
    out = -std::numeric_limits<double>::infinity();
  } else if (node.json == "nan") {
    out = std::numeric_limits<double>::quiet_NaN();
  } else {
    node.refuse("a number");
  }
}

void read(const Node& node, Side& out) {
  std::string name;
  read(node, name);
  for (std::size_t i = 0; i < kSideNames.size(); ++i)
    if (kSideNames[i] == name) {
      out = static_cast<Side>(i);
      return;
    }
  node.refuse("train, validation, test or unused");
}

// Declared before they are used by the templates below: lists of structs and optional structs.
void read(const Node& node, Classification& out);
void read(const Node& node, SplitUnit& out);
void read(const Node& node, HeadResult& out);
void read(const Node& node, UnitResult& out);
void read(const Node& node, CovariateRule& out);
void read(const Node& node, CovariateBaseline& out);
void read(const Node& node, Interval& out);
void read(const Node& node, MeasuredMetric& out);
void read(const Node& node, FoldScore& out);
void read(const Node& node, RivalResult& out);
void read(const Node& node, PermutationResult& out);
void read(const Node& node, OneClassValue& out);
void read(const Node& node, ConfoundingRow& out);
void read(const Node& node, CellBin& out);

template <class T>
void read(const Node& node, std::vector<T>& out) {
  if (!node.json.is_array()) node.refuse("a list");
  out.assign(node.json.size(), T{});
  for (std::size_t i = 0; i < out.size(); ++i) read({node.json[i], node.place + "[" + std::to_string(i) + "]"}, out[i]);
}

template <class T>
void read(const Node& node, std::optional<T>& out) {
  out.reset();
  if (!node.json.is_null()) read(node, out.emplace());
}

void read(const Node& node, Classification& c) {
  read(node.at("n"), c.n);
  read(node.at("n_classes"), c.n_classes);
  read(node.at("confusion"), c.confusion);
  read(node.at("loss"), c.loss);
  read(node.at("accuracy"), c.accuracy);
  read(node.at("balanced_accuracy"), c.balanced_accuracy);
  read(node.at("f1"), c.f1);
  read(node.at("auc"), c.auc);
  const auto cells = static_cast<std::int64_t>(c.confusion.size());
  if (c.n_classes < 0 || c.n_classes > cells + 1 || cells != c.n_classes * c.n_classes)
    throw InputError({.where = node.place + " confusion",
                      .found = std::to_string(cells) + " numbers",
                      .expected = std::to_string(c.n_classes) + " squared",
                      .advice = "evaluate again with this version of cellverdict"});
}

void read(const Node& node, std::vector<RocPoint>& roc) {
  std::vector<double> fpr, tpr, threshold;
  read(node.at("false_positive_rate"), fpr);
  read(node.at("true_positive_rate"), tpr);
  read(node.at("threshold"), threshold);
  if (fpr.size() != tpr.size() || fpr.size() != threshold.size()) node.refuse("three lists of equal length");
  roc.clear();
  for (std::size_t i = 0; i < fpr.size(); ++i) roc.push_back({fpr[i], tpr[i], threshold[i]});
}

void read(const Node& node, SplitUnit& u) {
  read(node.at("unit"), u.unit);
  read(node.at("donors"), u.donors);
  read(node.at("label"), u.label);
  read(node.at("stratum"), u.stratum);
  read(node.at("side"), u.side);
  read(node.at("n_cells"), u.n_cells);
}

void read(const Node& node, SplitSummary& split) {
  read(node.at("scheme"), split.scheme);
  read(node.at("by"), split.by);
  read(node.at("optimistic"), split.optimistic);
  read(node.at("fold"), split.fold);
  read(node.at("n_folds"), split.n_folds);
  read(node.at("held_out"), split.held_out);
  read(node.at("has_validation"), split.has_validation);
  read(node.at("classes"), split.classes);
  read(node.at("units"), split.units);
  read(node.at("notes"), split.notes);
}

void read(const Node& node, HeadResult& head) {
  read(node.at("label"), head.label);
  read(node.at("classes"), head.classes);
  read(node.at("weight"), head.weight);
  read(node.at("cells"), head.cells);
  read(node.at("units"), head.units);
  read(node.at("cell_roc"), head.cell_roc);
  read(node.at("unit_roc"), head.unit_roc);
}

void read(const Node& node, Interval& interval) {
  read(node.at("low"), interval.low);
  read(node.at("high"), interval.high);
  read(node.at("method"), interval.method);
}

void read(const Node& node, MeasuredMetric& m) {
  std::string over;
  read(node.at("metric"), m.metric);
  read(node.at("over"), over);
  read(node.at("estimate"), m.estimate);
  read(node.at("interval"), m.interval);
  read(node.at("why_not"), m.why_not);
  m.over_units = over == "units";
  if (m.interval) m.interval->estimate = m.estimate.value_or(0);
}

void read(const Node& node, RivalResult& rival) {
  read(node.at("name"), rival.name);
  read(node.at("how"), rival.how);
  read(node.at("cells"), rival.cells);
  read(node.at("units"), rival.units);
  read(node.at("metrics"), rival.metrics);
  read(node.at("difference"), rival.difference);
  read(node.at("sentence"), rival.sentence);
}

void read(const Node& node, PermutationResult& p) {
  read(node.at("model"), p.model);
  read(node.at("statistic"), p.statistic);
  read(node.at("within"), p.within);
  read(node.at("observed"), p.observed);
  read(node.at("deals"), p.deals);
  read(node.at("p_value"), p.p_value);
  read(node.at("smallest_p"), p.smallest_p);
  read(node.at("n_distinct"), p.n_distinct);
  read(node.at("why_not"), p.why_not);
}

void read(const Node& node, FoldScore& fold) {
  read(node.at("held_out"), fold.held_out);
  read(node.at("n_units"), fold.n_units);
  read(node.at("n_cells"), fold.n_cells);
  read(node.at("unit_auc"), fold.unit_auc);
  read(node.at("cell_auc"), fold.cell_auc);
  read(node.at("cell_accuracy"), fold.cell_accuracy);
  read(node.at("threshold"), fold.threshold);
  read(node.at("threshold_source"), fold.threshold_source);
  read(node.at("temperature"), fold.temperature);
  read(node.at("temperature_source"), fold.temperature_source);
}

void read(const Node& node, UnitResult& u) {
  read(node.at("unit"), u.unit);
  read(node.at("donor"), u.donor);
  read(node.at("label"), u.label);
  read(node.at("stratum"), u.stratum);
  read(node.at("n_cells"), u.n_cells);
  read(node.at("probability"), u.probability);
  read(node.at("predicted"), u.predicted);
  read(node.at("cell_accuracy"), u.cell_accuracy);
}

void read(const Node& node, CovariateRule& rule) {
  read(node.at("value"), rule.value);
  read(node.at("train_units"), rule.train_units);
  read(node.at("test_units"), rule.test_units);
}

void read(const Node& node, CovariateBaseline& b) {
  read(node.at("covariate"), b.covariate);
  read(node.at("unit_auc"), b.unit_auc);
  read(node.at("cell_auc"), b.cell_auc);
  read(node.at("unit_balanced_accuracy"), b.unit_balanced_accuracy);
  read(node.at("rules"), b.rules);
  read(node.at("sentence"), b.sentence);
}

void read(const Node& node, OneClassValue& one) {
  read(node.at("value"), one.value);
  read(node.at("label"), one.label);
  read(node.at("n_units"), one.n_units);
}

void read(const Node& node, ConfoundingRow& row) {
  read(node.at("column"), row.column);
  read(node.at("n_values"), row.n_values);
  read(node.at("n_units"), row.n_units);
  read(node.at("v"), row.v);
  read(node.at("p"), row.p);
  read(node.at("one_class_values"), row.one_class_values);
  read(node.at("nested"), row.nested);
  read(node.at("warning"), row.warning);
}

void read(const Node& node, CellBin& bin) {
  read(node.at("mean_probability"), bin.mean_probability);
  read(node.at("n"), bin.n);
  read(node.at("n_positive"), bin.n_positive);
}

Json parse(const std::string& text, const std::string& where) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::exception&) {
    throw InputError({.where = where,
                      .found = "text that is not JSON",
                      .expected = "an evaluation written by cellverdict",
                      .advice = "evaluate again"});
  }
}

}  // namespace

std::string evaluation_to_json(const Evaluation& e) {
  const Json json = {{"cellverdict_evaluation", kVersion},
                     {"name", e.name},
                     {"verdict", e.verdict},
                     {"shown", e.shown},
                     {"answer", e.answer},
                     {"first_lines", e.first_lines},
                     {"warnings", e.warnings},
                     {"split", to_json(e.split)},
                     {"classes", e.classes},
                     {"positive", e.positive},
                     {"heads", list_of(e.heads)},
                     {"combined_loss", to_json(e.combined_loss)},
                     {"threshold", to_json(e.threshold)},
                     {"threshold_source", e.threshold_source},
                     {"temperature", to_json(e.temperature)},
                     {"temperature_source", e.temperature_source},
                     {"folds", list_of(e.folds)},
                     {"metrics", list_of(e.metrics)},
                     {"cell_bins", list_of(e.cell_bins)},
                     {"cell_brier", to_json(e.cell_brier)},
                     {"units", list_of(e.units)},
                     {"baselines", list_of(e.baselines)},
                     {"rivals", list_of(e.rivals)},
                     {"permutation", to_json(e.permutation)},
                     {"confounding", list_of(e.confounding)},
                     {"majority_accuracy", to_json(e.majority_accuracy)}};
  // One member a line: a person finds the verdict, and a ROC of thousands of points stays on its line. Bytes that are not UTF-8
  // become U+FFFD, which is seen.
  std::string out = "{";
  for (const auto& [key, value] : json.items()) {
    out += out.size() == 1 ? "\n " : ",\n ";
    const auto text = [](const Json& number) { return number.dump(-1, ' ', false, Json::error_handler_t::replace); };
    out += text(key) + ": " + text(value);
  }
  return out + "\n}\n";
}

Evaluation evaluation_from_json(const std::string& text, const std::string& where) {
  const Json json = parse(text, where);
  const Node root{json, where};
  std::int64_t version = 0;
  read(root.at("cellverdict_evaluation"), version);
  if (version != kVersion)
    throw InputError({.where = where,
                      .found = "version " + std::to_string(version),
                      .expected = "version " + std::to_string(kVersion),
                      .advice = "evaluate again with this version of cellverdict"});
  Evaluation e;
  read(root.at("name"), e.name);
  read(root.at("shown"), e.shown);
  read(root.at("answer"), e.answer);
  read(root.at("verdict"), e.verdict);
  read(root.at("first_lines"), e.first_lines);
  read(root.at("warnings"), e.warnings);
  read(root.at("split"), e.split);
  read(root.at("classes"), e.classes);
  read(root.at("positive"), e.positive);
  read(root.at("heads"), e.heads);
  if (e.heads.empty())
    throw InputError({.where = where + " heads",
                      .found = "an empty list",
                      .expected = "at least the label's head",
                      .advice = "evaluate again with this version of cellverdict"});
  read(root.at("combined_loss"), e.combined_loss);
  read(root.at("threshold"), e.threshold);
  read(root.at("threshold_source"), e.threshold_source);
  read(root.at("temperature"), e.temperature);
  read(root.at("temperature_source"), e.temperature_source);
  read(root.at("folds"), e.folds);
  read(root.at("metrics"), e.metrics);
  read(root.at("cell_bins"), e.cell_bins);
  read(root.at("cell_brier"), e.cell_brier);
  read(root.at("units"), e.units);
  read(root.at("baselines"), e.baselines);
  read(root.at("rivals"), e.rivals);
  read(root.at("permutation"), e.permutation);
  read(root.at("confounding"), e.confounding);
  read(root.at("majority_accuracy"), e.majority_accuracy);
  return e;
}

}  // namespace cellverdict
