// What the run took: seconds of each stage and the most memory, a line a variant.

#include <cellverdict/report/html.h>
#include <cellverdict/report/page.h>
#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

namespace {

// "1,200 MB".
std::string megabytes(std::int64_t bytes) {
  return with_commas(bytes / 1000000) + " MB";
}

}  // namespace

std::string resources_section(const ReportInput& report) {
  if (std::ranges::all_of(report.variants, [](const auto& variant) { return variant.resources.empty(); })) return {};
  Table table{.caption = "Seconds of each stage (CPU seconds below), and the most memory of the program until its end",
              .columns = {"variant", "prepare", "train", "evaluate", "peak memory", "threads"},
              .css = "evidence"};
  for (const auto& variant : report.variants) {
    std::vector<Cell> row = {variant.evaluation.name};
    std::int64_t peak = 0;
    int threads = 0;
    for (const char* stage : {"prepare", "train", "evaluate"}) {
      const auto found = std::ranges::find(variant.resources, stage, &StageResources::stage);
      if (found == variant.resources.end()) {
        row.push_back(number_cell(""));
        continue;
      }
      Cell cell = number_cell(fixed(found->seconds, 1));
      cell.note = fixed(found->cpu_seconds, 1);
      row.push_back(std::move(cell));
      peak = std::max(peak, found->peak_bytes);
      threads = std::max(threads, found->threads);
    }
    row.push_back(number_cell(peak > 0 ? megabytes(peak) : ""));
    row.push_back(number_cell(threads > 0 ? std::to_string(threads) : ""));
    table.rows.push_back(std::move(row));
  }
  return "<h3>What it took</h3>\n" + html_of(table) +
         html_paragraph(
             "Of each stage as it last ran; several folds are added up. A variant without a number under prepare uses the counts "
             "that "
             "an earlier one prepared. Variants run one after the other in one program, so a later one's memory is never below an "
             "earlier one's. Training and evaluating read counts in place from disk: pages of files count as memory here.",
             "soft");
}

}  // namespace cellverdict
