#include <cellverdict/run/explain.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/run/explain_agreement.h>
#include <cellverdict/run/explain_model.h>
#include <cellverdict/run/explain_overview.h>
#include <cellverdict/run/gene_sets.h>
#include <cellverdict/run/trained_run.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

void check_number(const std::string& option, std::int64_t found, std::int64_t least, std::int64_t most, const std::string& advice) {
  if (found < least || found > most)
    throw UsageError({.where = option,
                      .found = std::to_string(found),
                      .expected = with_commas(least) + " to " + with_commas(most),
                      .advice = advice});
}

void check(const ExplainRequest& request) {
  const std::vector<std::string> targets = {"probability", "logit", "difference"};
  if (std::find(targets.begin(), targets.end(), request.target) == targets.end())
    throw UsageError({.where = "--target",
                      .found = "'" + request.target + "'",
                      .expected = "one of the known words",
                      .advice = suggestion(request.target, targets)});
  baseline_kind(request);
  constexpr std::int64_t kMany = 1'000'000'000;
  check_number("--random-weights", request.random_weights, 0, 100, "one net is common");
  check_number("--top", request.top, 1, kMany, "100 are common");
  check_number("--cells", request.cells, -1, kMany, "0: all; -1: as many as in training");
  check_number("--steps", request.steps, 1, 10000, "50 are common");
  check_number("--types", request.types, -1, 100, "0: cells are not divided");
  if (!request.cell_type.empty() && request.types >= 0)
    throw UsageError({.where = "--types",
                      .found = "--cell-type " + request.cell_type + " beside it",
                      .expected = "types that are named or types that are found",
                      .advice = "leave one of them out"});
}

// A folder of other things is not replaced.
void check_out(const fs::path& out) {
  if (fs::exists(out) && (!fs::is_directory(out) || (!fs::is_empty(out) && !fs::exists(out / "explain.json"))))
    throw UsageError({.where = "--out " + out.string(),
                      .found = "something that no explanation wrote",
                      .expected = "a new folder, or one of an earlier `cellverdict explain`",
                      .advice = "name another folder"});
}

std::vector<GeneSet> read_all_sets(const std::vector<fs::path>& files) {
  std::vector<GeneSet> sets;
  for (const auto& file : files) {
    auto more = read_gene_sets(file);
    sets.insert(sets.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return sets;
}

// "COVID-19" → a name for a folder that no other class has.
std::string folder_of_class(const std::string& name, std::set<std::string>& taken) {
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    plain += byte >= 128 || std::isalnum(byte) != 0 || c == '-' || c == '_' ? c : '-';
  }
  if (plain.empty()) plain = "class";
  std::string out = plain;
  for (int i = 2; !taken.insert(out).second; ++i) out = plain + "-" + std::to_string(i);
  return out;
}

// "../mean-seed-43" → "mean-seed-43".
std::string plain_name(const fs::path& model) {
  return *model.begin() == ".." ? model.filename().string() : model.generic_string();
}

}  // namespace

ExplainSummary explain_run(const RunContext& context, const ExplainRequest& request) {
  if (torch_version().empty())
    throw UsageError({.where = "explain",
                      .found = "a cellverdict built without LibTorch",
                      .expected = "one with it",
                      .advice = "build the preset `release`"});
  check(request);
  ExplainSummary summary{.folder = request.out.empty() ? request.run / "explained" : request.out};
  check_out(summary.folder);
  for (const auto& other : request.compare) check_explanation(other);
  std::vector<fs::path> models = {"."};
  if (request.all_models) models = trained_folders(request.run);
  const std::vector<GeneSet> sets = read_all_sets(request.gmt);
  const bool every_class = request.class_name == kEveryClass;
  std::optional<AtomicPath> out;
  std::vector<fs::path> folders;
  std::string unit_noun;
  for (const auto& model : models) {
    ModelExplainer explainer(context, request, model == "." ? request.run : request.run / model, sets);
    const std::string name = models.size() < 2 ? "" : model == "." ? explainer.name_by_seed() : plain_name(model);
    if (!name.empty()) context.log("explain     " + name);
    unit_noun = explainer.unit_noun();
    std::vector<std::string> classes = {request.class_name.empty() ? explainer.usual_class() : request.class_name};
    if (every_class) classes = explainer.classes();
    if (!out) out.emplace(summary.folder);  // nothing is made where the first model is refused
    std::set<std::string> taken;
    for (const auto& class_name : classes) {
      fs::path folder = name;
      if (every_class) folder /= folder_of_class(class_name, taken);
      fs::create_directories(out->temporary() / folder);
      summary.results.push_back(explainer.explain(class_name, name, out->temporary() / folder));
      summary.results.back().folder = summary.folder / folder;
      folders.push_back(folder);
      if (!explainer.pictures_note().empty()) summary.pictures_note = explainer.pictures_note();
    }
  }
  if (summary.results.size() > 1) write_overview(context, request, unit_noun, folders, out->temporary(), summary);
  out->commit();
  return summary;
}

}  // namespace cellverdict
