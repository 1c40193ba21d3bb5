#pragma once
// Named sets of cells beside one another: what a model that was taught one kind of cell says of others (Bo, Gu & Sun, Tables 1 and
// 2, Figure 2), and beside it the same model taught those cells themselves. Everything is derived from the settings of the
// variants, never from the order in which they were run.

#include <cellverdict/report/figures.h>
#include <cellverdict/report/report.h>

#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// Two variants alike in all settings but [split] where: one taught other cells than those of a set, one taught exactly these.
struct ZeroShotPair {
  std::string set;
  std::size_t zero_shot = 0, direct = 0;  // variants of the report
  // Direct minus zero-shot: share of the set's cells called right, on the same test cells.
  std::optional<double> difference;
  std::optional<Interval> interval;  // whole units drawn
  std::string why_not;               // a clause, where there is no interval
};
std::vector<ZeroShotPair> zero_shot_pairs(const ReportInput& report);

// A line a variant and set; the second: a line a pair. Empty where no variant has sets.
std::string lineage_table_tsv(const ReportInput& report);
std::string zero_shot_tsv(const ReportInput& report);

// Of one variant: accuracy by epoch on training cells and every set, and the map of latents by type and by label.
std::vector<Figure> set_figures(const ReportVariant& variant);
// Of all: loss by epoch of variants that differ in dropout alone; the score against every other setting in which variants differ.
std::vector<Figure> lineage_figures(const ReportInput& report);

}  // namespace cellverdict
