#include <cellverdict/run/metrics_table.h>

#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

namespace {

std::string digits(const std::optional<double>& x) {
  return x ? fmt::format("{:.9g}", *x) : "";
}

}  // namespace

std::string metrics_as_tsv(const Evaluation& e) {
  std::string tsv = "metric\tover\testimate\tlow\thigh\tmethod\twhy_not\tdrawings\tmean\tsd\tlowest\thighest\n";
  std::vector<std::string> said;
  const auto over_drawings = [&](const std::string& metric) {
    const auto found = std::ranges::find(e.samplings.metrics, metric, &SampledMetric::metric);
    if (found == e.samplings.metrics.end()) return std::string("\t\t\t\t\t\n");
    const SampledSpread s = sampled_spread(found->values);
    said.push_back(metric);
    return fmt::format("\t{}\t{:.9g}\t{:.9g}\t{:.9g}\t{:.9g}\n", found->values.size(), s.mean, s.sd, s.lowest, s.highest);
  };
  for (const auto& m : e.metrics) {
    tsv += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}", m.metric, m.over_units ? "units" : "cells", digits(m.estimate),
                       m.interval ? digits(m.interval->low) : "", m.interval ? digits(m.interval->high) : "",
                       m.interval ? m.interval->method : "", m.why_not);
    tsv += m.over_units ? over_drawings(m.metric) : "\t\t\t\t\t\n";
  }
  const auto& units = e.heads.front().units;
  for (const auto& [metric, values] : e.samplings.metrics) {
    if (std::ranges::find(said, metric) != said.end()) continue;
    std::optional<double> own;
    if (units && metric == "loss") own = units->loss;
    if (units && metric == "balanced accuracy") own = units->balanced_accuracy;
    if (units && metric == "macro F1") own = macro_f1(*units);
    if (units && metric == "auc") own = units->auc;
    tsv += fmt::format("{}\tunits\t{}\t\t\t\t", metric, digits(own)) + over_drawings(metric);
  }
  return tsv;
}

std::string folds_as_tsv(const Evaluation& e) {
  if (e.folds.empty()) return {};
  std::string tsv = "fold\theld_out\tunits\tcells";
  for (const auto& name : e.classes) tsv += "\tunits_" + name + "\tright_" + name + "\ttaught_" + name;
  tsv += "\taccuracy\tweighted_f1\tauc\tcell_accuracy\tcell_auc\tthreshold\ttemperature\n";
  for (std::size_t f = 0; f < e.folds.size(); ++f) {
    const FoldScore& fold = e.folds[f];
    tsv += fmt::format("{}\t{}\t{}\t{}", f + 1, fold.held_out, fold.n_units, fold.n_cells);
    for (std::size_t c = 0; c < e.classes.size(); ++c)
      tsv += fmt::format("\t{}\t{}\t{}", fold.class_units[c], fold.class_right[c], fold.taught_units[c]);
    tsv += fmt::format("\t{:.9g}\t{:.9g}\t{}\t{:.9g}\t{}\t{:.9g}\t{:.9g}\n", fold.unit_accuracy, fold.unit_weighted_f1,
                       digits(fold.unit_auc), fold.cell_accuracy, digits(fold.cell_auc), fold.threshold, fold.temperature);
  }
  return tsv;
}

}  // namespace cellverdict
