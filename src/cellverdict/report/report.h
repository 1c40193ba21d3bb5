#pragma once
// The page a clinician-scientist reads: one offline HTML for a run, figures as PNG, SVG and Vega-Lite specs beside it.

#include <cellverdict/base/run_context.h>
#include <cellverdict/evaluate/evaluation.h>
#include <cellverdict/table/quality_summary.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

// A key of the experiment file and its value, as a person would write them: "model.width", "512".
using ModelSetting = std::pair<std::string, std::string>;

// What [sweep] tried and how it was ranked on the validation side; nothing here comes from the test side.
struct SweepResult {
  std::string monitor;            // "validation.auc"
  std::string mode;               // "grid", "one-at-a-time"
  std::vector<std::string> keys;  // that were varied
  std::vector<std::string> own;   // [keys] what the file itself has
  struct Candidate {
    std::string name;
    std::vector<std::string> values;  // [keys]
    std::vector<double> scores;       // one a fold
    std::vector<int> best_epoch, epochs;
    int n_chosen = 0;  // in so many folds
  };
  std::vector<Candidate> candidates;  // in the order of the file; none: no sweep
};

// Over units, of one training of a variant.
struct SeedResult {
  std::uint64_t seed = 0;  // of the net
  double weighted_f1 = 0, accuracy = 0;
  std::optional<double> auc;
};

// What a stage took when it last ran.
struct StageResources {
  std::string stage;  // "prepare", "train", "evaluate"
  double seconds = 0, cpu_seconds = 0;
  std::int64_t peak_bytes = 0;  // of the program, up to its end
  int threads = 0;
};

struct ReportVariant {
  Evaluation evaluation;
  LearningCurve curve;
  CohortFlow flow;
  QualitySummary quality;               // without units: not known, not drawn
  std::vector<std::string> genes_note;  // "5,000 genes, 4,812 in at least 10 training cells, 1,000 kept by variance"
  std::vector<ModelSetting> settings;   // what its model was made with; by them variants are paired
  SweepResult sweep;
  // The net and how it learned, hashes of its files: name → value.
  std::vector<std::pair<std::string, std::string>> model = {};
  std::vector<SeedResult> seeds = {};  // of its own training and those repeated with other seeds; none: not known
  std::vector<StageResources> resources = {};
  std::filesystem::path figures;  // folder for this variant's figures; empty: a folder of its own under the report's
};

struct ReportInput {
  std::string title;
  std::string question;                  // "Can Patient be told from Control in libraries the model has never seen?"
  std::string unit_noun = "unit";        // what a unit is in this study: "library", "donor"
  std::vector<std::string> first_lines;  // before any number; those of the evaluations are added when they are not among them
  std::vector<ReportVariant> variants;
  std::vector<std::pair<std::string, std::string>> provenance;  // command, versions, seed, hashes: name → value
  std::string experiment;                                       // the effective experiment file
};

struct ReportOptions {
  bool pictures = true;  // PNG and SVG, through the interpreter with vl-convert
};

struct ReportResult {
  std::filesystem::path html;
  std::filesystem::path card;                   // model-card.md beside it
  std::vector<std::filesystem::path> specs;     // NAME.vl.json of every figure
  std::filesystem::path comparison;             // comparison.tsv; empty for a single variant
  std::filesystem::path ablation;               // ablation.tsv; empty where nothing was trained with several seeds
  std::vector<std::filesystem::path> pictures;  // NAME.png and NAME.svg beside them
  std::string note;                             // why there are no pictures, when there are none
};

// Writes `folder`/report.html, for several variants comparison.tsv, and the figures (of all variants: `folder`/figures). The HTML
// needs no network and is written even without the interpreter. Environment: CELLVERDICT_PYTHON (the interpreter that draws the
// pictures) and CELLVERDICT_SHARE (the folder with render_figures.py and figures.js) take the place of those of the build. Throws
// InputError when a file cannot be written.
ReportResult write_report(const RunContext& context, const ReportInput& input, const std::filesystem::path& folder,
                          const ReportOptions& options);

}  // namespace cellverdict
