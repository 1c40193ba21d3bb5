#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/evaluate/baselines.h>
#include <cellverdict/evaluate/confounding.h>
#include <cellverdict/evaluate/decision.h>
#include <cellverdict/evaluate/named_sets.h>
#include <cellverdict/prepare/store_outline.h>
#include <cellverdict/prepare/unit_embedding.h>
#include <cellverdict/run/asked_sets.h>
#include <cellverdict/run/autoencoder_stage.h>
#include <cellverdict/run/latent_files.h>
#include <cellverdict/run/metrics_table.h>
#include <cellverdict/run/opened_fold.h>
#include <cellverdict/run/patients_file.h>
#include <cellverdict/run/permutation.h>
#include <cellverdict/run/predicted_side.h>
#include <cellverdict/run/prediction_table.h>
#include <cellverdict/run/stage_keys.h>
#include <cellverdict/run/stage_resources.h>
#include <cellverdict/run/stages.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSetsFile = "sets.tsv";
constexpr const char* kCurvesFile = "curves.tsv";

// Where the store of this key is or may be put.
fs::path place_of_store(const StudySoFar& study, const std::string& key) {
  for (const auto& variant : study.done)
    if (variant.store_key == key) return variant.store;
  // A store of another key may be that of a variant which is not run now.
  const fs::path first = study.out / "store";
  const bool free = !fs::exists(first / "store.json") || is_of_other_format(first) || read_store_index(first).key == key;
  return free && study.done.empty() ? first : study.out / ("store-" + key.substr(0, 8));
}

// The effective configuration, its relative paths as seen from the folder it is saved in.
std::string saved_experiment(const VariantRun& variant) {
  Experiment saved = variant.experiment;
  const auto seen_from_there = [&](const std::string& path) {
    if (fs::path(path).is_absolute()) return path;
    return fs::absolute(saved.base / path)
        .lexically_normal()
        .lexically_proximate(fs::absolute(variant.folder).lexically_normal())
        .string();
  };
  if (!saved.data.sources.empty()) saved.data.sources = seen_from_there(saved.data.sources);
  for (std::string* table : {&saved.data.gene_map, &saved.data.panel, &saved.data.harmonise, &saved.data.annotations})
    if (!table->empty()) *table = seen_from_there(*table);
  for (auto& file : saved.data.files) file = seen_from_there(file);
  for (std::string* folder : {&saved.model.bert.checkpoint, &saved.model.bert.dictionary})
    if (!folder->empty()) *folder = seen_from_there(*folder);
  return experiment_to_toml(saved);
}

bool store_is_there(const fs::path& folder, const std::string& key) {
  if (!fs::exists(folder / "store.json") || is_of_other_format(folder)) return false;
  const StoreIndex index = read_store_index(folder);
  return index.key == key && fs::exists(folder / "statistics.h5ad") &&
         std::all_of(index.shards.begin(), index.shards.end(), [&](const auto& shard) { return fs::exists(folder / shard); });
}

// All stores of the run folder, whatever variant they were made for: the new one may have sources in common with any.
StorePlace place_for(const fs::path& out, const fs::path& store) {
  StorePlace place{.folder = store, .parts = out / kPartsFolder, .earlier = {}};
  std::error_code not_there_yet;
  for (fs::directory_iterator it(out, not_there_yet), end; !not_there_yet && it != end; it.increment(not_there_yet))
    if (it->path().filename().string().starts_with("store") && fs::exists(it->path() / "store.json"))
      place.earlier.push_back(it->path());
  return place;
}

}  // namespace

// What was made from another configuration must not stand beside this one's.
void forget_results(const VariantRun& variant) {
  for (const char* name : {"evaluation.json", "predictions.tsv", "units.tsv", "metrics.tsv", "folds.tsv", kSetsFile, kCurvesFile,
                           kPatientsFile, kLatentFile, kReconstructionFile, "figures"})
    fs::remove_all(variant.folder / name);
  fs::remove(variant.run / "report.html");
}

void prepare_store(const RunContext& context, VariantRun& variant, StudySoFar& study) {
  const StoreRequest request{
      .data = variant.experiment.data, .prepare = variant.experiment.prepare, .base = variant.experiment.base};
  variant.store = study.out / "store";
  // The first store of a folder need not know its key before it is written.
  if (!study.done.empty() || fs::exists(variant.store / "store.json")) {
    variant.store_key = make_store_key(context, request, input_files(context, request), study.digests).key;
    variant.store = place_of_store(study, variant.store_key);
    const bool made_before =
        std::any_of(study.done.begin(), study.done.end(), [&](const auto& other) { return other.store_key == variant.store_key; });
    if (store_is_there(variant.store, variant.store_key)) {
      if (!made_before) context.log("prepare   up to date: " + variant.store.string());
      return;
    }
  }
  const Stopwatch watch;
  const StageMeter meter;
  if (is_of_other_format(variant.store))
    context.log("prepare   " + variant.store.string() + " is in the format of another version and is made anew");
  const StoreIndex index = write_store(context, request, place_for(study.out, variant.store), study.digests);
  variant.store_key = index.key;
  meter.note(variant.folder, "prepare", context.threads);
  std::int64_t before = 0, after = 0;
  for (const auto n : index.flow.n_cells.front()) before += n;
  for (const auto n : index.flow.n_cells.back()) after += n;
  context.log(fmt::format("prepare   {} cells of {} in {} units kept  {:.1f} s", with_commas(after), with_commas(before),
                          index.flow.units.size(), watch.seconds()));
}

// A unit whose cells all failed quality control is unknown to the cohort: say so before the split calls it a misspelling.
static void refuse_emptied_units(const VariantRun& variant) {
  const SplitOptions& split = variant.experiment.split;
  if (split.scheme != "lists" || (!split.by.empty() && split.by != variant.experiment.data.unit)) return;
  const StoreIndex index = read_store_index(variant.store);
  for (const auto& [side, values] :
       {std::pair("train", &split.train), std::pair("validation", &split.validation), std::pair("test", &split.test)})
    for (const auto& value : *values) {
      const auto unit = std::find(index.flow.units.begin(), index.flow.units.end(), value) - index.flow.units.begin();
      if (unit == std::ssize(index.flow.units) || index.flow.n_cells.back()[unit] > 0) continue;
      throw DataError({.where = "[split] " + std::string(side),
                       .found = "'" + value + "', of which no cell is left by [data] where and quality control",
                       .expected = "units with cells",
                       .advice = "loosen [data] where or the limits in [prepare], or take the unit off the list"});
    }
}

std::vector<Split> make_splits(const RunContext& context, const std::shared_ptr<const Cohort>& cohort,
                               const Experiment& experiment) {
  if (experiment.cv.scheme != "none") return make_folds(context, cohort, experiment.split, experiment.cv);
  return {Split::make(context, cohort, experiment.split)};
}

// Cells alike in these are alike for the split and what is said of it; nothing where single cells are dealt or chosen.
static std::optional<std::vector<std::string>> columns_of_split(const Experiment& e) {
  if (!e.split.where.empty() || !e.evaluate.sets.empty()) return std::nullopt;  // expressions over any columns
  if (e.cv.scheme == "k-fold" || (e.cv.scheme == "none" && e.split.scheme == "random-cells")) return std::nullopt;
  std::vector<std::string> columns = e.evaluate.covariates;
  columns.push_back(e.cv.scheme == "none" ? e.split.by : e.cv.by);
  for (const auto& head : e.model.heads) columns.push_back(head.label);
  return columns;
}

static Cohort cohort_for(const VariantRun& variant, Stage last) {
  const DataOptions& data = variant.experiment.data;
  if (const auto columns = columns_of_split(variant.experiment); last == Stage::prepare && columns)
    if (auto outline = read_store_outline(variant.store, data, *columns)) return *std::move(outline);
  return read_store(variant.store, data);
}

static std::vector<FoldRun> make_fold_runs(const RunContext& context, const VariantRun& variant, Stage last) {
  const auto cohort = std::make_shared<const Cohort>(cohort_for(variant, last));
  std::vector<FoldRun> folds;
  for (auto& split : make_splits(context, cohort, variant.experiment)) {
    const fs::path folder =
        split.summary().fold == 0 ? variant.folder : variant.folder / ("fold-" + std::to_string(split.summary().fold));
    folds.push_back({.folder = folder, .split = std::move(split), .cohort = cohort, .train_key = {}});
  }
  return folds;
}

static std::string split_as_tsv(const SplitSummary& summary) {
  std::string tsv = "side\tunit\tdonor\tlabel\tstratum\tn_cells\n";
  for (const auto& unit : summary.units)
    tsv += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", side_name(unit.side), unit.unit, donors_in_words(unit), unit.label, unit.stratum,
                       unit.n_cells);
  return tsv;
}

SplitSummary summary_of(const std::vector<FoldRun>& folds) {
  if (folds.size() == 1) return folds[0].split.summary();
  std::vector<Split> splits;
  for (const auto& fold : folds) splits.push_back(fold.split);
  return summary_of_folds(splits);
}

std::string table_of(const std::vector<FoldRun>& folds) {
  if (folds.size() == 1) return split_table(folds[0].split.summary());
  std::string text;
  for (const auto& fold : folds) {
    const SplitSummary& split = fold.split.summary();
    text += fmt::format("fold {} of {}{}\n", split.fold, split.n_folds,
                        split.held_out.empty() ? "" : ": " + split.by + " " + split.held_out);
    text += split_table(split);
  }
  return text;
}

// One split leaves no folds of an earlier cross-validation beside it, and the other way round.
static void forget_other_models(const fs::path& folder, bool folded) {
  if (folded) fs::remove_all(folder / "model");
  for (std::size_t n = 1; !folded && fs::exists(folder / ("fold-" + std::to_string(n))); ++n)
    fs::remove_all(folder / ("fold-" + std::to_string(n)));
}

static bool asks_for_embedding(const EvaluateOptions& options) {
  return !options.embedding.empty() && std::ranges::find(options.baselines, "embedding") != options.baselines.end();
}

static EmbeddingRequest embedding_request(const VariantRun& variant) {
  return {.data = variant.experiment.data,
          .base = variant.experiment.base,
          .store = variant.store,
          .name = variant.experiment.evaluate.embedding};
}

std::vector<FoldRun> split_cohort(const RunContext& context, VariantRun& variant, Stage last) {
  refuse_emptied_units(variant);
  std::vector<FoldRun> folds = make_fold_runs(context, variant, last);
  const Split& split = folds.front().split;
  if (variant.experiment.evaluate.threshold == "validation") refuse_threshold_choice(split.summary().classes);
  // Misspelt columns are found here, not after the training.
  for (const auto& name : variant.experiment.evaluate.covariates) split.values(name, "[evaluate] covariates");
  const Frame& obs = folds.front().cohort->table->obs();
  for (const auto& name : variant.experiment.evaluate.subgroups) obs.column(name, "[evaluate] subgroups");
  for (const auto& name : variant.experiment.evaluate.same_as_label) obs.column(name, "[evaluate] same_as_label");
  if (const auto& type = variant.experiment.evaluate.cell_type; !type.empty()) obs.column(type, "[evaluate] cell_type");
  for (const auto& set : variant.experiment.evaluate.sets) static_cast<void>(split.test(set.where));
  number_of_normal(variant.experiment.evaluate.normal, folds.front().cohort->classes, variant.experiment.data.label);
  static_cast<void>(classes_of_heads(split, variant.experiment.model));
  if (asks_for_embedding(variant.experiment.evaluate)) check_embedding(context, embedding_request(variant));
  const fs::path saved = variant.folder / "experiment.toml";
  const std::string experiment = saved_experiment(variant);
  if (fs::exists(saved) && read_file(saved) != experiment) forget_results(variant);
  forget_other_models(variant.folder, folds.size() > 1);
  const SplitSummary summary = summary_of(folds);
  write_file(variant.folder / "split.tsv", split_as_tsv(summary));
  if (folds.size() > 1)
    for (const auto& fold : folds) write_file(fold.folder / "split.tsv", split_as_tsv(fold.split.summary()));
  write_file(saved, experiment);
  for (const auto& note : summary.notes)
    if (note.starts_with(kNarrowed)) {
      context.log("note      " + note);
    } else {
      context.warn(note);
    }
  // Before hours of training, not after.
  variant.confounding = audit_confounding(*folds.front().cohort, variant.experiment.evaluate.same_as_label);
  for (const auto& row : variant.confounding)
    if (!row.warning.empty()) context.warn(row.warning);
  return folds;
}

// The net's, for the units of the simple models.
static UnitSampling sampling_of(const Experiment& e) {
  if (e.model.kind != "bag" || e.model.bag.balance == "none") return {};
  return {.balance = {.kind = e.model.bag.balance, .as_published_code = e.model.bag.as_published_code},
          .tissue = e.model.bag.balance.ends_with("tissue") ? e.model.bag.tissue : "",
          .class_weights = e.train.class_weights == "balanced" ? ClassWeights::balanced : ClassWeights::equal};
}

// What simple models say of the fold's test cells, behind what they said of earlier folds'.
static void ask_baselines(const RunContext& context, const Experiment& experiment, const UnitEmbedding* embedding,
                          const OpenedFold& fold, EvaluateInput& input) {
  const ModelCard& card = fold.classifier.card();
  const EvaluateOptions& options = experiment.evaluate;
  const TrainView train = fold.run.split.train();
  const TestView test = fold.run.split.test();
  const auto of_cells = fold.of_cells_where(experiment.split.where);
  std::vector<std::string> extra_heads;
  for (std::size_t h = 1; h < card.heads.size(); ++h) extra_heads.push_back(card.heads[h].label);
  const std::string cell_type = !options.cell_type.empty() ? options.cell_type : test.has_column("cell_type") ? "cell_type" : "";
  BaselineRequest request{
      .context = context,
      .train = train,
      .asked = test,
      .preparation = fold.preparation,
      .covariates = covariates_of({input.split, extra_heads, test.roles(), input.confounding}, options),
      .cell_type = cell_type,
      .k_means_types = options.types,
      .embedding = embedding,
      .classifiers = options.classifiers,
      .classifier = {.neighbours = options.neighbours, .mlp_width = options.mlp_width, .mlp_penalty = options.mlp_penalty},
      .sampling = sampling_of(experiment),
      .made = &of_cells};
  if (fold.latents.n > 0) request.latents = &fold.latents;
  for (auto& baseline : predict_baselines(request, options.baselines)) {
    auto known = std::find_if(input.rivals.begin(), input.rivals.end(),
                              [&](const RivalInput& rival) { return rival.name == baseline.name; });
    if (known == input.rivals.end()) known = input.rivals.insert(known, {baseline.name, baseline.how, {}});
    known->probability.insert(known->probability.end(), baseline.probability.begin(), baseline.probability.end());
  }
}

// How far apart the answers to several drawings of cells lie, for the scores of each.
static void add_draws(const ModelCard& card, BagDraws draws, EvaluateInput& input) {
  input.samplings.n_drawings = std::ssize(draws.probability);
  input.samplings.cells = card.model.bag.cells;
  input.samplings.n_more += draws.n_more;
  input.folds.back().draws = {.unit = std::move(draws.unit), .probability = std::move(draws.probability)};
}

Evaluation evaluate_model(const RunContext& context, VariantRun& variant, const std::vector<FoldRun>& folds) {
  std::string keys;
  for (const auto& fold : folds) keys += fold.train_key;
  variant.train_key = folds.size() == 1 ? keys : sha256(keys);
  if (folds.size() > 1) write_stage_key(variant.folder, "train", variant.train_key);
  const std::string key =
      sha256(variant.train_key + variant.experiment.name + Value{evaluate_options().write(variant.experiment.evaluate), {}}.text());
  const fs::path file = variant.folder / "evaluation.json";
  if (read_stage_key(variant.folder, "evaluate") == key && fs::exists(file) && fs::exists(variant.folder / "predictions.tsv") &&
      fs::exists(variant.folder / "units.tsv")) {
    context.log("evaluate  up to date: " + file.string());
    return evaluation_from_json(read_file(file), file.string());
  }
  const Stopwatch watch;
  const StageMeter meter;
  const SplitSummary summary = summary_of(folds);
  EvaluateInput input{.name = variant.experiment.name.empty() ? "result" : variant.experiment.name,
                      .split = summary,
                      .confounding = variant.confounding,
                      .seed = context.seed,
                      .threads = context.threads};
  std::optional<UnitEmbedding> embedding;
  if (asks_for_embedding(variant.experiment.evaluate))
    embedding = read_unit_embedding(context, embedding_request(variant), *folds.front().cohort);
  std::vector<FoldModel> models;
  std::vector<double> shown;  // calibrated
  std::vector<Split> splits;
  std::vector<OpenedFold> opened;
  for (const auto& fold : folds) {
    opened.push_back(open_fold(context, variant.experiment.evaluate, fold));
    const Classifier& classifier = opened.back().classifier;
    const ModelCard& card = classifier.card();
    const TestView test = fold.split.test();
    PredictedSide said = predict_side(context, classifier, test, variant.experiment.evaluate.samplings);
    const auto& probabilities = said.heads;
    for (std::size_t h = 0; h < card.heads.size(); ++h) {
      if (models.empty())
        input.heads.push_back({card.heads[h].label, card.heads[h].classes, card.heads[h].weight, {}, card.heads[h].against});
      auto& all = input.heads[h].probability;
      all.insert(all.end(), probabilities[h].begin(), probabilities[h].end());
    }
    const auto calls = calibrated(probabilities[0], card);
    shown.insert(shown.end(), calls.begin(), calls.end());
    models.push_back({.card = card, .end = test.n_cells() + (models.empty() ? 0 : models.back().end)});
    input.folds.push_back({.train = fold.split.train(),
                           .decision = {card.threshold, card.threshold_source, card.temperature, card.temperature_source},
                           .end = models.back().end,
                           .held_out = fold.split.summary().held_out});
    if (card.model.kind == "bag") {
      write_patients(context, fold.folder / kPatientsFile,
                     {.classifier = classifier, .split = fold.split, .cohort = *fold.cohort, .test = said.draws});
      add_draws(card, std::move(said.draws), input);
    }
    ask_baselines(context, variant.experiment, embedding ? &*embedding : nullptr, opened.back(), input);
    splits.push_back(fold.split);
  }
  const TestView test = join_tests(splits).cells;
  Evaluation evaluation = evaluate(test, input, variant.experiment.evaluate);
  evaluation.sets = ask_sets(context, variant, opened);
  evaluation.normal = variant.experiment.evaluate.normal;
  write_latents(context, variant, opened, evaluation);
  for (auto& warning : transductive_warnings(variant.experiment.model)) evaluation.warnings.push_back(std::move(warning));
  const auto& of_units = evaluation.heads[0].units;
  const auto score = evaluation.classes.size() == 2 ? of_units->auc : std::optional(of_units->accuracy);
  evaluation.permutations = permute_labels(context, variant.experiment, folds, score);

  write_file(file, evaluation_to_json(evaluation));
  write_predictions(variant.folder / "predictions.tsv", test, shown, models);
  write_units(variant.folder / "units.tsv", evaluation);
  write_file(variant.folder / "metrics.tsv", metrics_as_tsv(evaluation));
  if (!evaluation.sets.empty()) {
    write_file(variant.folder / kSetsFile, sets_as_tsv(evaluation.sets));
    write_file(variant.folder / kCurvesFile, set_curves_as_tsv(evaluation.sets));
  }
  if (!evaluation.folds.empty()) write_file(variant.folder / "folds.tsv", folds_as_tsv(evaluation));
  write_stage_key(variant.folder, "evaluate", key);
  meter.note(variant.folder, "evaluate", context.threads);
  // What was warned of before the training is not said twice.
  std::vector<std::string> said = evaluation.split.notes;
  for (const auto& row : variant.confounding) said.push_back(row.warning);
  for (const auto& warning : evaluation.warnings)
    if (std::find(said.begin(), said.end(), warning) == said.end()) context.warn(warning);
  context.log(fmt::format("evaluate  {}  {:.1f} s", evaluation.verdict, watch.seconds()));
  return evaluation;
}

}  // namespace cellverdict
