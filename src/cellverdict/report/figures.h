#pragma once
// The report's figures as Vega-Lite v5 specs that hold their own data, so that a user can open one in Altair and restyle it.
// A figure never shows more than the evaluation says; one of an optimistic split bears kOptimisticBanner as its subtitle.

#include <cellverdict/report/report.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct Figure {
  std::string name;  // file stem: NAME.vl.json, NAME.png, NAME.svg
  std::filesystem::path folder;
  std::string title;        // what is shown
  std::string description;  // the same for those who cannot see it, with its main number
  std::string note;         // how it was drawn, when that must be known ("drawn through 500 of 3,412 points"); may be empty
  std::string spec;         // JSON text
  std::string png;          // the drawn picture, at twice its size; empty when it was not drawn
};

// What stands over a figure.
struct FigureHead {
  std::string name, title, subtitle, banner, description, note;
  int gap = 12;  // pixels between it and the plot
};

// Adds head, theme and schema to the marks and data in `body` (JSON text of one Vega-Lite view).
Figure make_figure(const FigureHead& head, const std::string& body);

// Loss, accuracy and AUC by epoch.
std::vector<Figure> curve_figures(const ReportVariant& variant);
// A square a unit, by side and class. None for more units or classes than a person can tell apart.
std::vector<Figure> split_figures(const ReportVariant& variant, const std::string& unit_noun);
// ROC of the label, confusion matrix of every head.
std::vector<Figure> test_figures(const ReportVariant& variant, const std::string& unit_noun);
// Of two classes: reliability, precision against recall, net benefit; those that the units allow.
std::vector<Figure> unit_figures(const ReportVariant& variant, const std::string& unit_noun);
// What labels dealt at random reach, with the true ones marked: a histogram a pipeline.
std::vector<Figure> control_figures(const ReportVariant& variant, const std::string& unit_noun);
inline constexpr const char* kControlFigure = "negative_control";
// Fewer units than this, and no reliability of units is drawn; no decision curve.
inline constexpr std::int64_t kLeastUnitsForReliability = 10;
inline constexpr std::int64_t kLeastUnitsForDecisionCurve = 20;

// Probabilities of the positive, one a unit and class; empty for more than two classes.
struct UnitProbabilities {
  std::vector<std::uint8_t> positive;
  std::vector<double> probability;
  std::int64_t n_positive = 0;
  double brier = 0;
};
UnitProbabilities unit_probabilities(const Evaluation& evaluation);
// The same before the temperature; empty where that is 1.
UnitProbabilities uncalibrated_unit_probabilities(const Evaluation& evaluation);

// AUC over units of all variants and the simple models beside them, with intervals. Empty where no variant has one.
// "No AUC, so not drawn: each donor left out." where only some variants have one; else empty.
std::string variants_without_auc(const ReportInput& input);
std::vector<Figure> forest_figures(const ReportInput& input);
// One named curve of an overlay.
struct RocCurveOf {
  std::string name;
  const Evaluation* evaluation = nullptr;
};
// ROC curves of test cells laid over one another, each named with its AUC and test side.
Figure roc_overlay_figure(FigureHead head, std::vector<RocCurveOf> curves, const std::string& unit_noun);

struct Comparison;
// ROC curves of a model under several splits, of several models under one; scores by split with the models' differences.
std::vector<Figure> compare_figures(const ReportInput& report, const Comparison& comparison);
// The validation score of every candidate of a sweep against each key that was varied.
std::vector<Figure> sweep_figures(const ReportVariant& variant);

// Over all variants: ROC curves, AUC, cohort flow. Their folder is left empty.
std::vector<Figure> overview_figures(const ReportInput& input);
// Boxes of counts, genes and mitochondrial share of each unit's cells, before and after quality control: a figure for every 60
// units, at most five. None for a summary without units.
std::vector<Figure> quality_figures(const QualitySummary& quality, const ReportInput& input);

// At most kRocPoints points of the curve, both ends among them, none moved. Kept are the points nearest after equal steps of
// (false positive rate + true positive rate), so a straight line between two kept ones is nowhere off by more than 2 / (kRocPoints
// - 1).
inline constexpr std::size_t kRocPoints = 500;
std::vector<RocPoint> thin_roc(const std::vector<RocPoint>& roc);

// "4,130 cells of 2 libraries" of the test side.
std::string test_side_in_words(const Evaluation& evaluation, const std::string& unit_noun);
// The banner of an evaluation's figures and tables; empty when its split is not optimistic.
std::string banner_of(const Evaluation& evaluation);
// The banner of what shows several variants: names the optimistic ones.
std::string banner_of(const ReportInput& input);

// Blue, vermillion, … : distinguishable with any kind of colour vision (Okabe & Ito 2008), yellow left out as too light for lines.
// Names one colour and one dash for curve i; the dashes change when the colours have been used up.
std::string curve_colour(std::size_t i);
std::vector<int> curve_dash(std::size_t i);

}  // namespace cellverdict
