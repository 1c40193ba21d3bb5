#pragma once
// Trainings repeated with other seeds of the net on one split: mean and standard deviation over seeds, by variant (PaSCient, Figure
// 2). What spreads here is the training, not the patients: it is no interval and never called one.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/report.h>

#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// Mean and standard deviation (n − 1) of some numbers; no deviation of fewer than two.
struct Spread {
  std::size_t n = 0;
  double mean = 0;
  std::optional<double> sd;
};
Spread spread_of(const std::vector<double>& values);

SeedResult seed_result(const Evaluation& evaluation, std::uint64_t seed);

// Variants that differ in one thing: "Aggregators", "Samplings"; one panel of all where no variant is a net of bags.
struct AblationPanel {
  std::string name, title;
  std::vector<std::size_t> variants;  // of the report
};
// None unless some variant was trained with several seeds.
std::vector<AblationPanel> ablation_panels(const ReportInput& report);

// A line a variant.
std::string ablation_tsv(const ReportInput& report);
// A figure a panel: bars of the mean, a line of one standard deviation to both sides, a dot a seed.
std::vector<Figure> ablation_figures(const ReportInput& report);

}  // namespace cellverdict
