#include <cellverdict/report/comparison.h>
#include <cellverdict/report/html.h>
#include <cellverdict/stats/intervals.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace cellverdict {

namespace {

constexpr const char* kNone = "none";

// Everything by which two splits are the same question. The number of cells is part of it: other quality control leaves others.
std::string identity_of(const SplitSummary& split) {
  std::string text = split.scheme + "\t" + split.by + "\t" + std::to_string(split.n_folds);
  std::vector<std::string> units;
  for (const auto& u : split.units) units.push_back(fmt::format("{}\t{}\t{}\t{}", side_name(u.side), u.label, u.unit, u.n_cells));
  std::ranges::sort(units);
  for (const auto& unit : units) text += "\n" + unit;
  return text;
}

// A report made without settings still knows the heads.
std::vector<ModelSetting> settings_of(const ReportVariant& variant) {
  if (!variant.settings.empty()) return variant.settings;
  std::vector<ModelSetting> out;
  for (const auto& head : variant.evaluation.heads)
    if (&head != &variant.evaluation.heads.front())
      out.emplace_back("model.head." + head.label + ".weight", fmt::format("{:g}", head.weight));
  return out;
}

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find(' ', at), name.size());
    if (end > at) words.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// The words with which all names begin, without a last "model" or comma: "mixed days, model A" and "… B" → "mixed days".
std::string common_beginning(const std::vector<std::string>& names) {
  auto shared = words_of(names.front());
  for (const auto& name : names) {
    const auto words = words_of(name);
    const auto [end, ignored] = std::ranges::mismatch(shared, words);
    shared.erase(end, shared.end());
  }
  if (!shared.empty() && (shared.back() == "model" || shared.back() == "Model")) shared.pop_back();
  std::string out;
  for (const auto& word : shared) out += (out.empty() ? "" : " ") + word;
  while (!out.empty() && (std::ispunct(static_cast<unsigned char>(out.back())) != 0) && out.back() != ')') out.pop_back();
  return out;
}

// "matched by day: 19 tested, 0 for validation".
std::string split_by_content(const SplitSummary& split) {
  const auto values = [&](Side side) {
    std::vector<std::string> seen;
    for (const auto& u : split.units) {
      const std::string& value = u.stratum.empty() ? u.unit : u.stratum;
      if (u.side == side && std::ranges::find(seen, value) == seen.end()) seen.push_back(value);
    }
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(seen.size(), 4); ++i) text += (i == 0 ? "" : ", ") + seen[i];
    return text + (seen.size() > 4 ? " and " + std::to_string(seen.size() - 4) + " more" : "");
  };
  std::string out = split.scheme + (split.by.empty() ? "" : " by " + split.by);
  if (split.n_folds > 0) return out + ", " + counted(split.n_folds, "fold");
  if (split.optimistic) return out;
  out += ": " + values(Side::test) + " tested";
  const std::string validation = values(Side::validation);
  return validation.empty() ? out : out + ", " + validation + " for validation";
}

void name_splits(const ReportInput& report, Comparison& out) {
  std::map<std::string, int> taken;
  for (auto& split : out.splits) {
    std::vector<std::string> names;
    for (const auto& variant : split.variant)
      if (variant) names.push_back(report.variants[*variant].evaluation.name);
    // One variant alone: its name without the model's letter at the end.
    if (names.size() == 1) {
      const auto words = words_of(names.front());
      const auto letter =
          out.models[static_cast<std::size_t>(std::ranges::find_if(split.variant, [](const auto& v) { return v.has_value(); }) -
                                              split.variant.begin())]
              .letter;
      if (words.size() > 1 && words.back() == letter) names.push_back(names.front().substr(0, names.front().rfind(' ')));
    }
    split.name = common_beginning(names);
    if (split.name.empty()) split.name = split_by_content(split.evaluation(report).split);
    if (++taken[split.name] > 1) split.name += " (" + split_by_content(split.evaluation(report).split) + ")";
  }
}

// By appearance, unless the names of all models' variants end in a capital letter of their own: "original A", "original B".
void name_models(const ReportInput& report, Comparison& out) {
  std::vector<std::string> said;
  for (std::size_t m = 0; m < out.models.size(); ++m) {
    std::set<std::string> last;
    for (const auto& split : out.splits)
      if (split.variant[m]) {
        const auto words = words_of(report.variants[*split.variant[m]].evaluation.name);
        last.insert(words.empty() ? "" : words.back());
      }
    const bool is_letter =
        last.size() == 1 && last.begin()->size() == 1 && std::isupper(static_cast<unsigned char>(last.begin()->front()));
    said.push_back(is_letter && std::ranges::find(said, *last.begin()) == said.end() ? *last.begin() : "");
  }
  char next = 'A';
  for (std::size_t m = 0; m < out.models.size(); ++m) {
    if (!said[m].empty()) {
      out.models[m].letter = said[m];
      continue;
    }
    while (next <= 'Z' && std::ranges::find(said, std::string(1, next)) != said.end()) ++next;
    out.models[m].letter = next <= 'Z' ? std::string(1, next++) : "M" + std::to_string(m + 1);
  }
}

// Keys in which the models differ, in the order of the file.
void find_differing(const std::vector<std::vector<ModelSetting>>& settings, Comparison& out) {
  std::vector<std::string> keys;
  for (const auto& of_model : settings)
    for (const auto& [key, value] : of_model)
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  const auto value_of = [](const std::vector<ModelSetting>& of_model, const std::string& key) {
    const auto found = std::ranges::find(of_model, key, &ModelSetting::first);
    return found == of_model.end() ? std::string(kNone) : found->second;
  };
  for (const auto& key : keys) {
    const bool differs = std::ranges::any_of(
        settings, [&](const auto& of_model) { return value_of(of_model, key) != value_of(settings.front(), key); });
    if (!differs) continue;
    out.keys.push_back(key);
    for (std::size_t m = 0; m < settings.size(); ++m) out.models[m].differing.emplace_back(key, value_of(settings[m], key));
  }
}

// Units of both in one order; empty when they are not the same.
struct PairedUnits {
  std::vector<std::uint8_t> positive;
  std::vector<double> first, second;
};

PairedUnits pair_units(const Evaluation& first, const Evaluation& second) {
  PairedUnits out;
  const auto place = static_cast<std::size_t>(std::ranges::find(first.classes, first.positive) - first.classes.begin());
  if (first.units.size() != second.units.size()) return out;
  for (const auto& u : first.units) {
    const auto other =
        std::ranges::find_if(second.units, [&](const UnitResult& v) { return v.unit == u.unit && v.label == u.label; });
    if (other == second.units.end() || place >= u.probability.size() || place >= other->probability.size()) return {};
    out.positive.push_back(u.label == first.positive);
    out.first.push_back(u.probability[place]);
    out.second.push_back(other->probability[place]);
  }
  return out;
}

}  // namespace

std::size_t ComparedSplit::n_models() const {
  return static_cast<std::size_t>(std::ranges::count_if(variant, [](const auto& v) { return v.has_value(); }));
}

const Evaluation& ComparedSplit::evaluation(const ReportInput& report) const {
  return report.variants[**std::ranges::find_if(variant, [](const auto& v) { return v.has_value(); })].evaluation;
}

bool Comparison::is_empty() const {
  return std::ranges::none_of(splits, [](const auto& s) { return s.n_models() > 1; }) &&
         std::ranges::none_of(models, [](const auto& m) { return m.splits.size() > 1; });
}

std::vector<std::size_t> Comparison::paired_models() const {
  std::vector<std::size_t> out;
  for (std::size_t m = 0; m < models.size(); ++m)
    if (models[m].splits.size() > 1 || (splits.size() == 1 && models.size() == 2)) out.push_back(m);
  if (out.size() < 2) return {};
  // Beside the first, and only where both were asked the same.
  const std::size_t first = out.front();
  std::erase_if(out, [&](std::size_t m) {
    return std::ranges::none_of(splits, [&](const auto& s) { return s.variant[first] && s.variant[m]; });
  });
  return out.size() < 2 ? std::vector<std::size_t>{} : out;
}

Comparison compare_variants(const ReportInput& report) {
  Comparison out;
  std::vector<std::string> split_of, model_of;
  std::vector<std::vector<ModelSetting>> settings;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    const auto& variant = report.variants[v];
    if (variant.evaluation.heads.empty()) continue;
    const std::string split = identity_of(variant.evaluation.split);
    const auto own = settings_of(variant);
    std::string model;
    for (const auto& [key, value] : own) model += key + "\t" + value + "\n";
    const auto s = static_cast<std::size_t>(std::ranges::find(split_of, split) - split_of.begin());
    if (s == split_of.size()) {
      split_of.push_back(split);
      out.splits.emplace_back().variant.resize(model_of.size());
    }
    // The same model twice under one split (two runs of one experiment) is not to hide the first.
    auto m = static_cast<std::size_t>(std::ranges::find(model_of, model) - model_of.begin());
    while (m < model_of.size() && out.splits[s].variant[m])
      m = static_cast<std::size_t>(std::find(model_of.begin() + static_cast<std::ptrdiff_t>(m) + 1, model_of.end(), model) -
                                   model_of.begin());
    if (m == model_of.size()) {
      model_of.push_back(model);
      settings.push_back(own);
      out.models.emplace_back();
      for (auto& other : out.splits) other.variant.resize(model_of.size());
    }
    out.splits[s].variant[m] = v;
    out.models[m].splits.push_back(s);
  }
  if (out.models.empty()) return out;
  find_differing(settings, out);
  name_models(report, out);
  name_splits(report, out);
  return out;
}

std::string score_name(const Evaluation& evaluation) {
  return evaluation.classes.size() == 2 ? "AUC" : "accuracy";
}

std::optional<double> cell_score(const Evaluation& e) {
  if (e.heads.empty()) return {};
  return e.classes.size() == 2 ? e.heads.front().cells.auc : std::optional(e.heads.front().cells.accuracy);
}

std::optional<double> unit_score_of(const Evaluation& e) {
  if (e.heads.empty() || !e.heads.front().units) return {};
  return e.classes.size() == 2 ? e.heads.front().units->auc : std::optional(e.heads.front().units->accuracy);
}

std::optional<double> units_weighted_f1(const Evaluation& e) {
  if (e.heads.empty() || !e.heads.front().units) return {};
  return weighted_f1(*e.heads.front().units);
}

VariantDifference difference_between(const Evaluation& first, const Evaluation& second) {
  const auto minus = [](const std::optional<double>& a, const std::optional<double>& b) {
    return a && b ? std::optional(*b - *a) : std::nullopt;
  };
  VariantDifference out{.cells = minus(cell_score(first), cell_score(second)),
                        .units = minus(unit_score_of(first), unit_score_of(second)),
                        .interval = {},
                        .why_not = {}};
  if (first.split.optimistic) {
    out.why_not = "cells of these units were in training";
  } else if (first.classes.size() != 2) {
    out.why_not = "there are more than two classes";
  } else if (!first.folds.empty()) {
    out.why_not = "units of several folds were scored by several models";
  } else if (const PairedUnits units = pair_units(first, second); units.positive.empty()) {
    out.why_not = "the two were not asked about the same units";
  } else {
    const auto found = auc_difference(units.positive, {.a = units.second, .b = units.first});
    out.interval = found.difference.interval;
    out.why_not = found.difference.why_not;
  }
  return out;
}

std::string differing_in_words(const Comparison& comparison, std::size_t model) {
  constexpr std::size_t kFew = 3;
  const auto &first = comparison.models.front().differing, &own = comparison.models[model].differing;
  if (model == 0 && own.size() > kFew) return "the one that others are held against";
  std::string out;
  for (std::size_t k = 0; k < own.size(); ++k) {
    const auto& [key, value] = own[k];
    if (model > 0 && value == first[k].second) continue;
    out += (out.empty() ? "" : ", ") + (value == kNone ? "no " + key : key + " " + value);
  }
  return out.empty() ? "the same settings" : out;
}

std::string name_within(const ComparedSplit& split, const std::string& variant) {
  if (!variant.starts_with(split.name) || variant.size() == split.name.size()) return variant;
  const auto at = variant.find_first_not_of(" ,:;·-", split.name.size());
  return at == std::string::npos || at == split.name.size() ? variant : variant.substr(at);
}

namespace {

std::int64_t cells_on(const SplitSummary& split, Side side) {
  std::int64_t n = 0;
  for (const auto& u : split.units)
    if (u.side == side) n += u.n_cells;
  return n;
}

std::optional<double> units_accuracy(const Evaluation& e) {
  const auto& units = e.heads.front().units;
  return units ? std::optional(units->accuracy) : std::nullopt;
}

std::optional<double> sd_over_drawings(const Evaluation& e, const std::string& metric) {
  const auto found = std::ranges::find(e.samplings.metrics, metric, &SampledMetric::metric);
  if (found == e.samplings.metrics.end() || found->values.size() < 2) return std::nullopt;
  return sampled_spread(found->values).sd;
}

std::string digits(const std::optional<double>& x) {
  return x ? fmt::format("{:.9g}", *x) : "";
}

// Seconds of the three stages and the most memory, each after a tab.
std::string resources_as_tsv(const ReportVariant& variant) {
  std::string out;
  std::int64_t peak = 0;
  for (const char* stage : {"prepare", "train", "evaluate"}) {
    const auto found = std::ranges::find(variant.resources, stage, &StageResources::stage);
    out += found == variant.resources.end() ? "\t" : fmt::format("\t{:.6g}", found->seconds);
    if (found != variant.resources.end()) peak = std::max(peak, found->peak_bytes);
  }
  return out + (peak > 0 ? "\t" + std::to_string(peak) : "\t");
}

// A tab or a line break in a name must not make a column or a line.
std::string plain(std::string text) {
  for (char& c : text)
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  return text;
}

}  // namespace

std::string comparison_tsv(const ReportInput& report, const Comparison& comparison) {
  std::string out =
      "split\tvariant\tmodel\tdiffers\tcells_train\tcells_validation\tcells_test\tunits_test\tscore\tcells_score\tunits_score\t"
      "units_accuracy\tunits_weighted_f1\tdrawings\tunits_weighted_f1_sd_over_drawings\taccuracy\tlabel_loss\tcombined_"
      "loss\tcompared_with\tdelta_cells\tdelta_units\tdelta_units_low\tdelta_units_high\tmethod\t"
      "no_interval_because\tseconds_prepare\tseconds_train\tseconds_evaluate\tpeak_memory_bytes\n";
  for (const auto& split : comparison.splits) {
    const auto reference = std::ranges::find_if(split.variant, [](const auto& v) { return v.has_value(); });
    for (std::size_t m = 0; m < split.variant.size(); ++m) {
      if (!split.variant[m]) continue;
      const Evaluation& e = report.variants[*split.variant[m]].evaluation;
      const bool folded = !e.folds.empty();
      out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{:.9g}\t{:.9g}\t{:.9g}", plain(split.name),
                         plain(e.name), comparison.models[m].letter, plain(differing_in_words(comparison, m)),
                         folded ? "" : std::to_string(cells_on(e.split, Side::train)),
                         folded ? "" : std::to_string(cells_on(e.split, Side::validation)), e.heads.front().cells.n,
                         n_test_units(e), score_name(e), digits(cell_score(e)), digits(unit_score_of(e)), digits(units_accuracy(e)),
                         digits(units_weighted_f1(e)), e.samplings.n_drawings > 0 ? std::to_string(e.samplings.n_drawings) : "",
                         digits(sd_over_drawings(e, kWeightedF1)), e.heads.front().cells.accuracy, e.heads.front().cells.loss,
                         e.combined_loss);
      if (split.variant.begin() + static_cast<std::ptrdiff_t>(m) == reference) {
        out += "\t\t\t\t\t\t\t" + resources_as_tsv(report.variants[*split.variant[m]]) + "\n";
        continue;
      }
      const auto difference = difference_between(report.variants[**reference].evaluation, e);
      out += fmt::format(
          "\t{}\t{}\t{}\t{}\t{}\t{}\t{}{}\n", comparison.models[static_cast<std::size_t>(reference - split.variant.begin())].letter,
          digits(difference.cells), digits(difference.units), difference.interval ? digits(difference.interval->low) : "",
          difference.interval ? digits(difference.interval->high) : "", difference.interval ? difference.interval->method : "",
          difference.why_not, resources_as_tsv(report.variants[*split.variant[m]]));
    }
  }
  return out;
}

}  // namespace cellverdict
