#include <cellverdict/run/predicted_obs.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <limits>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

const fs::path& one_file(const std::vector<SourceFile>& sources) {
  if (sources.size() != 1)
    throw UsageError({.where = "--write-into",
                      .found = counted(static_cast<std::int64_t>(sources.size()), "source"),
                      .expected = "one .h5ad file, of which the copy is made",
                      .advice = "predict one file at a time"});
  if (fs::is_directory(sources[0].path) || sources[0].path.extension() != ".h5ad")
    throw UsageError({.where = "--write-into",
                      .found = sources[0].path.string(),
                      .expected = "one .h5ad file, of which the copy is made",
                      .advice = "`cellverdict convert` makes one of other formats"});
  return sources[0].path;
}

}  // namespace

PredictedObs::PredictedObs(const std::vector<SourceFile>& sources, const fs::path& target, std::vector<std::string> classes)
    : copy_(one_file(sources), target), classes_(std::move(classes)) {
  const auto n = static_cast<std::size_t>(copy_.n_cells());
  class_.levels = classes_;
  class_.codes.assign(n, -1);
  passes_.levels = {"no", "yes"};
  passes_.codes.assign(n, -1);
  probability_.assign(classes_.size(), std::vector<double>(n, std::numeric_limits<double>::quiet_NaN()));
}

void PredictedObs::add(std::int64_t row, const double* probability, std::size_t called, bool passes_qc) {
  if (row < 0 || row >= copy_.n_cells())
    throw InternalError(
        {.where = "predicted cells", .found = "row " + std::to_string(row), .expected = counted(copy_.n_cells(), "cell")});
  class_.codes[row] = static_cast<std::int32_t>(called);
  passes_.codes[row] = passes_qc ? 1 : 0;
  for (std::size_t c = 0; c < classes_.size(); ++c) probability_[c][row] = probability[c];
}

void PredictedObs::commit() {
  copy_.add_obs("cellverdict_class", class_);
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    // A name with a slash would be a folder in the file, and these two are taken.
    std::string name = classes_[c];
    for (char& letter : name)
      if (letter == '/') letter = '_';
    const bool taken = name == "class" || name == "passes_qc";
    copy_.add_obs((taken ? "cellverdict_p_" : "cellverdict_") + name, make_number_column(std::move(probability_[c])));
  }
  copy_.add_obs("cellverdict_passes_qc", passes_);
  copy_.commit();
}

}  // namespace cellverdict
