// The negative control: what the same pipeline reaches when the labels of the units are dealt at random. It should be chance; what
// the true labels reach should lie beyond it.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <cellverdict/stats/bootstrap.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace cellverdict {

namespace {

// Whether the dealt labels were read better than a coin: then something in the pipeline knows the label by another way.
bool is_above_chance(const PermutationResult& p) {
  const auto n = static_cast<double>(p.deals.size());
  if (p.statistic != "auc" || p.deals.size() < 20) return false;
  double sum = 0, squares = 0;
  for (const double x : p.deals) sum += x;
  for (const double x : p.deals) squares += (x - sum / n) * (x - sum / n);
  return sum / n > 0.5 + std::max(0.05, 3 * std::sqrt(squares / (n - 1) / n));
}

}  // namespace

std::string permutation_words(const PermutationResult& p, const std::string& unit_noun) {
  const std::string what = p.statistic == "auc" ? "AUC" : p.statistic;
  const std::string who =
      p.model == kPermutedNet ? "everything that was trained, the net included," : "the " + p.model + " pipeline";
  if (!p.p_value || p.deals.empty())
    return html_paragraph(fmt::format("Negative control (shuffled labels), {}: not tested: {}.",
                                      p.model == kPermutedNet ? p.model : "the " + p.model + " pipeline", p.why_not));
  const Interval middle = percentile_interval(0, p.deals, 0.9), median = percentile_interval(0, p.deals, 1e-9);
  std::string text = fmt::format(
      "Negative control (shuffled labels): the labels of the {} were dealt at random {}{} times and {} was run anew each time. It "
      "reached a median {} of {} (9 of 10 deals {} to {}); with the true labels {}: p = {:.3g}. The least p that could come out is "
      "{:.3g}; there are {} different deals.",
      plural_of(unit_noun), p.within.empty() ? "" : "within each " + p.within + " ", p.deals.size(), who, what,
      fixed(median.low, 3), fixed(middle.low, 3), fixed(middle.high, 3), fixed(p.observed, 3), *p.p_value, p.smallest_p,
      p.n_distinct);
  if (p.model != kPermutedNet) text += " This tests whether there is anything to read, with the simple model, not the net.";
  std::string out = html_paragraph(text);
  if (is_above_chance(p))
    out += "<div class=\"warnings\">" +
           html_paragraph("Dealt labels are read better than chance here: something besides the label of a " + unit_noun +
                          " tells which side it is on. Do not trust the numbers above before that is found.") +
           "</div>\n";
  return out;
}

std::string negative_control(PageState& state, const Evaluation& e, const std::vector<Figure>& figures) {
  std::string out;
  for (const auto& result : e.permutations) out += permutation_words(result, state.input.report.unit_noun);
  if (out.empty()) return out;
  // Those of one donor are not exchangeable with those of another.
  std::set<std::string> donors;
  for (const auto& unit : e.split.units)
    if (unit.side == Side::test) donors.insert(unit.donors.begin(), unit.donors.end());
  const bool tested = std::ranges::any_of(e.permutations, [](const PermutationResult& p) { return p.p_value.has_value(); });
  if (tested && !donors.empty() && std::ssize(donors) < n_test_units(e))
    out += html_paragraph(
        fmt::format("The labels were dealt between {}, some of which are of one donor: for new people p may be too small.",
                    plural_of(state.input.report.unit_noun)),
        "soft");
  return "<h3>Negative control</h3>\n" + out + html_of(state, figures);
}

}  // namespace cellverdict
