#pragma once
// A report to look at: the situation of the LMNA study (one patient and one sister, sequenced on several days), two splits and two
// models. On the mixed days the day alone tells the wrong class and the models follow it; on the matched day they do not.
// All numbers are invented by a fixed random stream.

#include <cellverdict/base/random.h>
#include <cellverdict/report/report.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace example {

using namespace cellverdict;

inline double normal(Random& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.uniform();
  return sum;
}

// Truth and score of every cell of one class of one unit.
struct Scored {
  std::string unit;
  bool is_patient = false;
  std::vector<double> scores;
};

// The full curve: a point a distinct score, the way a user would get it without thinning.
inline std::vector<RocPoint> roc_of(std::vector<std::pair<double, bool>> cells) {
  std::ranges::sort(cells, std::greater<>());
  double positives = 0, negatives = 0;
  for (const auto& cell : cells) (cell.second ? positives : negatives) += 1;
  std::vector<RocPoint> out = {{0, 0, std::numeric_limits<double>::infinity()}};
  double tp = 0, fp = 0;
  for (const auto& [score, is_positive] : cells) {
    (is_positive ? tp : fp) += 1;
    out.push_back({fp / negatives, tp / positives, score});
  }
  return out;
}

inline double auc_of(const std::vector<RocPoint>& roc) {
  double area = 0;
  for (std::size_t i = 1; i < roc.size(); ++i)
    area += (roc[i].false_positive_rate - roc[i - 1].false_positive_rate) *
            (roc[i].true_positive_rate + roc[i - 1].true_positive_rate) / 2;
  return area;
}

inline Classification classification_of(const std::vector<std::pair<double, bool>>& cells, double auc) {
  Classification c{.n = static_cast<std::int64_t>(cells.size()), .n_classes = 2, .confusion = {0, 0, 0, 0}, .auc = auc};
  for (const auto& [p, is_patient] : cells) {
    ++c.confusion[(is_patient ? 2 : 0) + (p >= 0.5 ? 1 : 0)];
    c.loss -= std::log(std::max(1e-15, is_patient ? p : 1 - p)) / static_cast<double>(c.n);
  }
  const auto at = [&](int i) { return static_cast<double>(c.confusion[static_cast<std::size_t>(i)]); };
  c.accuracy = (at(0) + at(3)) / static_cast<double>(c.n);
  c.balanced_accuracy = (at(0) / (at(0) + at(1)) + at(3) / (at(2) + at(3))) / 2;
  c.f1 = 2 * at(3) / (2 * at(3) + at(1) + at(2));
  return c;
}

struct Library {
  const char* name;
  bool is_patient;
  const char* day;
  std::int64_t n_cells;
};

inline const std::vector<Library>& libraries() {
  static const std::vector<Library> all = {{"LIB01", false, "0", 2210},  {"LIB02", false, "2", 2874},  {"LIB03", false, "4", 2655},
                                           {"LIB04", false, "9", 2390},  {"LIB05", false, "16", 2671}, {"LIB06", false, "30", 1946},
                                           {"LIB07", false, "19", 2060}, {"LIB08", true, "2", 2930},   {"LIB09", true, "0", 2420},
                                           {"LIB10", true, "9", 2755},   {"LIB11", true, "16", 2070},  {"LIB12", true, "19", 1227}};
  return all;
}

inline SplitSummary split_of(const std::vector<std::string>& validation, const std::vector<std::string>& test, bool is_matched) {
  SplitSummary split{.scheme = is_matched ? "matched" : "lists", .by = "day", .classes = {"Control", "Patient"}};
  for (const Side side : {Side::train, Side::validation, Side::test})
    for (const bool is_patient : {false, true})
      for (const auto& lib : libraries()) {
        const auto in = [&](const auto& names) { return std::ranges::find(names, lib.name) != names.end(); };
        const Side own = in(test) ? Side::test : in(validation) ? Side::validation : Side::train;
        if (own == side && lib.is_patient == is_patient)
          split.units.push_back(
              {lib.name, {is_patient ? "patient" : "sister"}, is_patient ? "Patient" : "Control", lib.day, side, lib.n_cells});
      }
  split.notes = {"Both people stand on every side: this split separates libraries, not people."};
  return split;
}

struct Shape {
  std::string name;
  SplitSummary split;
  double separation = 1, shift = 0;  // of the two classes' scores, in standard deviations
  bool has_day_head = false;
  std::uint64_t seed = 1;
};

inline HeadResult day_head() {
  HeadResult head{.label = "day", .classes = {"0", "2", "4", "9", "16", "19", "30"}, .weight = 0.3};
  head.cells = {.n = 3287, .n_classes = 7, .loss = 12.35, .accuracy = 0.0, .balanced_accuracy = 0.0, .f1 = 0.0};
  head.cells.confusion.assign(49, 0);
  for (std::size_t called = 0; called < 7; ++called)
    head.cells.confusion[5 * 7 + called] = called == 4 ? 2411 : called == 6 ? 876 : 0;
  return head;
}

inline LearningCurve curve_of(const Shape& shape) {
  LearningCurve curve{.monitor = "validation.auc", .best_epoch = 7};
  Random random(shape.seed, "curve");
  for (int i = 1; i <= 15; ++i) {
    const double t = i;
    EpochMetrics train{.loss = 0.75 * std::exp(-t / 4) + 0.05 + 0.01 * normal(random), .accuracy = 0.995 - 0.3 * std::exp(-t / 3)};
    train.auc = 0.999 - 0.2 * std::exp(-t / 3);
    EpochMetrics validation{.loss = 0.5 + 0.004 * (t - 7) * (t - 7) + 0.02 * normal(random),
                            .accuracy = 0.78 - 0.001 * (t - 7) * (t - 7) + 0.01 * normal(random)};
    validation.auc = 0.9 - 0.002 * (t - 7) * (t - 7);
    curve.epochs.push_back({.number = i, .train = train, .validation = validation, .seconds = 1.5});
  }
  return curve;
}

inline CohortFlow flow() {
  CohortFlow out;
  std::vector<std::int64_t> files, drawn, left;
  for (const auto& lib : libraries()) {
    out.units.push_back(lib.name);
    files.push_back(lib.n_cells * 3 + 417);
    drawn.push_back(std::min<std::int64_t>(3000, lib.n_cells * 3 + 417));
    left.push_back(lib.n_cells);
  }
  out.stages = {{"in the files", files},
                {"drawn (at most 3,000 a library)", drawn},
                {"200 to 6,000 genes, at most 20 % mitochondrial", left}};
  return out;
}

// Lognormal depth, genes that follow it, and a tail of leaking cells that quality control takes away.
inline QualitySummary quality_of(const std::vector<std::string>& units) {
  QualitySummary out{.units = units};
  for (const auto& unit : units) {
    Random random(3, "quality " + unit);
    const double depth = 8.3 + 0.4 * normal(random);
    std::vector<double> total[2], n_genes[2], mito[2];
    for (int i = 0; i < 400; ++i) {
      const bool leaks = random.below(5) == 0;
      const double x = std::exp(depth - (leaks ? 1.5 : 0) + 0.5 * normal(random)), genes = 6000 * x / (x + 9000);
      const double share = (leaks ? 25 : 4) * std::exp(0.5 * normal(random));
      for (const int stage : {0, 1}) {
        if (stage == 1 && (share > 20 || genes < 200)) continue;
        total[stage].push_back(std::floor(x));
        n_genes[stage].push_back(std::floor(genes));
        mito[stage].push_back(std::min(share, 90.0));
      }
    }
    for (const int stage : {0, 1}) {
      auto& boxes = stage == 0 ? out.before : out.after;
      boxes.total.push_back(make_quality_box(total[stage]));
      boxes.n_genes.push_back(make_quality_box(n_genes[stage]));
      boxes.mito_percent.push_back(make_quality_box(mito[stage]));
    }
  }
  return out;
}

inline CovariateBaseline day_rule(const SplitSummary& split) {
  CovariateBaseline out{.covariate = "day"};
  for (const char* day : {"0", "2", "4", "9", "16", "19", "30"}) {
    CovariateRule rule{std::string("day ") + day, {0, 0}, {0, 0}};
    for (const auto& u : split.units) {
      const std::size_t k = u.label == "Patient" ? 1 : 0;
      if (u.stratum == day && u.side == Side::train) ++rule.train_units[k];
      if (u.stratum == day && u.side == Side::test) ++rule.test_units[k];
    }
    out.rules.push_back(rule);
  }
  const bool is_mixed = split.scheme == "lists";
  out.unit_auc = out.cell_auc = is_mixed ? 0.0 : 0.5;
  out.unit_balanced_accuracy = is_mixed ? 0.0 : 0.5;
  out.sentence =
      is_mixed
          ? "The day alone gets every test library wrong (AUC 0.00): in training, day 16 was seen only in the control and day 19 "
            "only "
            "in the patient, and the test libraries are the other way round. A model that has learned the day is inverted here."
          : "Both classes were measured on the test day, so the day alone cannot tell them apart (AUC 0.50): what the model "
            "reaches above "
            "that is not the day.";
  return out;
}

inline ReportVariant variant_of(const Shape& shape) {
  ReportVariant out;
  Evaluation& e = out.evaluation;
  e.name = shape.name;
  e.split = shape.split;
  e.classes = {"Control", "Patient"};
  e.positive = "Patient";
  Random random(shape.seed, "scores");
  std::vector<std::pair<double, bool>> cells;
  std::vector<std::pair<double, bool>> unit_means;
  for (const auto& unit : e.split.units) {
    if (unit.side != Side::test) continue;
    const bool is_patient = unit.label == "Patient";
    double sum = 0, right = 0;
    for (std::int64_t i = 0; i < unit.n_cells; ++i) {
      const double z = normal(random) + shape.shift + (is_patient ? shape.separation : -shape.separation) / 2;
      const double p = 1 / (1 + std::exp(-2 * z));
      cells.emplace_back(p, is_patient);
      sum += p;
      right += (p >= 0.5) == is_patient ? 1 : 0;
    }
    const double n = static_cast<double>(unit.n_cells), mean = sum / n;
    unit_means.emplace_back(mean, is_patient);
    e.units.push_back({.unit = unit.unit,
                       .donor = donors_in_words(unit),
                       .label = unit.label,
                       .stratum = unit.stratum,
                       .n_cells = unit.n_cells,
                       .probability = {1 - mean, mean},
                       .predicted = mean >= 0.5 ? "Patient" : "Control",
                       .cell_accuracy = right / n});
  }
  HeadResult label{.label = "genotype", .classes = e.classes};
  label.cell_roc = roc_of(cells);
  label.unit_roc = roc_of(unit_means);
  label.cells = classification_of(cells, auc_of(label.cell_roc));
  label.units = classification_of(unit_means, auc_of(label.unit_roc));
  e.combined_loss = label.cells.loss;
  e.heads = {label};
  if (shape.has_day_head) e.heads.push_back(day_head()), e.combined_loss += 0.3 * e.heads[1].cells.loss;
  e.threshold_source = "fixed";
  e.temperature_source = "not fitted";
  e.baselines = {day_rule(e.split)};
  e.majority_accuracy = 0.5;
  const bool is_inverted = *label.cells.auc < 0.5;
  if (is_inverted) e.warnings = {"The ROC curve is inverted: the model ranks cells of the control above those of the patient."};
  e.verdict = is_inverted ? "Wrong way round on two libraries of two people: the model follows the day, and the day is exchanged "
                            "between the classes."
                          : "Tells the patient's library from the sister's on a day it has never seen, on one library each.";
  e.first_lines = {"One patient and one sister: what is told apart may be the person, not the disease."};
  out.curve = curve_of(shape);
  out.flow = flow();
  out.quality = quality_of(out.flow.units);
  out.genes_note = {"33,538 genes, 19,412 in at least 10 training cells, 1,000 kept by variance of their log-normalised values.",
                    "Most variable: TTN, MYL7, COL1A1, NPPA, POSTN."};
  return out;
}

inline ReportInput report() {
  const auto mixed = split_of({"LIB04", "LIB09"}, {"LIB07", "LIB11"}, false);
  const auto matched = split_of({"LIB01", "LIB09"}, {"LIB07", "LIB12"}, true);
  ReportInput input{.title = "LMNA: patient or control?",
                    .question = "Can Patient be told from Control in libraries the model has never seen?",
                    .unit_noun = "library",
                    .first_lines = {"One patient and one sister: what is told apart may be the person, not the disease."}};
  input.variants = {variant_of({"mixed days, model A", mixed, -1.25, 0.2, false, 1}),
                    variant_of({"mixed days, model B", mixed, -1.4, 0.1, true, 2}),
                    variant_of({"day-matched t19 v0, model A", matched, 1.7, -0.6, false, 3}),
                    variant_of({"day-matched t19 v0, model B", matched, 2.1, -0.3, true, 4})};
  input.provenance = {{"command", "cellverdict run lmna.toml --variant all"},
                      {"version", "cellverdict 0.1.0"},
                      {"seed", "42"},
                      {"samples.csv", "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}};
  input.experiment =
      "[data]\nsources = \"samples.csv\"\nlabel = \"genotype\"\nunit = \"library\"\n\n[split]\nscheme = \"matched\"\nby = "
      "\"day\"\n";
  return input;
}

// Cells drawn at random: every library stands on every side.
inline ReportVariant random_cells_variant() {
  SplitSummary split{.scheme = "random-cells", .optimistic = true, .classes = {"Control", "Patient"}};
  for (const auto& [side, share] : {std::pair(Side::train, 0.6), std::pair(Side::validation, 0.2), std::pair(Side::test, 0.2)})
    for (const auto& lib : libraries())
      split.units.push_back({lib.name,
                             {lib.is_patient ? "patient" : "sister"},
                             lib.is_patient ? "Patient" : "Control",
                             lib.day,
                             side,
                             static_cast<std::int64_t>(static_cast<double>(lib.n_cells) * share)});
  ReportVariant out = variant_of({"random cells, model A", split, 4.2, 0.0, false, 5});
  out.evaluation.baselines.clear();
  out.evaluation.verdict =
      "Nearly every cell is called right, because its library was seen in training: this is not a result about new libraries.";
  return out;
}

}  // namespace example
