#pragma once
// The whole path from files to report, stage by stage; a stage whose inputs did not change is skipped.

#include <cellverdict/base/run_context.h>
#include <cellverdict/report/report.h>
#include <cellverdict/run/experiment.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

enum class Stage { prepare, train, evaluate, report };

struct StudyRequest {
  ExperimentRequest experiment;
  std::filesystem::path out;   // the run folder
  Stage last = Stage::report;  // go so far
  bool resume = false;         // continue an interrupted training from its checkpoint
  bool pictures = true;        // PNG and SVG beside the interactive report
  std::string command;         // as typed, for run.json
};

struct StudyResult {
  std::vector<std::string> split_tables;  // one per variant
  std::vector<SplitSummary> splits;       // the same, as data
  std::vector<Evaluation> evaluations;    // when that far
  std::filesystem::path report;           // when that far
  std::string note;                       // of the report
  // Of variants that were trained with several seeds of the net: name and each seed's result. Only the first one's is among the
  // evaluations.
  std::vector<std::pair<std::string, std::vector<SeedResult>>> seeds;
};

// Writes into request.out:
//   run.json                     command, versions, seeds, hashes, cells at each stage, results
//   store/                       counts, once for all variants that agree on them (others: store-<key>/)
//   [<variant>/]experiment.toml  the effective configuration
//   [<variant>/]split.tsv, model/, predictions.tsv, units.tsv, evaluation.json, figures/
//   report.html
StudyResult run_study(const RunContext& context, const StudyRequest& request);

// Draws the report of a run folder anew from its files.
StudyResult report_run(const RunContext& context, const std::filesystem::path& run, bool pictures);

struct ReportRequest {
  std::vector<std::filesystem::path> runs;
  std::filesystem::path out;  // gets report.html, comparison.tsv and the figures; empty: the one run's own folder
  bool pictures = true;
};
// One report of the variants of several runs, side by side. Throws UsageError for several runs without a folder of their own,
// DataError for runs of different labels or units, InputError for a folder that is no finished run.
StudyResult report_runs(const RunContext& context, const ReportRequest& request);

}  // namespace cellverdict
