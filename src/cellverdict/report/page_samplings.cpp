// How far apart the answers of one net of bags lie when other cells of the same units are drawn. Never an interval: it says nothing
// of other units.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

std::string samplings_table(const Evaluation& e, const std::string& unit_noun) {
  const CellSamplings& s = e.samplings;
  if (s.n_drawings < 2 || s.metrics.empty()) return {};
  Table table{
      .caption = fmt::format("{} of cells, the same model: {}", counted(s.n_drawings, "drawing"), test_side_in_words(e, unit_noun)),
      .banner = banner_of(e),
      .columns = {"metric over " + plural_of(unit_noun), "mean", "SD over\ndrawings", "lowest", "highest"},
      .css = "evidence"};
  for (const auto& [name, values] : s.metrics) {
    const SampledSpread spread = sampled_spread(values);
    table.rows.push_back({name == "auc" ? "AUC" : name, number_cell(fixed(spread.mean, 3)), number_cell(fixed(spread.sd, 4)),
                          number_cell(fixed(spread.lowest, 3)), number_cell(fixed(spread.highest, 3))});
  }
  const auto n = n_test_units(e);
  std::string note = fmt::format(
      "Each drawing takes {} of every {} ({} of {} have more). The numbers everywhere else are of the mean probability over these "
      "drawings. How far drawings lie apart is no interval: it says nothing of new {}.",
      s.cells > 0 ? counted(s.cells, "cell") : "all cells", unit_noun, with_commas(std::min(s.n_more, n)), with_commas(n),
      plural_of(unit_noun));
  return "<h3>Other cells of the same " + escape_html(plural_of(unit_noun)) + "</h3>\n" + html_of(table) +
         html_paragraph(note, "soft");
}

}  // namespace cellverdict
