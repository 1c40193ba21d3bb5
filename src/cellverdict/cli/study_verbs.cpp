// run, prepare, train, evaluate: the same path, to different ends. report: its last step alone.

#include <cellverdict/cli/study_result.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/study.h>

namespace cellverdict {

namespace {

void study_verb(const std::string& verb, const std::string& one_line, const std::vector<std::string>& examples, Stage last,
                const std::vector<std::string>& words) {
  std::string file, out, variant, seeds;
  bool dump = false, no_pictures = false;
  StudyRequest request{.last = last};
  CommonOptions common;
  Arguments arguments(verb, one_line, examples);
  arguments.positional("EXPERIMENT", file, "an experiment file (TOML)");
  arguments.option("--out,-o", out, "run folder (default: runs/<name of the file>)");
  arguments.option("--variant", variant, "one [[variant]] by name (default: all)");
  arguments.option("--set", request.experiment.sets, "section.key=value over the file's; may be given again");
  if (last >= Stage::train)
    arguments.option("--seeds", seeds, "train the net so often, each time with another seed (as --set train.seeds=N)");
  if (last >= Stage::train) arguments.flag("--resume", request.resume, "go on from the checkpoint of an interrupted training");
  if (last == Stage::report) arguments.flag("--no-pictures", no_pictures, "no PNG and SVG beside the report");
  arguments.flag("--dump-config", dump, "print the effective configuration and stop");
  add_common_options(arguments, common);
  arguments.parse(words);

  const RunContext context = make_context(verb, common);
  const Stopwatch watch;
  if (!common.seed.empty()) request.experiment.sets.push_back("train.seed=" + common.seed);
  if (!seeds.empty()) request.experiment.sets.push_back("train.seeds=" + seeds);
  request.experiment.file = file;
  request.experiment.variant = variant;
  if (dump) {
    std::string text;
    for (const auto& experiment : read_experiments(request.experiment))
      text += (experiment.name.empty() ? "" : "# variant: " + experiment.name + "\n") + experiment_to_toml(experiment) + "\n";
    return print_result(text);
  }
  request.out = out.empty() ? std::filesystem::path("runs") / request.experiment.file.stem() : std::filesystem::path(out);
  request.pictures = !no_pictures;
  request.command = "cellverdict " + verb;
  for (const auto& word : words)
    request.command += " " + (word.find_first_of(" '\"*$") == std::string::npos ? word : "'" + word + "'");
  const StudyResult result = run_study(context, request);
  print_result(common.json ? study_as_json(result) : study_as_text(result));
  log_resources(context, watch);
}

}  // namespace

void run_verb(const std::vector<std::string>& words) {
  study_verb(
      "run",
      "From an experiment file to a report: prepare, train, evaluate, report. Stages whose inputs did not change are skipped.\n"
      "The run folder then holds report.html and run.json; for each variant model/, predictions.tsv (a line a test cell), "
      "units.tsv\n"
      "(a line a held-out unit), split.tsv (who was on which side) and evaluation.json; and store/, the counts, as .h5ad files.\n"
      "Every key of the experiment file: `cellverdict help experiment`.",
      {"cellverdict run recipes/demo.toml", "cellverdict run my.toml --variant all --out runs/mine",
       "cellverdict run my.toml --set train.learning_rate=1e-4 --seed 7"},
      Stage::report, words);
}
void prepare_verb(const std::vector<std::string>& words) {
  study_verb("prepare",
             "The first stage alone: read the files, keep the cells that pass quality control, write their counts into the run "
             "folder, and\n"
             "show who would be training, validation and test. Nothing is learned. Interrupted, the same command goes on with the\n"
             "files not yet done; with files more or fewer, those that it has read are not read again.",
             {"cellverdict prepare my.toml"}, Stage::prepare, words);
}
void train_verb(const std::vector<std::string>& words) {
  study_verb(
      "train",
      "Up to the trained model: prepare where needed, then choose genes, scale them and fit the net on the training side alone.\n"
      "Ctrl-C keeps the finished epochs; the same command with --resume goes on from there.",
      {"cellverdict train my.toml", "cellverdict train my.toml --resume"}, Stage::train, words);
}
void evaluate_verb(const std::vector<std::string>& words) {
  study_verb("evaluate", "Up to the numbers: prepare and train where needed, then open the held-out test side. No report is drawn.",
             {"cellverdict evaluate my.toml --json"}, Stage::evaluate, words);
}

void report_verb(const std::vector<std::string>& words) {
  std::vector<std::string> runs;
  std::string out;
  bool no_pictures = false;
  CommonOptions common;
  Arguments arguments(
      "report",
      "Draw the report of a finished run anew from the files in its folder. Nothing is computed again.\n"
      "Of several runs: one report with all their variants side by side. Variants with the same units on the same sides are\n"
      "compared, the difference with a paired interval over units where these are enough; comparison.tsv has the numbers.",
      {"cellverdict report runs/demo", "cellverdict report runs/small runs/large --out runs/both"});
  arguments.positional("RUN", runs, "folders that `cellverdict run` or `evaluate` wrote");
  arguments.option("--out,-o", out, "folder for the report (default: that of the one run)");
  arguments.flag("--no-pictures", no_pictures, "no PNG and SVG beside the report");
  add_common_options(arguments, common);
  arguments.parse(words);
  const RunContext context = make_context("report", common);
  const StudyResult result = report_runs(context, {.runs = {runs.begin(), runs.end()}, .out = out, .pictures = !no_pictures});
  print_result(common.json ? study_as_json(result) : study_as_text(result));
}

}  // namespace cellverdict
