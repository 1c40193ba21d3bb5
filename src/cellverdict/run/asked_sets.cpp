#include <cellverdict/run/asked_sets.h>

#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/baselines.h>
#include <cellverdict/evaluate/named_sets.h>
#include <cellverdict/run/prediction_table.h>

#include <algorithm>
#include <optional>

namespace cellverdict {

namespace {

constexpr const char* kOfCells[] = {"majority", "cells", "pca", "latent"};  // baselines that a cell alone can be asked with

class Asker {
 public:
  Asker(const RunContext& context, const VariantRun& variant, const std::vector<FoldRun>& folds)
      : context_(context), options_(variant.experiment.evaluate), where_(variant.experiment.split.where) {
    for (const auto& fold : folds) {
      folds_.push_back(&fold);
      splits_.push_back(fold.split);
      classifiers_.push_back(Classifier::load(fold.folder / "model"));
    }
    for (const std::string name : kOfCells)
      if (std::ranges::find(options_.baselines, name) != options_.baselines.end()) names_.push_back(name);
  }

  SetResult ask(const EvaluationSet& set) {
    const FoldedTest joined = join_tests(splits_, set.where);
    if (joined.cells.n_cells() == 0)
      throw DataError({.where = "[[evaluate.set]] name = \"" + set.name + "\"",
                       .found = "no cell of the test side where " + set.where,
                       .expected = "some to ask about",
                       .advice = "name other cells, or deal the sides so that the test side has some"});
    SetInput input{.set = set,
                   .cells = joined.cells,
                   .normal = options_.normal,
                   .optimistic = splits_.front().summary().optimistic,
                   .seed = context_.seed,
                   .threads = context_.threads};
    input.answers.push_back({});
    for (std::size_t f = 0; f < folds_.size(); ++f) {
      const TestView view = set.where.empty() ? splits_[f].test() : splits_[f].test(set.where);
      input.folds.push_back({.end = joined.ends[f], .threshold = classifiers_[f].card().threshold});
      if (view.n_cells() > 0) ask_fold(f, set, view, input);
    }
    return evaluate_set(input);
  }

 private:
  void ask_fold(std::size_t f, const EvaluationSet& set, const TestView& view, SetInput& input) {
    const Classifier& classifier = classifiers_[f];
    const ModelCard& card = classifier.card();
    const auto said = calibrated(classifier.predict_cells(context_, view)[0], card);
    auto& all = input.answers[0].probability;
    all.insert(all.end(), said.begin(), said.end());
    const auto epochs = classifier.predict_epochs(context_, view, folds_[f]->folder / kEpochsFolder);
    // Of several folds the curve goes as far as all of them.
    if (f == 0) input.epochs.resize(epochs.size());
    input.epochs.resize(std::min(input.epochs.size(), epochs.size()));
    for (std::size_t e = 0; e < input.epochs.size(); ++e)
      input.epochs[e].insert(input.epochs[e].end(), epochs[e].begin(), epochs[e].end());
    const auto places = splits_[f].places_in_test(set.where.empty() ? where_ : set.where);
    for (const auto& baseline : simple_models(f)) {
      auto known = std::ranges::find(input.answers, baseline.name, &SetAnswer::name);
      if (known == input.answers.end()) known = input.answers.insert(known, {baseline.name, baseline.how, {}});
      const auto n_classes = std::ssize(view.classes());
      for (const std::int64_t place : places) {
        const auto said_of_cell = baseline.probability.begin() + place * n_classes;
        known->probability.insert(known->probability.end(), said_of_cell, said_of_cell + n_classes);
      }
    }
  }

  // Fitted once a fold and asked about the whole test side, of which every set is a part.
  const std::vector<BaselinePrediction>& simple_models(std::size_t f) {
    if (simple_.size() <= f) simple_.resize(f + 1);
    if (!simple_[f]) {
      const TrainView train = splits_[f].train();
      const TestView asked = splits_[f].whole().test();
      const Classifier& classifier = classifiers_[f];
      const ModelCard& card = classifier.card();
      BaselineRequest request{.context = context_, .train = train, .asked = asked, .preparation = card.preparation};
      std::optional<Encoder> encoder;
      CellNumbers latents;
      if (card.model.input == "latent") {
        encoder = classifier.encoder();
        latents = {.n = encoder->n_latents(),
                   .of_view = [&](const CellView& cells) { return encoder->encode(context_, cells, card.preparation); }};
        request.latents = &latents;
      }
      simple_[f] = predict_baselines(request, names_);
    }
    return *simple_[f];
  }

  const RunContext& context_;
  const EvaluateOptions& options_;
  std::vector<const FoldRun*> folds_;
  std::vector<Split> splits_;
  std::vector<Classifier> classifiers_;
  std::vector<std::string> names_;
  std::string where_;                                                   // of the test side itself
  std::vector<std::optional<std::vector<BaselinePrediction>>> simple_;  // [folds]
};

}  // namespace

std::vector<SetResult> ask_sets(const RunContext& context, const VariantRun& variant, const std::vector<FoldRun>& folds) {
  const auto& sets = variant.experiment.evaluate.sets;
  if (sets.empty()) return {};
  Asker asker(context, variant, folds);
  std::vector<SetResult> results = {asker.ask({.name = "test", .where = ""})};
  results.front().where = variant.experiment.split.where;
  for (const auto& set : sets) results.push_back(asker.ask(set));
  return results;
}

}  // namespace cellverdict
