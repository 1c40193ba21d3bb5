#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/prepare/store.h>
#include <cellverdict/run/stages.h>
#include <cellverdict/run/trained_run.h>

#include <algorithm>
#include <cctype>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

bool has_model(const fs::path& folder) {
  return fs::exists(folder / "model" / "model.json");
}

void refuse_without_model(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw InputError({.where = folder.string(),
                      .found = "no such folder",
                      .expected = "one that `cellverdict run` or `train` wrote",
                      .advice = "check the path"});
  std::vector<std::string> inside;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory() && (has_model(entry.path()) || has_model(entry.path() / "fold-1")))
      inside.push_back(entry.path().filename().string());
  std::sort(inside.begin(), inside.end());
  if (!inside.empty())
    throw UsageError({.where = folder.string(),
                      .found = counted(static_cast<std::int64_t>(inside.size()), "folder") + " with models: " + listed(inside),
                      .expected = "one model",
                      .advice = "name one of them, such as " + (folder / inside[0]).string() + ", or give --all-models"});
  throw InputError({.where = folder.string(),
                    .found = "no trained model",
                    .expected = "a folder model/ that `cellverdict run` or `train` wrote",
                    .advice = "train first"});
}

fs::path store_of(const fs::path& folder, const ModelCard& card) {
  std::string key;
  for (const auto& [name, value] : card.provenance)
    if (name == "store") key = value;
  for (const fs::path& place : {folder, folder / "..", folder / ".." / ".."}) {
    if (!fs::is_directory(place)) continue;
    for (const auto& entry : fs::directory_iterator(place))
      if (entry.path().filename().string().starts_with("store") && fs::exists(entry.path() / "store.json") &&
          !is_of_other_format(entry.path()) && read_store_index(entry.path()).key == key)
        return entry.path();
  }
  throw InputError({.where = folder.string(),
                    .found = "no store of the counts that the model was trained on",
                    .expected = "a folder store/ in the run folder",
                    .advice = "run the experiment again"});
}

// The folder as it is, if it has a model.
fs::path folder_of_model(const fs::path& named) {
  const fs::path folder = fs::absolute(named / "").lexically_normal().parent_path();
  if (!has_model(folder)) refuse_without_model(folder);
  return folder;
}

void check_same_split(const fs::path& folder, const SplitSummary& now, const SplitSummary& then) {
  const bool same = now.classes == then.classes && std::equal(now.units.begin(), now.units.end(), then.units.begin(),
                                                              then.units.end(), [](const SplitUnit& a, const SplitUnit& b) {
                                                                return a.unit == b.unit && a.side == b.side && a.label == b.label &&
                                                                       a.n_cells == b.n_cells;
                                                              });
  if (!same)
    throw InputError({.where = folder.string(),
                      .found = "an experiment.toml that splits the units in another way",
                      .expected = "the split that the model was trained on",
                      .advice = "run the experiment again"});
}

}  // namespace

RunCells open_run_cells(const RunContext& context, const fs::path& named) {
  const fs::path folder = folder_of_model(named);
  const fs::path file =
      fs::exists(folder / "experiment.toml") ? folder / "experiment.toml" : folder.parent_path() / "experiment.toml";
  if (!fs::exists(file))
    throw InputError({.where = folder.string(),
                      .found = "no experiment.toml",
                      .expected = "a folder that `cellverdict run` or `train` wrote",
                      .advice = "name the run folder and not the model alone"});
  Experiment experiment = read_experiments({.file = file, .sets = {}, .variant = {}}).front();
  const fs::path card_file = folder / "model" / "model.json";
  ModelCard card = model_card_from_json(read_file(card_file), card_file.string());
  RunContext seeded = context;
  seeded.seed = experiment.train.seed;
  const auto cohort = std::make_shared<const Cohort>(read_store(store_of(folder, card), experiment.data));
  for (Split& split : make_splits(seeded, cohort, experiment)) {
    if (split.summary().fold != card.split.fold) continue;
    check_same_split(folder, split.summary(), card.split);
    return {.experiment = std::move(experiment),
            .card = std::move(card),
            .split = std::move(split),
            .columns = cohort->table->obs().names};
  }
  throw InputError({.where = file.string(),
                    .found = "another number of folds than the model's",
                    .expected = "the configuration it was trained with",
                    .advice = "run the experiment again"});
}

TrainedRun open_trained_run(const RunContext& context, const fs::path& named) {
  Classifier classifier = Classifier::load(folder_of_model(named) / "model");
  RunCells cells = open_run_cells(context, named);
  return {.experiment = std::move(cells.experiment),
          .classifier = std::move(classifier),
          .split = std::move(cells.split),
          .columns = std::move(cells.columns)};
}

// The same net with other seeds of training: seed-43 in a run's folder, mean-seed-43 beside the variant mean.
static std::vector<std::string> other_seeds(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder / "").lexically_normal().parent_path();
  std::vector<std::string> names;
  const auto look = [&](const fs::path& place, const std::string& begins, const std::string& prefix) {
    for (const auto& entry : fs::directory_iterator(place))
      if (const std::string name = entry.path().filename().string();
          name.starts_with(begins) && has_model(entry.path()) && !fs::exists(entry.path() / "run.json"))
        names.push_back(prefix + name);
  };
  look(whole, "seed-", "");
  look(whole.parent_path(), whole.filename().string() + "-seed-", "../");
  return names;
}

std::vector<fs::path> trained_folders(const fs::path& run) {
  std::vector<std::string> names;
  const auto look_into = [&](const fs::path& folder, const auto& again, int depth) -> void {
    if (!fs::is_directory(folder)) return;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_directory() || entry.path().filename() == "sweep") continue;
      if (has_model(entry.path()))
        names.push_back(entry.path().lexically_relative(run).generic_string());
      else if (depth > 0)
        again(entry.path(), again, depth - 1);
    }
  };
  constexpr int kMostDeep = 1;  // variant/fold
  if (has_model(run))
    names = other_seeds(run);
  else
    look_into(run, look_into, kMostDeep);
  if (has_model(run)) names.emplace_back(".");
  if (names.empty()) refuse_without_model(run);
  // fold-2 before fold-10.
  const auto key = [](const std::string& name) {
    std::string out;
    for (std::size_t i = 0; i < name.size();) {
      std::size_t end = i;
      while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
      if (end > i && end - i < 12) out += std::string(12 - (end - i), '0');
      end = std::max(end, i + 1);
      out += name.substr(i, end - i);
      i = end;
    }
    return out;
  };
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) { return key(a) < key(b); });
  return {names.begin(), names.end()};
}

}  // namespace cellverdict
