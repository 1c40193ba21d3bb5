#include <cellverdict/run/predict_answers.h>
#include <cellverdict/run/prediction_table.h>

#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

void call_unit(const AnswerRequest& request, PredictedUnit& unit) {
  const PredictRequest& asked = request.request;
  if (unit.n_passing == 0) {
    unit.why_not = "no cell passes the quality control of the model's training cells";
    return;
  }
  const auto& classes = request.classifier.card().heads[0].classes;
  const std::size_t called = called_class(unit.probability.data(), request.classifier.card());
  if (asked.abstain && unit.familiarity && is_strange(request.familiar, *unit.familiarity, *asked.abstain))
    unit.why_not = fmt::format("unlike the units the model was trained on (familiarity {:.3f})", unit.familiarity->score);
  if (unit.why_not.empty() && asked.least_confidence && unit.probability[called] < *asked.least_confidence)
    unit.why_not = fmt::format("its probability is {:.3f}, below {:g}", unit.probability[called], *asked.least_confidence);
  unit.abstains = !unit.why_not.empty();
  if (!unit.abstains) unit.predicted = classes[called];
}

std::string units_as_tsv(const PredictResult& result) {
  const bool drawn = result.n_draws > 0;
  std::string tsv = "unit\tn_cells\tn_passing";
  if (drawn) tsv += "\tn_drawn";
  for (const auto& name : result.classes) tsv += "\tp_" + name;
  if (drawn)
    for (const auto& name : result.classes) tsv += "\tsd_over_draws_" + name;
  tsv += "\tpredicted\tfamiliarity\ttimes_usual_distance\twhy_not\n";
  for (const auto& unit : result.units) {
    tsv += fmt::format("{}\t{}\t{}", unit.unit, unit.n_cells, unit.n_passing);
    if (drawn) tsv += fmt::format("\t{}", unit.n_drawn);
    const auto add = [&](const std::vector<double>& values) {
      for (std::size_t c = 0; c < result.classes.size(); ++c) tsv += values.empty() ? "\t" : fmt::format("\t{:.9g}", values[c]);
    };
    add(unit.probability);
    if (drawn) add(unit.spread);
    tsv += "\t" + (unit.abstains ? std::string(kAbstains) : unit.predicted);
    tsv += unit.familiarity ? fmt::format("\t{:.6g}\t{:.6g}", unit.familiarity->score, unit.familiarity->times) : "\t\t";
    tsv += "\t" + unit.why_not + "\n";
  }
  return tsv;
}

}  // namespace cellverdict
