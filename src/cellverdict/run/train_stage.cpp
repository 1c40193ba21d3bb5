// Fits preparation and net of one fold, or of every candidate of a sweep and keeps the best on the validation side.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/evaluate/decision.h>
#include <cellverdict/run/autoencoder_stage.h>
#include <cellverdict/run/familiar_file.h>
#include <cellverdict/run/predicted_side.h>
#include <cellverdict/run/stage_keys.h>
#include <cellverdict/run/stage_resources.h>
#include <cellverdict/run/stages.h>
#include <cellverdict/run/sweep.h>
#include <cellverdict/run/token_stage.h>
#include <cellverdict/run/toml_file.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

std::string text_of(const ValueTable& table) {
  return Value{table, {}}.text();
}

// Whether the model there is whole; one that is not is trained again.
bool model_is_there(const RunContext& context, const fs::path& folder) {
  try {
    Classifier::load(folder);
    return true;
  } catch (const InputError& damage) {
    context.warn(std::string(damage.what()) + " It is trained again.");
    return false;
  }
}

}  // namespace

std::vector<std::vector<std::string>> classes_of_heads(const Split& split, const ModelOptions& model) {
  std::vector<std::vector<std::string>> classes;
  for (const auto& head : model.heads) {
    classes.push_back(split.values(head.label, "[[model.head]] label"));
    if (classes.back().size() < 2)
      throw DataError({.where = "[[model.head]] label = '" + head.label + "'",
                       .found = "fewer than two values",
                       .expected = "at least two classes",
                       .advice = "remove the head or name another column"});
    if (head.against.empty()) continue;
    if (std::ranges::find(classes.back(), head.against) == classes.back().end())
      throw UsageError({.where = "[[model.head]] against",
                        .found = "'" + head.against + "', which is no value of " + head.label,
                        .expected = "",
                        .advice = suggestion(head.against, classes.back())});
    classes.back() = {head.against, "not " + head.against};
  }
  return classes;
}

namespace {

void decide(const RunContext& context, const EvaluateOptions& options, const std::optional<ValidationView>& validation,
            Classifier& classifier) {
  ModelCard& card = classifier.card();
  const DecisionWish wish{.threshold = options.threshold == "validation", .temperature = options.temperature == "validation"};
  const Decision decision = settle_decision(wish, validation, card.heads[0].classes, [&] {
    return predict_side(context, classifier, *validation, options.samplings).heads[0];
  });
  card.threshold = decision.threshold;
  card.threshold_source = decision.threshold_source;
  card.temperature = decision.temperature;
  card.temperature_source = decision.temperature_source;
  if (!wish.threshold && !wish.temperature) return;
  context.log(fmt::format("decide    threshold {:.3f} ({}), temperature {:.3f} ({})", card.threshold, card.threshold_source,
                          card.temperature, card.temperature_source));
}

// Of everything that decides the model.
std::string train_key_of(const RunContext& context, const VariantRun& variant, const Experiment& e, const Split& split) {
  const std::string fold =
      split.summary().fold == 0 ? "" : text_of(cv_options().write(e.cv)) + std::to_string(split.summary().fold);
  return sha256(variant.store_key + text_of(data_options().write(e.data)) + text_of(split_options().write(e.split)) + fold +
                text_of(prepare_options().write(e.prepare)) + text_of(model_options().write(e.model)) +
                text_of(train_options().write(e.train)) + e.evaluate.threshold +
                (e.evaluate.temperature == "validation" ? "units weigh the same" : e.evaluate.temperature) +
                std::to_string(context.threads) + token_files_key(e) + std::string(version()) + torch_version());
}

struct Training {
  const RunContext& context;
  const VariantRun& variant;
  const Experiment& experiment;  // of the variant, or of a candidate
  const Split& split;
  fs::path folder;  // gets model/, checkpoint/ while it lasts, stages.json
  std::string key;
  bool resume = false;
};

bool is_up_to_date(const Training& t) {
  return read_stage_key(t.folder, "train") == t.key && model_is_there(t.context, t.folder / "model");
}

void say_resuming(const Training& t) {
  const bool checkpoint = fs::exists(t.folder / "checkpoint");
  if (t.resume && !checkpoint)
    t.context.log("resume    no checkpoint in " + t.folder.string() + ": training starts at the beginning");
  if (!t.resume && checkpoint)
    t.context.log("note      the checkpoint of an interrupted training is left aside; --resume goes on from it");
}

void describe(const Training& t, ModelCard& card) {
  card.version = version();
  card.prepare = t.experiment.prepare;
  card.split = t.split.summary();
  card.where = t.experiment.data.where;
  if (const std::string& cells = t.experiment.split.where; !cells.empty())
    card.where = card.where.empty() ? cells : "(" + card.where + ") and (" + cells + ")";
  card.provenance = {{"cellverdict", std::string(version())},
                     {"libtorch", torch_version()},
                     {"seed", std::to_string(t.experiment.train.seed)},
                     {"threads", std::to_string(t.context.threads)},
                     {"store", t.variant.store_key},
                     {"configuration", t.key}};
  const StoreIndex store = read_store_index(t.variant.store);
  card.values = store.values;
  for (const auto& [path, hash] : store.inputs)
    card.provenance.emplace_back("input " + fs::path(path).lexically_normal().string(), "SHA-256 " + hash);
}

// Preparation and net, without the decision.
Classifier fit_one(const RunContext& context, const Experiment& e, const Split& split, TrainRequest request,
                   const EncoderPlace& place) {
  if (e.model.input == "latent") {
    const FittedEncoder fitted = obtain_encoder(context, e, split, place);
    request.encoder = &fitted.encoder;
    std::optional<TrainView> of_all_sides;
    if (e.model.kind == "graph" && e.model.graph.transductive) of_all_sides = split.whole().transductive(e.split.where);
    if (of_all_sides) request.graph_cells = &*of_all_sides;
    return train_classifier(context, split.train(), split.validation(), fitted.preparation, classes_of_heads(split, e.model),
                            request);
  }
  const PrepareOptions asked = e.model.kind == "bert" ? counts_as_they_are(e.prepare) : e.prepare;
  const Preparation preparation = fit_preparation(context, split.train(), asked);
  context.log(fmt::format("fit       {} genes in the files, {} in at least {} training cells, {} kept",
                          with_commas(preparation.seen.size()), with_commas(preparation.n_genes_detected), asked.min_cells_per_gene,
                          with_commas(preparation.genes.size())));
  std::optional<TokenDictionary> dictionary;
  if (e.model.kind == "bert") {
    dictionary = obtain_dictionary(context, e, split.train());
    request.dictionary = &*dictionary;
    request.model.bert = with_whole_paths(e);
    if (e.model.bert.pretrain_epochs > 0)
      request.model.bert.checkpoint = obtain_pretrained(context, e, split, preparation, *dictionary, place).string();
  }
  return train_classifier(context, split.train(), split.validation(), preparation, classes_of_heads(split, e.model), request);
}

// Of the chosen epoch on the validation side, larger is better.
double validation_score(const LearningCurve& curve) {
  return monitored(curve.monitor, *curve.epochs[static_cast<std::size_t>(curve.best_epoch - 1)].validation);
}

// Learning curves of named sets are drawn when the test side is opened, from the net as it was after each epoch.
bool epochs_wanted(const Training& t) {
  return !t.experiment.evaluate.sets.empty() && t.experiment.candidates.empty() && t.folder.filename() != "sweep" &&
         t.experiment.model.kind != "bag";
}

void train_one(const Training& t) {
  const Experiment& e = t.experiment;
  say_resuming(t);
  if (!t.resume) fs::remove_all(t.folder / kEpochsFolder);
  const Stopwatch watch;
  const StageMeter meter;
  Classifier classifier = fit_one(t.context, e, t.split,
                                  {.model = e.model,
                                   .train = with_net_seed(e.train),
                                   .checkpoints = t.folder / "checkpoint",
                                   .key = t.key,
                                   .resume = t.resume,
                                   .every_epoch = epochs_wanted(t) ? t.folder / kEpochsFolder : fs::path()},
                                  {.run = t.variant.run, .store_key = t.variant.store_key, .resume = t.resume});
  describe(t, classifier.card());
  decide(t.context, e.evaluate, t.split.validation(), classifier);
  classifier.save(t.folder / "model");
  write_familiar_units(t.folder / "model",
                       fit_familiarity(t.context, t.split.train(), t.split.validation(), classifier.card().preparation));
  write_stage_key(t.folder, "train", t.key);
  fs::remove_all(t.folder / "checkpoint");
  meter.note(t.folder, "train", t.context.threads);
  const LearningCurve& curve = classifier.card().curve;
  t.context.log(fmt::format("model     best epoch {} of {}, {}  {:.1f} s", curve.best_epoch, curve.epochs.size(),
                            (t.folder / "model").string(), watch.seconds()));
}

struct Ranked {
  std::string name;
  fs::path model;
  LearningCurve curve;
  double value = 0;                 // monitored, larger is better
  std::vector<std::string> values;  // of the keys that are varied
};

// What an experiment has at each of these keys.
std::vector<std::string> values_at(const Experiment& experiment, const std::vector<std::string>& keys) {
  const Value whole{experiment_options().write(experiment), {}};
  std::vector<std::string> values;
  for (const auto& key : keys) {
    const Value* found = find_by_path(whole, key);
    const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(&found->data);
    values.push_back(text != nullptr ? *text : found == nullptr ? "" : found->text());
  }
  return values;
}

// sweep.tsv: every candidate, the best first, with the value of every key that is varied.
void write_ranking(const fs::path& file, const std::vector<Ranked>& ranked, const std::vector<std::string>& keys) {
  std::string tsv = "rank\tcandidate\tmonitor\tvalue\tbest_epoch\tepochs";
  for (const auto& key : keys) tsv += "\t" + key;
  tsv += "\n";
  for (std::size_t r = 0; r < ranked.size(); ++r) {
    tsv += fmt::format("{}\t{}\t{}\t{:.9g}\t{}\t{}", r + 1, ranked[r].name, ranked[r].curve.monitor, std::abs(ranked[r].value),
                       ranked[r].curve.best_epoch, ranked[r].curve.epochs.size());
    for (const auto& value : ranked[r].values) tsv += "\t" + value;
    tsv += "\n";
  }
  write_file(file, tsv);
}

// Every candidate in a folder of its own, so that a sweep goes on where it was stopped; the best one's model is the fold's.
void train_candidates(const Training& whole) {
  if (!whole.split.validation())
    throw UsageError({.where = "[sweep]",
                      .found = "a split without a validation side",
                      .expected = "one to rank the candidates on",
                      .advice = "set split.validation_fraction, or list split.validation"});
  std::vector<Ranked> ranked;
  const auto keys = sweep_keys(whole.experiment.sweep);
  const auto& candidates = whole.experiment.candidates;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    Training t{.context = whole.context,
               .variant = whole.variant,
               .experiment = candidates[c],
               .split = whole.split,
               .folder = whole.folder / "sweep" / std::to_string(c + 1),
               .key = train_key_of(whole.context, whole.variant, candidates[c], whole.split),
               .resume = whole.resume};
    whole.context.log(fmt::format("sweep     {} of {}: {}", c + 1, candidates.size(), candidates[c].name));
    if (is_up_to_date(t)) {
      whole.context.log("train     up to date: " + (t.folder / "model").string());
    } else {
      train_one(t);
    }
    const ModelCard card = Classifier::load(t.folder / "model").card();
    ranked.push_back(
        {candidates[c].name, t.folder / "model", card.curve, validation_score(card.curve), values_at(candidates[c], keys)});
  }
  // Of equals the first in the file's order.
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.value > b.value; });
  write_ranking(whole.folder / "sweep.tsv", ranked, keys);
  AtomicPath out(whole.folder / "model");
  fs::copy(ranked.front().model, out.temporary(), fs::copy_options::recursive);
  out.commit();
  write_stage_key(whole.folder, "train", whole.key);
  whole.context.log(fmt::format("sweep     best on validation: {}", ranked.front().name));
}

}  // namespace

Classifier fit_model(const RunContext& context, const Experiment& experiment, const Split& split) {
  std::optional<Classifier> best;
  double best_score = 0;
  std::vector<Experiment> single;
  if (experiment.candidates.empty()) single.push_back(experiment);
  for (const auto& candidate : single.empty() ? experiment.candidates : single) {
    Classifier classifier =
        fit_one(context, candidate, split, {.model = candidate.model, .train = with_net_seed(candidate.train)}, {});
    const double score = single.empty() ? validation_score(classifier.card().curve) : 0;
    if (best && score <= best_score) continue;  // of equals the first
    best_score = score;
    best.emplace(std::move(classifier));
  }
  decide(context, experiment.evaluate, split.validation(), *best);
  return *std::move(best);
}

void train_model(const RunContext& context, const VariantRun& variant, FoldRun& run, bool resume) {
  const Experiment& e = variant.experiment;
  run.train_key = train_key_of(context, variant, e, run.split);
  if (!e.candidates.empty()) run.train_key = sha256(run.train_key + e.sweep.text());
  const Training training{.context = context,
                          .variant = variant,
                          .experiment = e,
                          .split = run.split,
                          .folder = run.folder,
                          .key = run.train_key,
                          .resume = resume};
  if (is_up_to_date(training)) {
    context.log("train     up to date: " + (run.folder / "model").string());
    return;
  }
  forget_results(variant);
  const SplitSummary& split = run.split.summary();
  if (split.fold > 0)
    context.log(fmt::format("fold      {} of {}{}", split.fold, split.n_folds,
                            split.held_out.empty() ? "" : ": " + split.by + " " + split.held_out));
  if (e.candidates.empty()) {
    train_one(training);
  } else {
    train_candidates(training);
  }
}

}  // namespace cellverdict
