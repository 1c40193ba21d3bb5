#include <cellverdict/report/ablation.h>

#include <cellverdict/report/html.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

using Json = nlohmann::ordered_json;

std::string setting(const ReportVariant& variant, const std::string& key) {
  const auto found = std::ranges::find(variant.settings, key, &ModelSetting::first);
  return found == variant.settings.end() ? "" : found->second;
}

std::vector<double> values_of(const ReportVariant& variant, double SeedResult::* metric) {
  std::vector<double> out;
  for (const auto& seed : variant.seeds) out.push_back(seed.*metric);
  return out;
}

std::string digits(const std::optional<double>& x) {
  return x ? fmt::format("{:.9g}", *x) : "";
}

std::string plain(std::string text) {
  for (char& c : text)
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  return text;
}

struct Metric {
  const char* name;
  double SeedResult::* value;
};
constexpr Metric kMetrics[] = {{"weighted F1", &SeedResult::weighted_f1}, {"accuracy", &SeedResult::accuracy}};

Figure panel_figure(const ReportInput& report, const AblationPanel& panel) {
  Json bars = Json::array(), dots = Json::array(), order = Json::array(), metrics = Json::array(), colours = Json::array();
  std::size_t most_seeds = 0;
  std::string numbers;
  for (std::size_t m = 0; m < std::size(kMetrics); ++m) {
    metrics.push_back(kMetrics[m].name);
    colours.push_back(curve_colour(m));
  }
  for (const std::size_t v : panel.variants) {
    const ReportVariant& variant = report.variants[v];
    const std::string& name = variant.evaluation.name;
    order.push_back(name);
    most_seeds = std::max(most_seeds, variant.seeds.size());
    for (const auto& [metric, value] : kMetrics) {
      const Spread spread = spread_of(values_of(variant, value));
      const double sd = spread.sd.value_or(0);
      bars.push_back({{"variant", name},
                      {"metric", metric},
                      {"mean", rounded(spread.mean)},
                      {"low", rounded(std::max(0.0, spread.mean - sd))},
                      {"high", rounded(std::min(1.0, spread.mean + sd))},
                      {"text", fixed(spread.mean, 3) + (spread.sd ? " ± " + fixed(sd, 3) : "")}});
      for (const auto& seed : variant.seeds)
        dots.push_back(
            {{"variant", name}, {"metric", metric}, {"score", rounded(seed.*value)}, {"seed", std::to_string(seed.seed)}});
    }
    numbers += (numbers.empty() ? "" : "; ") + name + " " + fixed(spread_of(values_of(variant, kMetrics[0].value)).mean, 3);
  }
  const Json y = {{"field", "variant"},
                  {"type", "nominal"},
                  {"sort", order},
                  {"title", nullptr},
                  {"axis", {{"labelLimit", 190}}},
                  {"scale", {{"paddingInner", 0.28}, {"paddingOuter", 0.14}}}};
  const Json offset = {{"field", "metric"}, {"sort", metrics}};
  const auto x = [](const char* field) {
    return Json{{"field", field},
                {"type", "quantitative"},
                {"title", "of the test side, over units"},
                {"scale", {{"domain", {0, 1}}}},
                {"axis", {{"values", {0, 0.25, 0.5, 0.75, 1}}, {"format", ".2f"}}}};
  };
  const Json bar = {
      {"mark", {{"type", "bar"}, {"opacity", 0.85}}},
      {"encoding",
       {{"y", y},
        {"yOffset", offset},
        {"x", x("mean")},
        {"color",
         {{"field", "metric"},
          {"type", "nominal"},
          {"title", nullptr},
          {"legend", {{"symbolStrokeWidth", 0}}},
          {"scale", {{"domain", metrics}, {"range", colours}}}}},
        {"tooltip", {{{"field", "variant"}}, {{"field", "metric"}}, {{"field", "text"}, {"title", "mean ± SD over seeds"}}}}}}};
  const Json deviation = {{"mark", {{"type", "rule"}, {"color", "#333b43"}, {"strokeWidth", 1.4}}},
                          {"encoding", {{"y", y}, {"yOffset", offset}, {"x", x("low")}, {"x2", {{"field", "high"}}}}}};
  const Json dot = {
      {"data", {{"values", dots}}},
      {"mark",
       {{"type", "point"},
        {"filled", true},
        {"size", 26},
        {"color", "#ffffff"},
        {"stroke", "#1d2329"},
        {"strokeWidth", 1},
        {"opacity", 1}}},
      {"encoding",
       {{"y", y},
        {"yOffset", offset},
        {"x", x("score")},
        {"tooltip",
         {{{"field", "variant"}}, {{"field", "metric"}}, {{"field", "score"}, {"format", ".3f"}}, {{"field", "seed"}}}}}}};
  return make_figure(
      {.name = panel.name,
       .title = panel.title,
       .subtitle = "mean over seeds of the training, ± one standard deviation over them (no interval); a dot a seed",
       .banner = banner_of(report),
       .description = fmt::format("Weighted F1 and accuracy over units of {}, mean over up to {} of the net; weighted F1: {}.",
                                  counted(std::ssize(panel.variants), "variant"),
                                  counted(static_cast<std::int64_t>(most_seeds), "seed"), numbers),
       .note = {}},
      Json({{"width", 320}, {"height", {{"step", 16}}}, {"data", {{"values", bars}}}, {"layer", {bar, deviation, dot}}})
          .dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Spread spread_of(const std::vector<double>& values) {
  Spread out{.n = values.size()};
  if (values.empty()) return out;
  out.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  if (values.size() < 2) return out;
  double squares = 0;
  for (const double x : values) squares += (x - out.mean) * (x - out.mean);
  out.sd = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return out;
}

SeedResult seed_result(const Evaluation& evaluation, std::uint64_t seed) {
  SeedResult out{.seed = seed};
  if (evaluation.heads.empty() || !evaluation.heads.front().units) return out;
  const Classification& units = *evaluation.heads.front().units;
  out.weighted_f1 = weighted_f1(units);
  out.accuracy = units.accuracy;
  out.auc = units.auc;
  return out;
}

std::vector<AblationPanel> ablation_panels(const ReportInput& report) {
  if (std::ranges::none_of(report.variants, [](const auto& v) { return v.seeds.size() > 1; })) return {};
  constexpr const char *kAggregator = "model.bag.aggregator", *kBalance = "model.bag.balance";
  AblationPanel aggregators{
      .name = "ablation_aggregators", .title = "Aggregators: what one vector of a patient is made by", .variants = {}},
      samplings{.name = "ablation_samplings", .title = "Samplings: how often each patient is shown", .variants = {}},
      all{.name = "ablation", .title = "Trainings with several seeds", .variants = {}};
  const std::string first_aggregator = setting(report.variants.front(), kAggregator),
                    first_balance = setting(report.variants.front(), kBalance);
  bool apart = setting(report.variants.front(), "model.kind") == "bag";
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].seeds.empty()) continue;
    const bool same_aggregator = setting(report.variants[v], kAggregator) == first_aggregator,
               same_balance = setting(report.variants[v], kBalance) == first_balance;
    if (same_balance) aggregators.variants.push_back(v);
    if (same_aggregator) samplings.variants.push_back(v);
    apart = apart && (same_aggregator || same_balance);
    all.variants.push_back(v);
  }
  if (!apart) return {all};
  std::vector<AblationPanel> out;
  for (auto* panel : {&aggregators, &samplings})
    if (panel->variants.size() > 1) out.push_back(std::move(*panel));
  if (out.empty()) out.push_back(all);
  return out;
}

std::string ablation_tsv(const ReportInput& report) {
  std::string out =
      "variant\taggregator\tbalance\tunits_test\tn_seeds\tseeds\tweighted_f1_mean\tweighted_f1_sd\taccuracy_mean\taccuracy_sd\t"
      "auc_mean\tauc_sd\tweighted_f1\taccuracy\tauc\n";
  for (const auto& variant : report.variants) {
    if (variant.seeds.empty()) continue;
    std::vector<double> aucs;
    std::string seeds, each[3];
    for (const auto& seed : variant.seeds) {
      const char* const comma = seeds.empty() ? "" : ",";
      seeds += comma + std::to_string(seed.seed);
      each[0] += comma + digits(seed.weighted_f1);
      each[1] += comma + digits(seed.accuracy);
      each[2] += comma + digits(seed.auc);
      if (seed.auc) aucs.push_back(*seed.auc);
    }
    const Spread f1 = spread_of(values_of(variant, &SeedResult::weighted_f1)),
                 accuracy = spread_of(values_of(variant, &SeedResult::accuracy)), auc = spread_of(aucs);
    out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{:.9g}\t{}\t{:.9g}\t{}\t{}\t{}\t{}\t{}\t{}\n", plain(variant.evaluation.name),
                       setting(variant, "model.bag.aggregator"), setting(variant, "model.bag.balance"),
                       n_test_units(variant.evaluation), variant.seeds.size(), seeds, f1.mean, digits(f1.sd), accuracy.mean,
                       digits(accuracy.sd), aucs.empty() ? "" : digits(auc.mean), digits(auc.sd), each[0], each[1], each[2]);
  }
  return out;
}

std::vector<Figure> ablation_figures(const ReportInput& report) {
  std::vector<Figure> out;
  for (const auto& panel : ablation_panels(report)) out.push_back(panel_figure(report, panel));
  return out;
}

}  // namespace cellverdict
