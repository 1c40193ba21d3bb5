// Trainings repeated with other seeds: a table of means and standard deviations, with its figures.

#include <cellverdict/report/ablation.h>
#include <cellverdict/report/page.h>

namespace cellverdict {

namespace {

Cell spread_cell(const std::vector<double>& values) {
  const Spread spread = spread_of(values);
  return number_cell(values.empty() ? "–" : fixed(spread.mean, 3) + (spread.sd ? " ± " + fixed(*spread.sd, 3) : ""));
}

}  // namespace

std::string ablation_section(PageState& state) {
  const ReportInput& report = state.input.report;
  if (state.input.ablation.empty()) return {};
  Table table{.caption = "Trained with several seeds: mean ± standard deviation over them, over " + plural_of(report.unit_noun),
              .banner = banner_of(report),
              .columns = {"variant", "seeds", "test " + plural_of(report.unit_noun), "weighted F1", "accuracy", "AUC"},
              .css = "compare"};
  for (const auto& variant : report.variants) {
    if (variant.seeds.empty()) continue;
    std::vector<double> f1, accuracy, auc;
    for (const auto& seed : variant.seeds) {
      f1.push_back(seed.weighted_f1);
      accuracy.push_back(seed.accuracy);
      if (seed.auc) auc.push_back(*seed.auc);
    }
    table.rows.push_back({Cell(variant.evaluation.name), count_cell(std::ssize(variant.seeds)),
                          count_cell(n_test_units(variant.evaluation)), spread_cell(f1), spread_cell(accuracy), spread_cell(auc)});
  }
  return "<h2>Ablation</h2>\n" + html_of(table) +
         html_paragraph(
             "Only the net was trained anew, on the same " + plural_of(report.unit_noun) +
                 " and asked about the same ones. The standard deviation says how much the training's own chance decides; "
                 "it is no interval and says nothing about new " +
                 plural_of(report.unit_noun) + ". Everything else on this page is of the first seed.",
             "soft") +
         html_of(state, state.input.ablation);
}

}  // namespace cellverdict
