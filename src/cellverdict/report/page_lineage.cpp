// What models say of named sets of cells, for people: every set beside every variant, and zero-shot beside direct.

#include <cellverdict/base/nearest.h>
#include <cellverdict/report/html.h>
#include <cellverdict/report/lineage.h>
#include <cellverdict/report/page.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace {

std::string taught_in_words(const ReportVariant& variant) {
  const auto found = std::ranges::find(variant.settings, std::string("split.where"), &ModelSetting::first);
  return found == variant.settings.end() || found->second.empty() ? "all cells" : found->second;
}

std::string train_accuracy(const ReportVariant& variant) {
  const LearningCurve& curve = variant.curve;
  if (curve.best_epoch < 1 || curve.best_epoch > std::ssize(curve.epochs)) return "–";
  return fixed(curve.epochs[static_cast<std::size_t>(curve.best_epoch - 1)].train.accuracy, 3);
}

bool has_binary(const ReportInput& report) {
  return std::ranges::any_of(report.variants, [](const ReportVariant& v) { return !v.evaluation.normal.empty(); });
}

std::string all_sets(const ReportInput& report) {
  Table table{.caption = "Every variant on every named set of test cells",
              .banner = banner_of(report),
              .columns = {"variant", "split", "taught", "accuracy,\ntraining cells", "set", "cells", plural_of(report.unit_noun),
                          "accuracy", "weighted F1"},
              .css = "compare"};
  const bool binary = has_binary(report);
  const bool own_head = std::ranges::any_of(report.variants, [](const ReportVariant& v) {
    return std::ranges::any_of(v.evaluation.sets,
                               [](const SetResult& set) { return set.models.front().own_head_cells.has_value(); });
  });
  if (binary) table.columns.insert(table.columns.end(), {"accuracy,\nnormal or not", "F1,\nnormal or not"});
  if (own_head) table.columns.insert(table.columns.end(), {"accuracy,\nits own head", "F1,\nits own head"});
  for (const auto& variant : report.variants)
    for (const auto& set : variant.evaluation.sets) {
      const SetModel& net = set.models.front();
      const bool first = &set == &variant.evaluation.sets.front();
      std::vector<Cell> row = {Cell(first ? variant.evaluation.name : ""),
                               Cell(first ? split_in_words(variant.evaluation.split) : ""),
                               Cell(first ? taught_in_words(variant) : ""),
                               number_cell(first ? train_accuracy(variant) : ""),
                               Cell(set.name),
                               count_cell(set.n_cells),
                               count_cell(set.n_units),
                               number_cell(fixed(net.cells.accuracy, 3)),
                               number_cell(fixed(net.cells.weighted_f1, 3))};
      if (binary) {
        row.push_back(number_cell(net.binary_cells ? fixed(net.binary_cells->accuracy, 3) : "–"));
        row.push_back(number_cell(net.binary_cells ? fixed(net.binary_cells->f1, 3) : "–"));
      }
      if (own_head) {
        row.push_back(number_cell(net.own_head_cells ? fixed(net.own_head_cells->accuracy, 3) : "–"));
        row.push_back(number_cell(net.own_head_cells ? fixed(net.own_head_cells->f1, 3) : "–"));
      }
      table.rows.push_back(std::move(row));
    }
  return html_of(table);
}

std::string both_schemes(const ReportInput& report) {
  bool optimistic = false, honest = false;
  for (const auto& variant : report.variants)
    if (!variant.evaluation.sets.empty()) (variant.evaluation.split.optimistic ? optimistic : honest) = true;
  if (!optimistic) return {};
  return html_paragraph(
      std::string(
          "Where cells were dealt at random, cells of one donor are on both sides, and a model that knows the donor looks as good "
          "as one that knows the disease.") +
          (honest
               ? " Where donors were held out it is asked about people it has never seen: the difference between the two is what "
                 "the model knows about these people, not about the disease."
               : " No variant here holds donors out: nothing is shown about new people."),
      "soft");
}

std::string pairs_table(const ReportInput& report) {
  const auto pairs = zero_shot_pairs(report);
  if (pairs.empty()) return {};
  Table table{.caption = "Taught other cells (zero-shot) and taught these cells (direct), asked about the same test cells",
              .banner = banner_of(report),
              .columns = {"set", "zero-shot", "accuracy", "direct", "accuracy,\ntraining cells", "accuracy", "direct −\nzero-shot",
                          "95 % interval"},
              .css = "compare"};
  const auto accuracy = [&](std::size_t v, const std::string& set) {
    const auto& sets = report.variants[v].evaluation.sets;
    return fixed(std::ranges::find(sets, set, &SetResult::name)->models.front().cells.accuracy, 3);
  };
  std::vector<std::string> without;
  for (const auto& pair : pairs) {
    if (!pair.interval)
      without.push_back(pair.set + ", " + report.variants[pair.direct].evaluation.name + ": no interval, " + pair.why_not + ".");
    table.rows.push_back({Cell(pair.set), Cell(report.variants[pair.zero_shot].evaluation.name),
                          number_cell(accuracy(pair.zero_shot, pair.set)), Cell(report.variants[pair.direct].evaluation.name),
                          number_cell(train_accuracy(report.variants[pair.direct])), number_cell(accuracy(pair.direct, pair.set)),
                          number_cell(pair.difference ? fixed(*pair.difference, 3) : "–"),
                          Cell(pair.interval ? fixed(pair.interval->low, 3) + " to " + fixed(pair.interval->high, 3) : "–")});
  }
  return "<h3>Zero-shot beside direct</h3>\n" + html_of(table) + html_list(without) +
         html_paragraph("Intervals are of drawing whole " + plural_of(report.unit_noun) +
                            " with replacement; both models are asked about the same cells of the same ones.",
                        "soft");
}

}  // namespace

std::string lineage_section(PageState& state) {
  const ReportInput& report = state.input.report;
  if (std::ranges::none_of(report.variants, [](const ReportVariant& v) { return !v.evaluation.sets.empty(); })) return {};
  return "<h2>Named sets of cells</h2>\n" + all_sets(report) + both_schemes(report) + pairs_table(report) +
         html_of(state, state.input.lineage);
}

std::string sets_table(const Evaluation& e, const std::string& unit_noun) {
  if (e.sets.empty()) return {};
  Table table{.caption = "Named sets of test cells: the net and simple models",
              .banner = banner_of(e),
              .columns = {"set", "cells", plural_of(unit_noun), "model", "accuracy\nof cells", "weighted F1\nof cells",
                          "accuracy of\n" + plural_of(unit_noun), "95 % interval"},
              .css = "evidence"};
  std::vector<std::string> notes;
  std::set<std::string> why_not;
  for (const auto& set : e.sets) {
    if (!set.missing.empty()) notes.push_back("The set '" + set.name + "' has no cell of " + listed(set.missing) + ".");
    for (const auto& model : set.models) {
      const bool first = &model == &set.models.front();
      const auto measured =
          std::ranges::find_if(model.metrics, [](const MeasuredMetric& m) { return m.metric == "accuracy" && m.over_units; });
      Cell interval("–");
      if (measured != model.metrics.end() && measured->interval) {
        interval = Cell(fixed(measured->interval->low, 3) + " to " + fixed(measured->interval->high, 3));
      } else if (measured != model.metrics.end()) {
        why_not.insert(measured->why_not);
      }
      table.rows.push_back({Cell(first ? set.name : ""), first ? count_cell(set.n_cells) : Cell(""),
                            first ? count_cell(set.n_units) : Cell(""), Cell(first ? "the net" : model.name),
                            number_cell(fixed(model.cells.accuracy, 3)), number_cell(fixed(model.cells.weighted_f1, 3)),
                            number_cell(fixed(model.units.accuracy, 3)), std::move(interval)});
    }
  }
  for (const auto& reason : why_not) notes.push_back("No interval: " + reason + ".");
  std::string out = "<h3>Named sets of cells</h3>\n" + html_of(table) + html_list(notes);
  if (e.reconstruction.empty()) return out;
  Table encoder{.caption = "How well the autoencoder gives cells back that it was not fitted on",
                .columns = {"set", "cells", "R²", "median R²\nof a gene", "median R²\nof a cell", "mean squared\nerror"},
                .css = "evidence"};
  for (const auto& r : e.reconstruction)
    encoder.rows.push_back({Cell(r.set), count_cell(r.n_cells), number_cell(fixed(r.r2, 3)),
                            number_cell(fixed(r.median_r2_of_gene, 3)), number_cell(fixed(r.median_r2_of_cell, 3)),
                            number_cell(fixed(r.mse, 4))});
  return out + html_of(encoder);
}

}  // namespace cellverdict
