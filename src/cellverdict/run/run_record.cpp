#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/prepare/select_genes.h>
#include <cellverdict/report/report.h>
#include <cellverdict/run/run_record.h>
#include <cellverdict/run/stage_keys.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

Json result_of(const Evaluation& e) {
  const Classification& cells = e.heads[0].cells;
  Json json = {{"verdict", e.verdict},       {"n_test_cells", cells.n}, {"n_test_units", n_test_units(e)},
               {"accuracy", cells.accuracy}, {"loss", cells.loss},      {"combined_loss", e.combined_loss}};
  json["auc"] = cells.auc ? Json(*cells.auc) : Json();
  return json;
}

std::string question_of(const Experiment& e, const Evaluation& evaluation) {
  if (evaluation.classes.size() != 2)
    return fmt::format("Can {} be read from expression, in {} values the model has never seen?", e.data.label, e.data.unit);
  const std::string other = evaluation.classes[evaluation.classes[0] == evaluation.positive ? 1 : 0];
  return fmt::format("Can {} be told from {} by expression, in a {} the model has never seen?", evaluation.positive, other,
                     e.data.unit);
}

std::string genes_note(const ModelCard& card) {
  return fmt::format("{} genes in the files; {} with a count in at least {} training cells; {} kept {}.",
                     with_commas(card.preparation.seen.size()), with_commas(card.preparation.n_genes_detected),
                     card.prepare.min_cells_per_gene, with_commas(card.preparation.genes.size()),
                     selection_in_words(card.prepare.genes));
}

// The card of its model; of a cross-validation, that of the first fold.
fs::path card_file(const fs::path& folder) {
  const fs::path alone = folder / "model" / "model.json";
  return fs::exists(alone) ? alone : folder / "fold-1" / "model" / "model.json";
}

// Whether the results in a variant's folder are those the record speaks of.
bool results_are_of(const fs::path& folder, const Json& item) {
  return fs::exists(folder / "evaluation.json") && fs::exists(card_file(folder)) &&
         read_stage_key(folder, "train") == item.at("configuration").get<std::string>();
}

// Variants of an earlier run into this folder that were not run now and still stand there.
void keep_other_variants(const fs::path& run, Json& list) {
  const fs::path file = run / "run.json";
  if (!fs::exists(file)) return;
  const Json earlier = Json::parse(read_file(file), nullptr, false);
  if (!earlier.is_object() || !earlier.contains("variants")) return;
  try {
    for (const auto& item : earlier.at("variants")) {
      const fs::path folder = run / item.at("folder").get<std::string>();
      const bool now =
          std::any_of(list.begin(), list.end(), [&](const Json& other) { return other.at("folder") == item.at("folder"); });
      const bool named = !item.at("name").get<std::string>().empty() && !list.front().at("name").get<std::string>().empty();
      if (!now && named && results_are_of(folder, item) && fs::exists(run / item.at("store").get<std::string>() / "store.json"))
        list.push_back(item);
    }
  } catch (const Json::exception&) {
    // A record that cannot be read keeps nothing.
  }
}

// Stores that no variant of the record uses any more.
void remove_unused_stores(const fs::path& run, const std::set<std::string>& used) {
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if ((name == "store" || name.starts_with("store-")) && !used.contains(name) && fs::exists(entry.path() / "store.json"))
      fs::remove_all(entry.path());
  }
}

}  // namespace

void write_run_record(const RunContext& context, const StudyRequest& request, const std::vector<VariantRun>& variants,
                      const std::vector<Evaluation>& evaluations) {
  const Experiment& first = variants.front().experiment;
  Json list = Json::array();
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const VariantRun& variant = variants[i];
    list.push_back({{"name", variant.experiment.name},
                    {"folder", fs::relative(variant.folder, request.out).string()},
                    {"store", fs::relative(variant.store, request.out).string()},
                    {"configuration", variant.train_key},
                    {"seed", variant.experiment.train.seed},
                    {"result", result_of(evaluations[i])}});
  }
  keep_other_variants(request.out, list);
  std::set<std::string> stores;
  Json inputs = Json::array();
  for (const auto& item : list) {
    const std::string store = item.at("store");
    if (!stores.insert(store).second) continue;
    for (const auto& [path, hash] : read_store_index(request.out / store).inputs) {
      Json input = {{"path", path}, {"sha256", hash}};
      if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) inputs.push_back(std::move(input));
    }
  }
  remove_unused_stores(request.out, stores);
  const Json json = {{"format", 1},
                     {"title", first.title.empty() ? request.experiment.file.stem().string() : first.title},
                     {"question", question_of(first, evaluations.front())},
                     {"unit", first.data.unit},
                     {"command", request.command},
                     {"experiment_file", request.experiment.file.string()},
                     {"versions", {{"cellverdict", version()}, {"libtorch", torch_version()}}},
                     {"threads", context.threads},
                     {"variants", list},
                     {"inputs", inputs}};
  write_file(request.out / "run.json", json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

StudyResult report_run(const RunContext& context, const fs::path& run, bool pictures) {
  const fs::path file = run / "run.json";
  if (!fs::exists(file))
    throw InputError({.where = run.string(),
                      .found = fs::exists(run) ? "a folder without run.json" : "nothing at this path",
                      .expected = "a finished run",
                      .advice = "name a folder that `cellverdict run` or `cellverdict evaluate` wrote"});
  ReportInput input;
  StudyResult result;
  try {
    const Json json = Json::parse(read_file(file));
    input.title = json.at("title");
    input.question = json.at("question");
    input.unit_noun = json.at("unit");
    std::string experiments;
    for (const auto& item : json.at("variants")) {
      const fs::path folder = (run / item.at("folder").get<std::string>()).lexically_normal();
      const fs::path evaluation_file = folder / "evaluation.json", card_path = card_file(folder);
      if (!results_are_of(folder, item))
        throw InputError({.where = folder.string(),
                          .found = "no results of the configuration that " + file.string() + " speaks of",
                          .expected = "those of one finished run",
                          .advice = "run the experiment again"});
      ReportVariant variant{.evaluation = evaluation_from_json(read_file(evaluation_file), evaluation_file.string()),
                            .figures = folder / "figures"};
      const ModelCard card = model_card_from_json(read_file(card_path), card_path.string());
      variant.curve = card.curve;
      variant.genes_note = {(variant.evaluation.folds.empty() ? "" : "Fold 1: ") + genes_note(card)};
      const StoreIndex index = read_store_index(run / item.at("store").get<std::string>());
      for (const auto& note : index.notes) variant.genes_note.push_back(note);
      variant.quality = index.quality;
      variant.flow.units = index.flow.units;
      for (std::size_t s = 0; s < index.flow.stages.size(); ++s)
        variant.flow.stages.push_back({index.flow.stages[s], index.flow.n_cells[s]});
      experiments += "# " + variant.evaluation.name + "\n" + read_file(folder / "experiment.toml") + "\n";
      result.evaluations.push_back(variant.evaluation);
      input.variants.push_back(std::move(variant));
    }
    input.provenance = {{"command", json.at("command")},
                        {"experiment file", json.at("experiment_file")},
                        {"cellverdict", json.at("versions").at("cellverdict")},
                        {"LibTorch", json.at("versions").at("libtorch")},
                        {"threads", std::to_string(json.at("threads").get<int>())},
                        {"seed", std::to_string(json.at("variants").at(0).at("seed").get<std::uint64_t>())}};
    for (const auto& item : json.at("inputs"))
      input.provenance.emplace_back(fs::path(item.at("path").get<std::string>()).lexically_normal().string(),
                                    "SHA-256 " + item.at("sha256").get<std::string>());
    input.experiment = experiments;
  } catch (const Json::exception& failure) {
    const std::string reason = failure.what();  // "[json.exception…] what is wrong"
    const bool no_json = dynamic_cast<const Json::parse_error*>(&failure) != nullptr;
    throw InputError({.where = file.string(),
                      .found = no_json ? "text that is no JSON" : reason.substr(reason.find("] ") + 2),
                      .expected = "the record of a run",
                      .advice = "name a folder that `cellverdict run` wrote"});
  }
  const ReportResult report = write_report(context, input, run, {.pictures = pictures});
  result.report = report.html;
  result.note = report.note;
  return result;
}

}  // namespace cellverdict
