// What a sweep tried: every candidate with its score on the validation side, the chosen one marked. Nothing of the test side may
// stand here.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace cellverdict {

namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, values.size()));
}

// "12", or "8 to 14" of several folds.
std::string range_of(const std::vector<int>& values) {
  if (values.empty()) return "n/a";
  const auto [low, high] = std::ranges::minmax(values);
  return low == high ? std::to_string(low) : std::to_string(low) + " to " + std::to_string(high);
}

Table sweep_table(const SweepResult& sweep, const std::string& banner) {
  const std::size_t n_folds = sweep.candidates.front().scores.size();
  Table table{.caption = fmt::format("The sweep: {} settings, ranked by {}{}", sweep.candidates.size(), sweep.monitor,
                                     n_folds > 1 ? fmt::format(", mean of {} folds", n_folds) : std::string()),
              .banner = banner,
              .columns = {"rank"},
              .css = "compare"};
  for (const auto& key : sweep.keys) {
    std::string shown = key;
    std::ranges::replace(shown, '.', '\n');
    table.columns.push_back(shown);
  }
  table.columns.insert(table.columns.end(), {sweep.monitor.substr(sweep.monitor.find('.') + 1) + "\n(validation)", "best\nepoch",
                                             "epochs", n_folds > 1 ? "chosen in" : "chosen"});
  std::vector<const SweepResult::Candidate*> order;
  for (const auto& candidate : sweep.candidates) order.push_back(&candidate);
  const double sign = sweep.monitor == "validation.loss" ? 1 : -1;
  std::ranges::stable_sort(order, {}, [&](const auto* c) { return sign * mean_of(c->scores); });
  for (std::size_t r = 0; r < order.size(); ++r) {
    const auto& c = *order[r];
    std::vector<Cell> row = {number_cell(std::to_string(r + 1))};
    for (const auto& value : c.values) row.emplace_back(value);
    Cell score = number_cell(fixed(mean_of(c.scores), 4));
    if (n_folds > 1) {
      const auto [low, high] = std::ranges::minmax(c.scores);
      score.note = fixed(low, 4) + " to " + fixed(high, 4);
    }
    row.insert(row.end(), {score, number_cell(range_of(c.best_epoch)), number_cell(range_of(c.epochs)),
                           Cell(c.n_chosen == 0 ? ""
                                : n_folds > 1   ? counted(c.n_chosen, "fold")
                                                : "● chosen")});
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::string sweep_section(PageState& state, std::size_t index) {
  const ReportVariant& variant = state.input.report.variants[index];
  const SweepResult& sweep = variant.sweep;
  if (sweep.candidates.empty()) return {};
  std::string out = "<h3>The sweep</h3>\n" + html_of(sweep_table(sweep, banner_of(variant.evaluation)));
  std::string words = sweep.mode == "grid"
                          ? "Every combination was trained on the training side"
                          : "One key at a time was changed, all else as in the file, and trained on the training side";
  words += sweep.candidates.front().scores.size() > 1
               ? " of every fold; in each fold the one with the best validation score was taken."
               : "; the one with the best validation score was taken.";
  out += html_paragraph(
      words + " The test side had no say. A best score among several is better than the same setting would reach again.", "soft");
  return out + html_of(state, state.input.sweeps[index]);
}

}  // namespace cellverdict
