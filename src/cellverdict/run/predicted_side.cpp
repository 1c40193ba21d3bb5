#include <cellverdict/run/predicted_side.h>

#include <algorithm>

namespace cellverdict {

PredictedSide predict_side(const RunContext& context, const Classifier& classifier, const CellView& view, std::int64_t samplings) {
  if (classifier.card().model.kind != "bag") return {.heads = classifier.predict_cells(context, view), .draws = {}};
  PredictedSide out{.heads = {}, .draws = classifier.predict_draws(context, view, samplings)};
  const auto& draws = out.draws.probability;
  HeadProbabilities mean(draws[0].size());
  for (const auto& draw : draws)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += draw[i] / static_cast<double>(draws.size());
  std::vector<std::ptrdiff_t> place;  // by number of the unit: its place among the view's
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    const auto number = static_cast<std::size_t>(view.unit_number(i));
    if (number >= place.size()) place.resize(number + 1, -1);
    place[number] = 0;
  }
  std::ptrdiff_t next = 0;
  for (auto& p : place)
    if (p == 0) p = next++;
  const auto n_classes = std::ssize(classifier.card().heads[0].classes);
  HeadProbabilities of_cells(static_cast<std::size_t>(view.n_cells() * n_classes));
  for (std::int64_t i = 0; i < view.n_cells(); ++i)
    std::copy_n(mean.begin() + place[view.unit_number(i)] * n_classes, n_classes, of_cells.begin() + i * n_classes);
  out.heads.push_back(std::move(of_cells));
  return out;
}

}  // namespace cellverdict
