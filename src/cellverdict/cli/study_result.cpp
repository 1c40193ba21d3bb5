#include <cellverdict/cli/study_result.h>
#include <cellverdict/report/ablation.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

namespace {

std::string number(const std::optional<double>& x) {
  return x ? fmt::format("{:.3f}", *x) : "-";
}

std::string table(const std::vector<Evaluation>& evaluations) {
  std::size_t width = 7;
  for (const auto& e : evaluations) width = std::max(width, e.name.size());
  std::string text =
      fmt::format("{:<{}}  {:>7}  {:>6}  {:>6}  {:>6}  {:>9}  {:>6}  {:>10}  {:>10}  {}\n", "variant", width, "cells", "units",
                  "AUC", "acc", "bal. acc", "F1", "loss", "combined", "covariate-only AUC (units)");
  for (const auto& e : evaluations) {
    const Classification& c = e.heads[0].cells;
    std::string covariates;
    for (const auto& b : e.baselines)
      covariates += fmt::format("{}{} {}", covariates.empty() ? "" : ", ", b.covariate, number(b.unit_auc));
    text += fmt::format("{:<{}}  {:>7}  {:>6}  {:>6}  {:>6.3f}  {:>9.3f}  {:>6.3f}  {:>10.3f}  {:>10.3f}  {}{}\n", e.name, width,
                        with_commas(c.n), n_test_units(e), number(c.auc), c.accuracy, c.balanced_accuracy, c.f1, c.loss,
                        e.combined_loss, covariates.empty() ? "-" : covariates,
                        e.split.optimistic ? "  (" + std::string(kOptimisticBanner) + ")" : "");
  }
  return text;
}

// "AUC 0.912 (0.741 to 0.979)".
std::string in_words(const MeasuredMetric& m) {
  const std::string text = (m.metric == "auc" ? "AUC " : m.metric + " ") + number(m.estimate);
  return m.interval ? fmt::format("{} ({:.3f} to {:.3f})", text, m.interval->low, m.interval->high) : text;
}

// Reasons why numbers have no interval, each once.
std::string reasons(const std::vector<const MeasuredMetric*>& metrics) {
  std::vector<std::string> said;
  for (const auto* m : metrics)
    if (!m->interval && std::find(said.begin(), said.end(), m->why_not) == said.end()) said.push_back(m->why_not);
  std::string text;
  for (const auto& reason : said) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

// Units first: what holds for new people. Then what simple models reach.
std::string certainty(const Evaluation& e) {
  std::string text;
  std::vector<const MeasuredMetric*> all;
  for (const bool over_units : {true, false}) {
    std::string line;
    for (const auto& m : e.metrics) {
      if (m.over_units != over_units) continue;
      line += (line.empty() ? "" : ", ") + in_words(m);
      all.push_back(&m);
    }
    if (!line.empty()) text += fmt::format("  {:<12} {}\n", over_units ? "units" : "cells", line);
  }
  if (const std::string why = reasons(all); !why.empty()) text += "               interval not estimable: " + why + "\n";
  std::vector<const MeasuredMetric*> differences;
  for (const auto& rival : e.rivals) {
    std::string numbers;
    for (const auto& m : rival.metrics)
      if (m.over_units && (m.metric == "auc" || m.metric == "accuracy")) numbers += (numbers.empty() ? "" : ", ") + in_words(m);
    text += fmt::format("  {:<12} {}{}\n", rival.name, numbers, rival.difference.interval ? ". " + rival.sentence : "");
    differences.push_back(&rival.difference);
  }
  if (const std::string why = reasons(differences); !why.empty()) text += "               differences not judged: " + why + "\n";
  for (const auto& p : e.permutations) {
    if (!p.p_value) {
      text += fmt::format("  permutation  of {}: none: {}\n", p.model, p.why_not);
      continue;
    }
    text += fmt::format(
        "  permutation  {} of {} {:.3f}: p = {:.3g} among {} deals of the labels{} (least possible {:.2g}, {} different ones)\n",
        p.statistic == "auc" ? "AUC" : p.statistic, p.model, p.observed, *p.p_value, p.deals.size(),
        p.within.empty() ? "" : " within " + p.within, p.smallest_p, p.n_distinct);
  }
  return text.empty() ? ""
                      : "95 % intervals" + (e.name.empty() ? "" : ", " + e.name) +
                            ": over units, then over cells (units drawn whole), then simple models over units\n" + text;
}

// "3 seeds of the net, mean ± standard deviation (no interval): weighted F1 0.71 ± 0.02, accuracy …".
std::string over_seeds(const std::string& name, const std::vector<SeedResult>& seeds) {
  std::vector<double> f1, accuracy, auc;
  for (const auto& seed : seeds) {
    f1.push_back(seed.weighted_f1);
    accuracy.push_back(seed.accuracy);
    if (seed.auc) auc.push_back(*seed.auc);
  }
  const auto in_words = [](const char* what, const std::vector<double>& values) {
    const Spread spread = spread_of(values);
    return fmt::format("{} {:.3f}{}", what, spread.mean, spread.sd ? fmt::format(" ± {:.3f}", *spread.sd) : "");
  };
  return fmt::format("{}{} seeds of the net, over units, mean ± standard deviation (no interval): {}, {}{}\n",
                     name.empty() ? "" : name + ": ", seeds.size(), in_words("weighted F1", f1), in_words("accuracy", accuracy),
                     auc.empty() ? "" : ", " + in_words("AUC", auc));
}

}  // namespace

std::string study_as_text(const StudyResult& result) {
  if (result.evaluations.empty()) {
    std::string text;
    for (const auto& split : result.split_tables) text += split + "\n";
    return text;
  }
  std::vector<std::string> first_lines, sentences;
  const auto once = [](std::vector<std::string>& list, const std::string& line) {
    if (std::find(list.begin(), list.end(), line) == list.end()) list.push_back(line);
  };
  for (const auto& e : result.evaluations) {
    for (const auto& line : e.first_lines) {
      const bool all = std::ranges::all_of(result.evaluations, [&](const Evaluation& other) {
        return std::ranges::find(other.first_lines, line) != other.first_lines.end();
      });
      once(first_lines, all ? line : e.name + ": " + line);
    }
    for (const auto& baseline : e.baselines) once(sentences, baseline.sentence);
  }
  std::string text;
  for (const auto& line : first_lines) text += line + "\n";
  if (!text.empty()) text += "\n";
  text += table(result.evaluations) + "\n";
  for (const auto& e : result.evaluations) text += (e.name.empty() ? "" : e.name + ": ") + e.verdict + "\n";
  text += "\n";
  for (const auto& e : result.evaluations) {
    if (!e.answer.empty()) text += (result.evaluations.size() > 1 ? e.name + ": " : "") + e.answer + "\n";
    text += certainty(e);
  }
  for (const auto& [name, seeds] : result.seeds) text += over_seeds(name, seeds);
  text += "\n";
  for (const auto& line : sentences) text += line + "\n";
  if (!result.report.empty()) text += "\nreport: " + result.report.string() + "\n";
  return text;
}

std::string study_as_json(const StudyResult& result) {
  nlohmann::ordered_json json = {{"splits", nlohmann::ordered_json::array()},
                                 {"evaluations", nlohmann::ordered_json::array()},
                                 {"report", result.report.string()}};
  for (const auto& split : result.splits) {
    nlohmann::ordered_json units = nlohmann::ordered_json::array();
    for (const auto& unit : split.units)
      units.push_back({{"side", side_name(unit.side)},
                       {"class", unit.label},
                       {"unit", unit.unit},
                       {"donors", unit.donors},
                       {"stratum", unit.stratum},
                       {"n_cells", unit.n_cells}});
    json["splits"].push_back(
        {{"scheme", split.scheme}, {"by", split.by}, {"optimistic", split.optimistic}, {"units", units}, {"notes", split.notes}});
  }
  for (const auto& [name, seeds] : result.seeds)
    for (const auto& seed : seeds)
      json["seeds"].push_back({{"variant", name},
                               {"seed", seed.seed},
                               {"weighted_f1", seed.weighted_f1},
                               {"accuracy", seed.accuracy},
                               {"auc", seed.auc ? nlohmann::ordered_json(*seed.auc) : nlohmann::ordered_json()}});
  for (const auto& e : result.evaluations) json["evaluations"].push_back(nlohmann::ordered_json::parse(evaluation_to_json(e)));
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace cellverdict
