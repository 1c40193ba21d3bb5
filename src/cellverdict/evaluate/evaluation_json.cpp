// An Evaluation as JSON and back: what `evaluate` hands to `report`, and what scripts of users read.
// Members keep the names of the structs; a ROC curve is three lists of equal length; the rest is as json_fields.h says. It must
// never lose a digit: every number comes back bit by bit.

#include <cellverdict/base/error.h>
#include <cellverdict/base/json_fields.h>
#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/split/side_fields.h>

#include <nlohmann/json.hpp>

namespace cellverdict {

using Json = nlohmann::ordered_json;

namespace {
constexpr int kVersion = 8;
constexpr const char* kAdvice = "evaluate again with this version of cellverdict";
}  // namespace

// Found by the reader and writer through their arguments, so they stand outside the unnamed namespace.

template <class Io>
static void fields(Io& io, Same<Classification> auto& c) {
  io("n", c.n);
  io("n_classes", c.n_classes);
  io("confusion", c.confusion);
  io("loss", c.loss);
  io("accuracy", c.accuracy);
  io("balanced_accuracy", c.balanced_accuracy);
  io("f1", c.f1);
  io("auc", c.auc);
  if constexpr (Io::kReads) {
    const auto cells = std::ssize(c.confusion);
    if (c.n_classes > cells + 1 || cells != c.n_classes * c.n_classes)
      io.at("confusion").refuse(std::to_string(cells) + " numbers", std::to_string(c.n_classes) + " squared");
  }
}

namespace {
struct RocColumns {
  std::vector<double> false_positive_rate, true_positive_rate, threshold;
};
}  // namespace

template <class Io>
static void fields(Io& io, Same<RocColumns> auto& roc) {
  io("false_positive_rate", roc.false_positive_rate);
  io("true_positive_rate", roc.true_positive_rate);
  io("threshold", roc.threshold);
}

template <class Io>
static void roc_field(Io& io, const char* key, Same<std::vector<RocPoint>> auto& curve) {
  RocColumns columns;
  if constexpr (!Io::kReads)
    for (const auto& point : curve) {
      columns.false_positive_rate.push_back(point.false_positive_rate);
      columns.true_positive_rate.push_back(point.true_positive_rate);
      columns.threshold.push_back(point.threshold);
    }
  io(key, columns);
  if constexpr (Io::kReads) {
    const auto& [fpr, tpr, threshold] = columns;
    if (fpr.size() != tpr.size() || fpr.size() != threshold.size()) io.at(key).refuse("three lists of equal length");
    curve.clear();
    for (std::size_t i = 0; i < fpr.size(); ++i) curve.push_back({fpr[i], tpr[i], threshold[i]});
  }
}

static void fields(auto& io, Same<HeadResult> auto& head) {
  io("label", head.label);
  io("classes", head.classes);
  io("weight", head.weight);
  io("cells", head.cells);
  io("units", head.units);
  roc_field(io, "cell_roc", head.cell_roc);
  roc_field(io, "unit_roc", head.unit_roc);
}

static void fields(auto& io, Same<Interval> auto& interval) {
  io("low", interval.low);
  io("high", interval.high);
  io("method", interval.method);
}

template <class Io>
static void fields(Io& io, Same<MeasuredMetric> auto& m) {
  std::string over = m.over_units ? "units" : "cells";
  io("metric", m.metric);
  io("over", over);
  io("estimate", m.estimate);
  io("interval", m.interval);
  io("why_not", m.why_not);
  if constexpr (Io::kReads) {
    m.over_units = over == "units";
    if (m.interval) m.interval->estimate = m.estimate.value_or(0);
  }
}

static void fields(auto& io, Same<SampledMetric> auto& sampled) {
  io("metric", sampled.metric);
  io("values", sampled.values);
}

static void fields(auto& io, Same<CellSamplings> auto& samplings) {
  io("n_drawings", samplings.n_drawings);
  io("cells", samplings.cells);
  io("n_more", samplings.n_more);
  io("metrics", samplings.metrics);
}

static void fields(auto& io, Same<RivalResult> auto& rival) {
  io("name", rival.name);
  io("how", rival.how);
  io("cells", rival.cells);
  io("units", rival.units);
  io("metrics", rival.metrics);
  io("difference", rival.difference);
  io("sentence", rival.sentence);
}

static void fields(auto& io, Same<PermutationResult> auto& p) {
  io("model", p.model);
  io("statistic", p.statistic);
  io("within", p.within);
  io("observed", p.observed);
  io("deals", p.deals);
  io("p_value", p.p_value);
  io("smallest_p", p.smallest_p);
  io("n_distinct", p.n_distinct);
  io("why_not", p.why_not);
}

static void fields(auto& io, Same<FoldScore> auto& fold) {
  io("held_out", fold.held_out);
  io("n_units", fold.n_units);
  io("n_cells", fold.n_cells);
  io("unit_auc", fold.unit_auc);
  io("cell_auc", fold.cell_auc);
  io("class_units", fold.class_units);
  io("class_right", fold.class_right);
  io("taught_units", fold.taught_units);
  io("unit_accuracy", fold.unit_accuracy);
  io("unit_weighted_f1", fold.unit_weighted_f1);
  io("cell_accuracy", fold.cell_accuracy);
  io("threshold", fold.threshold);
  io("threshold_source", fold.threshold_source);
  io("temperature", fold.temperature);
  io("temperature_source", fold.temperature_source);
}

static void fields(auto& io, Same<UnitResult> auto& u) {
  io("unit", u.unit);
  io("donor", u.donor);
  io("label", u.label);
  io("stratum", u.stratum);
  io("n_cells", u.n_cells);
  io("probability", u.probability);
  io("uncalibrated", u.uncalibrated);
  io("predicted", u.predicted);
  io("cell_accuracy", u.cell_accuracy);
}

static void fields(auto& io, Same<CovariateRule> auto& rule) {
  io("value", rule.value);
  io("train_units", rule.train_units);
  io("test_units", rule.test_units);
}

static void fields(auto& io, Same<CovariateBaseline> auto& b) {
  io("covariate", b.covariate);
  io("unit_auc", b.unit_auc);
  io("cell_auc", b.cell_auc);
  io("unit_balanced_accuracy", b.unit_balanced_accuracy);
  io("rules", b.rules);
  io("sentence", b.sentence);
}

static void fields(auto& io, Same<OneClassValue> auto& one) {
  io("value", one.value);
  io("label", one.label);
  io("n_units", one.n_units);
}

static void fields(auto& io, Same<ConfoundingRow> auto& row) {
  io("column", row.column);
  io("n_values", row.n_values);
  io("n_units", row.n_units);
  io("v", row.v);
  io("p", row.p);
  io("one_class_values", row.one_class_values);
  io("nested", row.nested);
  io("warning", row.warning);
}

static void fields(auto& io, Same<CellBin> auto& bin) {
  io("mean_probability", bin.mean_probability);
  io("n", bin.n);
  io("n_positive", bin.n_positive);
}

static void fields(auto& io, Same<Subgroup> auto& group) {
  io("value", group.value);
  io("n_units", group.n_units);
  io("n_cells", group.n_cells);
  io("metrics", group.metrics);
}

static void fields(auto& io, Same<SubgroupTable> auto& table) {
  io("column", table.column);
  io("groups", table.groups);
  io("why_not", table.why_not);
}

static void fields(auto& io, Same<SetScores> auto& s) {
  io("n", s.n);
  io("loss", s.loss);
  io("accuracy", s.accuracy);
  io("balanced_accuracy", s.balanced_accuracy);
  io("f1", s.f1);
  io("macro_f1", s.macro_f1);
  io("weighted_f1", s.weighted_f1);
  io("auc", s.auc);
}

static void fields(auto& io, Same<SetCall> auto& call) {
  io("unit", call.unit);
  io("label", call.label);
  io("predicted", call.predicted);
  io("n_cells", call.n_cells);
  io("cell_accuracy", call.cell_accuracy);
}

static void fields(auto& io, Same<SetModel> auto& model) {
  io("name", model.name);
  io("how", model.how);
  io("cells", model.cells);
  io("units", model.units);
  io("binary_cells", model.binary_cells);
  io("binary_units", model.binary_units);
  io("own_head_cells", model.own_head_cells);
  io("own_head_units", model.own_head_units);
  io("metrics", model.metrics);
  io("calls", model.calls);
}

static void fields(auto& io, Same<SetEpoch> auto& epoch) {
  io("epoch", epoch.epoch);
  io("cells", epoch.cells);
  io("binary", epoch.binary);
}

static void fields(auto& io, Same<SetResult> auto& set) {
  io("name", set.name);
  io("where", set.where);
  io("n_cells", set.n_cells);
  io("n_units", set.n_units);
  io("class_cells", set.class_cells);
  io("missing", set.missing);
  io("models", set.models);
  io("curve", set.curve);
}

static void fields(auto& io, Same<LatentMap> auto& map) {
  io("x", map.x);
  io("y", map.y);
  io("label", map.label);
  io("type", map.type);
  io("side", map.side);
  io("type_column", map.type_column);
  io("explained", map.explained);
}

static void fields(auto& io, Same<ReconstructionSummary> auto& r) {
  io("set", r.set);
  io("n_cells", r.n_cells);
  io("r2", r.r2);
  io("mse", r.mse);
  io("median_r2_of_gene", r.median_r2_of_gene);
  io("median_r2_of_cell", r.median_r2_of_cell);
}

static void fields(auto& io, Same<Evaluation> auto& e) {
  io("name", e.name);
  io("verdict", e.verdict);
  io("shown", e.shown);
  io("answer", e.answer);
  io("first_lines", e.first_lines);
  io("warnings", e.warnings);
  io("split", e.split);
  io("classes", e.classes);
  io("positive", e.positive);
  io("heads", e.heads);
  io("combined_loss", e.combined_loss);
  io("threshold", e.threshold);
  io("threshold_source", e.threshold_source);
  io("temperature", e.temperature);
  io("temperature_source", e.temperature_source);
  io("folds", e.folds);
  io("metrics", e.metrics);
  io("samplings", e.samplings);
  io("cell_bins", e.cell_bins);
  io("cell_brier", e.cell_brier);
  io("uncalibrated_cell_bins", e.uncalibrated_cell_bins);
  io("uncalibrated_cell_brier", e.uncalibrated_cell_brier);
  io("subgroups", e.subgroups);
  io("units", e.units);
  io("baselines", e.baselines);
  io("rivals", e.rivals);
  io("sets", e.sets);
  io("normal", e.normal);
  io("latent_map", e.latent_map);
  io("reconstruction", e.reconstruction);
  io("permutations", e.permutations);
  io("confounding", e.confounding);
  io("majority_accuracy", e.majority_accuracy);
}

namespace {

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

std::string evaluation_to_json(const Evaluation& evaluation) {
  const Json members = JsonWriter<Json>::of(evaluation);
  // One member a line: a person finds the verdict, and a ROC of thousands of points stays on its line. Bytes that are not UTF-8
  // become U+FFFD, which is seen.
  std::string out = "{\n \"cellverdict_evaluation\": " + std::to_string(kVersion);
  const auto text = [](const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); };
  for (const auto& [key, value] : members.items()) out += ",\n " + text(key) + ": " + text(value);
  return out + "\n}\n";
}

Evaluation evaluation_from_json(const std::string& text, const std::string& where) {
  const Json json = parse(text, where);
  const JsonReader<Json> root(json, where, kAdvice);
  std::int64_t version = 0;
  root("cellverdict_evaluation", version);
  if (version != kVersion) root.refuse("version " + std::to_string(version), "version " + std::to_string(kVersion));
  Evaluation evaluation;
  root.read(evaluation);
  if (evaluation.heads.empty()) root.at("heads").refuse("an empty list", "at least the label's head");
  return evaluation;
}

}  // namespace cellverdict
