// The whole path, read downwards: experiment → store → split → model → evaluation → report.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/report/ablation.h>
#include <cellverdict/run/run_record.h>
#include <cellverdict/run/stages.h>
#include <cellverdict/run/study.h>

#include <cctype>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// "day-matched t19 v0" → "day-matched-t19-v0".
std::string folder_name(const std::string& variant) {
  std::string name;
  for (const char c : variant) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    if (plain) name += c;
    if (!plain && !name.empty() && name.back() != '-') name += '-';
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() || name[0] == '.' ? "variant" + name : name;
}

std::vector<VariantRun> plan_variants(const StudyRequest& request) {
  std::vector<VariantRun> variants;
  std::set<std::string> folders = {"store", kPartsFolder, "figures"};
  for (auto& experiment : read_experiments(request.experiment)) {
    const std::string name = experiment.name.empty() ? "" : folder_name(experiment.name);
    if (!name.empty() && !folders.insert(name).second)
      throw UsageError({.where = "[[variant]] name = '" + experiment.name + "'",
                        .found = "a folder name '" + name + "' that is taken",
                        .expected = "names that differ in letters and digits",
                        .advice = "rename one variant"});
    variants.push_back(
        {.experiment = std::move(experiment), .run = request.out, .folder = name.empty() ? request.out : request.out / name});
  }
  return variants;
}

void gather_seeds(const std::vector<VariantRun>& variants, std::vector<Evaluation> evaluations, StudyResult& result) {
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const Experiment& e = variants[v].experiment;
    const SeedResult seed = seed_result(evaluations[v], with_net_seed(e.train).seed);
    if (e.is_repeat) {
      result.seeds.back().second.push_back(seed);
      continue;
    }
    result.seeds.push_back({evaluations[v].name, {seed}});
    result.evaluations.push_back(std::move(evaluations[v]));
  }
  std::erase_if(result.seeds, [](const auto& of) { return of.second.size() < 2; });
}

}  // namespace

StudyResult run_study(const RunContext& outer, const StudyRequest& request) {
  StudyResult result;
  auto variants = plan_variants(request);
  {
    const AtomicPath probe(request.out / "run.json");  // can anything be written there? Asked before hours of reading.
  }
  StudySoFar study{.out = request.out};
  std::vector<Evaluation> evaluations;
  for (auto& variant : variants) {
    RunContext context = outer;
    context.seed = variant.experiment.train.seed;
    if (!variant.experiment.name.empty()) context.log("— " + variant.experiment.name);

    prepare_store(context, variant, study);
    std::vector<FoldRun> folds = split_cohort(context, variant, request.last);
    if (!variant.experiment.is_repeat) {
      result.split_tables.push_back(table_of(folds));
      result.splits.push_back(summary_of(folds));
      context.log("split     " + result.splits.back().scheme + "\n" + result.split_tables.back());
    }
    if (request.last >= Stage::train)
      for (auto& fold : folds) train_model(context, variant, fold, request.resume);
    if (request.last >= Stage::evaluate) evaluations.push_back(evaluate_model(context, variant, folds));
    study.done.push_back(std::move(variant));
  }
  if (request.last < Stage::evaluate) return result;

  write_run_record(outer, request, study.done, evaluations);
  gather_seeds(study.done, std::move(evaluations), result);
  if (request.last == Stage::report) {
    StudyResult report = report_run(outer, request.out, request.pictures);
    result.report = report.report;
    result.note = report.note;
  }
  return result;
}

}  // namespace cellverdict
