#include <cellverdict/run/asked_sets.h>

#include <cellverdict/base/error.h>
#include <cellverdict/evaluate/named_sets.h>
#include <cellverdict/run/prediction_table.h>

#include <algorithm>

namespace cellverdict {

namespace {

class Asker {
 public:
  Asker(const RunContext& context, const VariantRun& variant, const std::vector<OpenedFold>& folds)
      : context_(context), options_(variant.experiment.evaluate), where_(variant.experiment.split.where), folds_(folds) {
    for (const auto& fold : folds) splits_.push_back(fold.run.split);
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
      input.folds.push_back({.end = joined.ends[f], .threshold = folds_[f].classifier.card().threshold});
      if (view.n_cells() > 0) ask_fold(f, set, view, input);
    }
    return evaluate_set(input);
  }

 private:
  void ask_fold(std::size_t f, const EvaluationSet& set, const TestView& view, SetInput& input) {
    const Classifier& classifier = folds_[f].classifier;
    const ModelCard& card = classifier.card();
    const auto heads = classifier.predict_cells(context_, view);
    const auto said = calibrated(heads[0], card);
    auto& all = input.answers[0].probability;
    all.insert(all.end(), said.begin(), said.end());
    for (std::size_t h = 1; h < heads.size(); ++h)
      if (card.heads[h].label == card.heads[0].label && !options_.normal.empty() && card.heads[h].against == options_.normal)
        input.own_head.insert(input.own_head.end(), heads[h].begin(), heads[h].end());
    const auto epochs = classifier.predict_epochs(context_, view, folds_[f].run.folder / kEpochsFolder);
    // Of several folds the curve goes as far as all of them.
    if (f == 0) input.epochs.resize(epochs.size());
    input.epochs.resize(std::min(input.epochs.size(), epochs.size()));
    for (std::size_t e = 0; e < input.epochs.size(); ++e)
      input.epochs[e].insert(input.epochs[e].end(), epochs[e].begin(), epochs[e].end());
    for (const auto& baseline : folds_[f].of_cells_where(set.where.empty() ? where_ : set.where)) {
      auto known = std::ranges::find(input.answers, baseline.name, &SetAnswer::name);
      if (known == input.answers.end()) known = input.answers.insert(known, {baseline.name, baseline.how, {}});
      known->probability.insert(known->probability.end(), baseline.probability.begin(), baseline.probability.end());
    }
  }

  const RunContext& context_;
  const EvaluateOptions& options_;
  std::string where_;  // of the test side itself
  const std::vector<OpenedFold>& folds_;
  std::vector<Split> splits_;
};

}  // namespace

std::vector<SetResult> ask_sets(const RunContext& context, const VariantRun& variant, const std::vector<OpenedFold>& folds) {
  const auto& sets = variant.experiment.evaluate.sets;
  if (sets.empty()) return {};
  Asker asker(context, variant, folds);
  std::vector<SetResult> results = {asker.ask({.name = "test", .where = ""})};
  results.front().where = variant.experiment.split.where;
  for (const auto& set : sets) results.push_back(asker.ask(set));
  return results;
}

}  // namespace cellverdict
