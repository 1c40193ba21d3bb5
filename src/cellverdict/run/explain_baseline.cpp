#include <cellverdict/run/explain_baseline.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/run/unit_expression.h>
#include <cellverdict/table/row_filter.h>

#include <algorithm>

namespace cellverdict {

namespace {

// Only columns that the expression can speak of are copied.
std::vector<bool> cells_where(const TrainView& train, const std::vector<std::string>& columns, const std::string& expression) {
  Frame frame;
  for (std::int64_t i = 0; i < train.n_cells(); ++i) frame.index.push_back("");
  for (const auto& name : columns)
    frame.set(name, expression.find(name) == std::string::npos ? Column{} : train.column(name, "--baseline-where"));
  return matching_rows(frame, expression);
}

std::vector<bool> cells_of_classes(const TrainView& train, std::int32_t target, std::optional<std::int32_t> against) {
  std::vector<bool> counts(static_cast<std::size_t>(train.n_cells()));
  for (std::int64_t i = 0; i < train.n_cells(); ++i)
    counts[static_cast<std::size_t>(i)] = against ? train.label(i) == *against : train.label(i) != target;
  return counts;
}

}  // namespace

std::string baseline_kind(const ExplainRequest& request) {
  const std::vector<std::string> known = {"class-mean", "zero"};
  if (!request.baseline.empty() && std::find(known.begin(), known.end(), request.baseline) == known.end())
    throw UsageError({.where = "--baseline",
                      .found = "'" + request.baseline + "'",
                      .expected = "one of the known words",
                      .advice = suggestion(request.baseline, known)});
  if (!request.baseline.empty() && !request.baseline_where.empty())
    throw UsageError({.where = "--baseline-where",
                      .found = "--baseline " + request.baseline + " beside it",
                      .expected = "one baseline",
                      .advice = "leave one of them out"});
  if (!request.baseline_where.empty()) return "where";
  return request.baseline.empty() ? "class-mean" : request.baseline;
}

ExplainedBaseline make_baseline(const ExplainRequest& request, const TrainedRun& run, const CellTypesOfSides& types,
                                std::int32_t target, std::optional<std::int32_t> against) {
  const std::string kind = baseline_kind(request);
  if (kind == "zero") return {.profiles = {}, .words = "zero: a cell that expresses nothing", .warnings = {}};
  const TrainView train = run.split.train();
  const auto& classes = run.classifier.card().heads[0].classes;
  const bool where = kind == "where";
  const std::vector<bool> counts =
      where ? cells_where(train, run.columns, request.baseline_where) : cells_of_classes(train, target, against);
  const MeanProfiles profiles = mean_profiles(train, run.classifier.card().preparation, counts, types.train,
                                              std::ssize(types.names), where ? "--baseline-where" : "--baseline class-mean");
  ExplainedBaseline out{.profiles = profiles.values};
  const std::string whose = where     ? "where " + request.baseline_where
                            : against ? "of '" + classes[static_cast<std::size_t>(*against)] + "'"
                                      : "of all other classes";
  out.words = "the mean training cell " + whose + (types.names.size() > 1 ? ", of each cell's own type" : "");
  std::vector<std::string> missing;
  for (std::size_t k = 0; k < types.names.size(); ++k)
    if (profiles.n_cells[k] == 0) missing.push_back(types.names[k]);
  if (!missing.empty())
    out.warnings.push_back("No training cell " + whose + " is of " + (missing.size() == 1 ? "type " : "the types ") +
                           listed(missing) + ": such cells are compared with the mean of all those cells.");
  return out;
}

}  // namespace cellverdict
