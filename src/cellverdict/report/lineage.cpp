#include <cellverdict/report/lineage.h>

#include <cellverdict/stats/bootstrap.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cellverdict {

namespace {

std::string setting(const ReportVariant& variant, const std::string& key) {
  const auto found = std::ranges::find(variant.settings, key, &ModelSetting::first);
  return found == variant.settings.end() ? "" : found->second;
}

// All settings but which cells it is taught.
std::vector<ModelSetting> other_settings(const ReportVariant& variant) {
  std::vector<ModelSetting> out = variant.settings;
  std::erase_if(out, [](const ModelSetting& s) { return s.first == "split.where"; });
  return out;
}

// Whether the variant is taught the cells of one of its sets.
bool is_direct(const ReportVariant& variant) {
  const std::string taught = setting(variant, "split.where");
  return std::ranges::any_of(variant.evaluation.sets,
                             [&](const SetResult& set) { return set.name != "test" && set.where == taught; });
}

const SetResult* set_named(const Evaluation& e, const std::string& name) {
  const auto found = std::ranges::find(e.sets, name, &SetResult::name);
  return found == e.sets.end() ? nullptr : &*found;
}

// Share of cells called right when each unit counts as often as it was drawn: second minus first.
struct PairedUnit {
  double n_cells = 0, first = 0, second = 0;
};

std::vector<PairedUnit> paired_units(const SetModel& first, const SetModel& second) {
  std::map<std::pair<std::string, std::string>, PairedUnit> units;
  for (const auto& call : first.calls)
    units[{call.unit, call.label}] = {.n_cells = static_cast<double>(call.n_cells), .first = call.cell_accuracy, .second = -1};
  for (const auto& call : second.calls)
    if (const auto found = units.find({call.unit, call.label});
        found != units.end() && found->second.n_cells == static_cast<double>(call.n_cells))
      found->second.second = call.cell_accuracy;
  std::vector<PairedUnit> out;
  for (const auto& [name, unit] : units) {
    if (unit.second < 0 || first.calls.size() != second.calls.size()) return {};
    out.push_back(unit);
  }
  return out;
}

void add_interval(const Evaluation& evaluation, const std::vector<PairedUnit>& units, ZeroShotPair& pair) {
  const UnitStatistic statistic = [&units](std::span<const std::uint32_t> times) -> std::optional<double> {
    double n = 0, sum = 0;
    for (std::size_t u = 0; u < units.size(); ++u) {
      n += times[u] * units[u].n_cells;
      sum += times[u] * units[u].n_cells * (units[u].second - units[u].first);
    }
    return n > 0 ? std::optional(sum / n) : std::nullopt;
  };
  const std::vector<std::uint32_t> once(units.size(), 1);
  pair.difference = statistic(once);
  if (evaluation.split.optimistic) {
    pair.why_not = "cells of these units were in training";
    return;
  }
  const Bootstrap drawn =
      cluster_bootstrap(std::vector<std::int32_t>(units.size()), statistic, {.purpose = "zero-shot beside direct"});
  pair.interval = drawn.bca ? drawn.bca : drawn.percentile;
  if (!pair.interval) pair.why_not = drawn.why_not;
}

std::string digits(const std::optional<double>& x) {
  return x ? fmt::format("{:.9g}", *x) : "";
}

std::optional<double> train_accuracy(const ReportVariant& variant) {
  const LearningCurve& curve = variant.curve;
  if (curve.best_epoch < 1 || curve.best_epoch > std::ssize(curve.epochs)) return std::nullopt;
  return curve.epochs[static_cast<std::size_t>(curve.best_epoch - 1)].train.accuracy;
}

}  // namespace

std::vector<ZeroShotPair> zero_shot_pairs(const ReportInput& report) {
  std::vector<ZeroShotPair> pairs;
  const auto& variants = report.variants;
  for (std::size_t d = 0; d < variants.size(); ++d) {
    const std::string taught = setting(variants[d], "split.where");
    for (const auto& set : variants[d].evaluation.sets) {
      if (set.name == "test" || set.where != taught) continue;
      for (std::size_t z = 0; z < variants.size(); ++z) {
        if (z == d || is_direct(variants[z]) || other_settings(variants[z]) != other_settings(variants[d])) continue;
        const SetResult* there = set_named(variants[z].evaluation, set.name);
        if (there == nullptr || there->where != set.where) continue;
        const auto units = paired_units(there->models.front(), set.models.front());
        if (units.empty()) continue;  // asked about other cells: another split
        ZeroShotPair pair{.set = set.name, .zero_shot = z, .direct = d};
        add_interval(variants[d].evaluation, units, pair);
        pairs.push_back(std::move(pair));
      }
    }
  }
  return pairs;
}

std::string lineage_table_tsv(const ReportInput& report) {
  std::string tsv =
      "variant\tscheme\ttaught\ttrain_accuracy\tset\tmodel\tn_cells\tn_units\taccuracy\tmacro_f1\tweighted_f1\tauc\tbinary_"
      "accuracy\t"
      "binary_f1\town_head_accuracy\town_head_f1\tunit_accuracy\n";
  bool any = false;
  for (const auto& variant : report.variants)
    for (const auto& set : variant.evaluation.sets)
      for (const auto& model : set.models) {
        any = true;
        tsv += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{:.9g}\t{:.9g}\t{:.9g}\t{}\t{}\t{}\t{}\t{}\t{:.9g}\n",
                           variant.evaluation.name, variant.evaluation.split.scheme, setting(variant, "split.where"),
                           model.name.empty() ? digits(train_accuracy(variant)) : "", set.name,
                           model.name.empty() ? "the net" : model.name, set.n_cells, set.n_units, model.cells.accuracy,
                           model.cells.macro_f1, model.cells.weighted_f1, digits(model.cells.auc),
                           model.binary_cells ? digits(model.binary_cells->accuracy) : "",
                           model.binary_cells ? digits(model.binary_cells->f1) : "",
                           model.own_head_cells ? digits(model.own_head_cells->accuracy) : "",
                           model.own_head_cells ? digits(model.own_head_cells->f1) : "", model.units.accuracy);
      }
  return any ? tsv : "";
}

std::string zero_shot_tsv(const ReportInput& report) {
  const auto pairs = zero_shot_pairs(report);
  if (pairs.empty()) return {};
  std::string tsv =
      "set\tzero_shot\tdirect\tscheme\tzero_shot_accuracy\tdirect_train_accuracy\tdirect_"
      "accuracy\tdifference\tlow\thigh\tmethod\twhy_not\n";
  for (const auto& pair : pairs) {
    const ReportVariant &z = report.variants[pair.zero_shot], &d = report.variants[pair.direct];
    tsv += fmt::format("{}\t{}\t{}\t{}\t{:.9g}\t{}\t{:.9g}\t{}\t{}\t{}\t{}\t{}\n", pair.set, z.evaluation.name, d.evaluation.name,
                       d.evaluation.split.scheme, set_named(z.evaluation, pair.set)->models.front().cells.accuracy,
                       digits(train_accuracy(d)), set_named(d.evaluation, pair.set)->models.front().cells.accuracy,
                       digits(pair.difference), pair.interval ? digits(pair.interval->low) : "",
                       pair.interval ? digits(pair.interval->high) : "", pair.interval ? pair.interval->method : "", pair.why_not);
  }
  return tsv;
}

}  // namespace cellverdict
