#include <cellverdict/run/opened_fold.h>
#include <cellverdict/run/token_stage.h>

#include <algorithm>
#include <memory>

namespace cellverdict {

namespace {

constexpr const char* kOfCells[] = {"majority", "cells", "pca", "latent"};

}  // namespace

std::vector<BaselinePrediction> OpenedFold::of_cells_where(const std::string& where) const {
  if (!asks_whole_side) return of_cells;
  const auto places = run.split.places_in_test(where);
  const auto n_classes = static_cast<std::ptrdiff_t>(run.cohort->classes.size());
  std::vector<BaselinePrediction> out;
  for (const auto& whole : of_cells) {
    out.push_back({whole.name, whole.how, {}});
    for (const std::int64_t place : places) {
      const auto cell = whole.probability.begin() + place * n_classes;
      out.back().probability.insert(out.back().probability.end(), cell, cell + n_classes);
    }
  }
  return out;
}

OpenedFold open_fold(const RunContext& context, const EvaluateOptions& options, const FoldRun& run) {
  OpenedFold fold{.run = run, .classifier = Classifier::load(run.folder / "model"), .asks_whole_side = !options.sets.empty()};
  const Preparation& preparation = fold.classifier.card().preparation;
  fold.preparation = for_simple_models(fold.classifier.card().model, preparation);
  if (fold.classifier.card().model.input == "latent") {
    const auto encoder = std::make_shared<const Encoder>(fold.classifier.encoder());
    fold.latents = {.n = encoder->n_latents(), .of_view = [&context, encoder, preparation](const CellView& cells) {
                      return encoder->encode(context, cells, preparation);
                    }};
  }
  std::vector<std::string> names;
  for (const std::string name : kOfCells)
    if (std::ranges::find(options.baselines, name) != options.baselines.end()) names.push_back(name);
  const TrainView train = run.split.train();
  const TestView asked = fold.asks_whole_side ? run.split.whole().test() : run.split.test();
  BaselineRequest request{.context = context, .train = train, .asked = asked, .preparation = fold.preparation};
  if (fold.latents.n > 0) request.latents = &fold.latents;
  fold.of_cells = predict_baselines(request, names);
  return fold;
}

}  // namespace cellverdict
