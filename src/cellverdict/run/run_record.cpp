#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/version.h>
#include <cellverdict/prepare/select_genes.h>
#include <cellverdict/report/ablation.h>
#include <cellverdict/report/report.h>
#include <cellverdict/run/reported_settings.h>
#include <cellverdict/run/run_record.h>
#include <cellverdict/run/stage_keys.h>
#include <cellverdict/run/stage_resources.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
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

// For the model card: the net, how it learned, where its files are.
std::vector<std::pair<std::string, std::string>> model_facts(const ModelCard& card, const fs::path& folder, const fs::path& file) {
  std::string heads;
  for (const auto& head : card.heads)
    heads += fmt::format("{}{} (weight {:g})", heads.empty() ? "" : ", ", head.label, head.weight);
  std::vector<std::pair<std::string, std::string>> facts = {
      {"net", fmt::format("{}, {} over {} genes", card.model.kind, heads, with_commas(card.preparation.genes.size()))},
      {"learning", fmt::format("best epoch {} of {}, seed {}", card.curve.best_epoch, card.curve.epochs.size(), card.train.seed)},
      {"files", file.parent_path().lexically_relative(folder.parent_path()).generic_string()},
      {"weights", "SHA-256 " + card.weights_sha256}};
  for (std::size_t n = 2; fs::exists(folder / fmt::format("fold-{}", n) / "model" / "model.json"); ++n)
    facts.emplace_back(fmt::format("weights of fold {}", n),
                       "SHA-256 " + sha256(read_file(folder / fmt::format("fold-{}", n) / "model" / "model.safetensors")));
  return facts;
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
  std::set<std::string> run_now;
  for (const auto& item : list) run_now.insert(item.at("name").get<std::string>());
  try {
    for (const auto& item : earlier.at("variants")) {
      const fs::path folder = run / item.at("folder").get<std::string>();
      const bool now =
          std::any_of(list.begin(), list.end(), [&](const Json& other) { return other.at("folder") == item.at("folder"); });
      // Repeats of a variant that was run now are of its former configuration.
      const bool outdated = item.contains("repeat_of") && run_now.contains(item.at("repeat_of").get<std::string>());
      const bool named = !item.at("name").get<std::string>().empty() && !list.front().at("name").get<std::string>().empty();
      if (!now && !outdated && named && results_are_of(folder, item) &&
          fs::exists(run / item.at("store").get<std::string>() / "store.json"))
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
                    {"net_seed", with_net_seed(variant.experiment.train).seed},
                    {"result", result_of(evaluations[i])}});
    if (variant.experiment.is_repeat) list.back()["repeat_of"] = variant.experiment.repeat_of;
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

namespace {

void check_same_question(const fs::path& run, const Evaluation& first, const Evaluation& other) {
  const auto label = [](const Evaluation& e) {
    std::string classes;
    for (const auto& name : e.classes) classes += (classes.empty() ? "" : ", ") + name;
    return "'" + (e.heads.empty() ? "" : e.heads.front().label) + "' (" + classes + ")";
  };
  if (label(first) != label(other))
    throw DataError({.where = run.string(),
                     .found = "label " + label(other),
                     .expected = label(first) + " as in the first run",
                     .advice = "report runs that ask one question"});
}

// The variants of one run, and what it was made from, behind those of the runs before it.
void add_run(const fs::path& run, const std::string& prefix, const fs::path& out, ReportInput& input) {
  const fs::path file = run / "run.json";
  if (!fs::exists(file))
    throw InputError({.where = run.string(),
                      .found = fs::exists(run) ? "a folder without run.json" : "nothing at this path",
                      .expected = "a finished run",
                      .advice = "name a folder that `cellverdict run` or `cellverdict evaluate` wrote"});
  try {
    const Json json = Json::parse(read_file(file));
    const std::string title = json.at("title"), unit = json.at("unit");
    if (input.variants.empty()) {
      input.title = title;
      input.question = json.at("question");
      input.unit_noun = unit;
    } else {
      if (input.unit_noun != unit)
        throw DataError({.where = run.string(),
                         .found = "units of '" + unit + "'",
                         .expected = "'" + input.unit_noun + "' as in the first run",
                         .advice = "report runs that ask one question"});
      if (input.title.find(title) == std::string::npos) input.title += " · " + title;
    }
    std::string& experiments = input.experiment;
    std::map<std::string, std::size_t> place;  // of this run's variants
    for (const auto& item : json.at("variants")) {
      const fs::path folder = (run / item.at("folder").get<std::string>()).lexically_normal();
      const fs::path evaluation_file = folder / "evaluation.json", card_path = card_file(folder);
      if (!results_are_of(folder, item))
        throw InputError({.where = folder.string(),
                          .found = "no results of the configuration that " + file.string() + " speaks of",
                          .expected = "those of one finished run",
                          .advice = "run the experiment again"});
      const std::uint64_t net_seed = item.value("net_seed", item.at("seed").get<std::uint64_t>());
      if (item.contains("repeat_of")) {
        const auto first = place.find(item.at("repeat_of").get<std::string>());
        if (first != place.end())
          input.variants[first->second].seeds.push_back(
              seed_result(evaluation_from_json(read_file(evaluation_file), evaluation_file.string()), net_seed));
        continue;
      }
      ReportVariant variant{.evaluation = evaluation_from_json(read_file(evaluation_file), evaluation_file.string()),
                            .settings = read_settings(folder),
                            .sweep = read_sweep_result(folder),
                            .resources = read_resources(folder),
                            .figures = out == run ? folder / "figures" : fs::path()};
      if (!input.variants.empty()) check_same_question(run, input.variants.front().evaluation, variant.evaluation);
      const std::string name = item.at("name");
      variant.seeds = {seed_result(variant.evaluation, net_seed)};
      place.emplace(name, input.variants.size());
      if (!prefix.empty()) variant.evaluation.name = prefix + (name.empty() ? "" : ": " + name);
      const ModelCard card = model_card_from_json(read_file(card_path), card_path.string());
      variant.curve = card.curve;
      variant.model = model_facts(card, folder, card_path);
      variant.genes_note = {(variant.evaluation.folds.empty() ? "" : "Fold 1: ") + genes_note(card)};
      const StoreIndex index = read_store_index(run / item.at("store").get<std::string>());
      for (const auto& note : index.notes) variant.genes_note.push_back(note);
      variant.quality = index.quality;
      variant.flow.units = index.flow.units;
      for (std::size_t s = 0; s < index.flow.stages.size(); ++s)
        variant.flow.stages.push_back({index.flow.stages[s], index.flow.n_cells[s]});
      experiments += "# " + variant.evaluation.name + "\n" + read_file(folder / "experiment.toml") + "\n";
      input.variants.push_back(std::move(variant));
    }
    const std::string of = prefix.empty() ? "" : prefix + ": ";
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"command", json.at("command")},
                                      {"experiment file", json.at("experiment_file")},
                                      {"cellverdict", json.at("versions").at("cellverdict")},
                                      {"LibTorch", json.at("versions").at("libtorch")},
                                      {"threads", std::to_string(json.at("threads").get<int>())},
                                      {"seed", std::to_string(json.at("variants").at(0).at("seed").get<std::uint64_t>())}})
      input.provenance.emplace_back(of + name, value);
    for (const auto& item : json.at("inputs")) {
      std::pair<std::string, std::string> hash = {fs::path(item.at("path").get<std::string>()).lexically_normal().string(),
                                                  "SHA-256 " + item.at("sha256").get<std::string>()};
      if (std::find(input.provenance.begin(), input.provenance.end(), hash) == input.provenance.end())
        input.provenance.push_back(std::move(hash));
    }
  } catch (const Json::exception& failure) {
    const std::string reason = failure.what();  // "[json.exception…] what is wrong"
    const bool no_json = dynamic_cast<const Json::parse_error*>(&failure) != nullptr;
    throw InputError({.where = file.string(),
                      .found = no_json ? "text that is no JSON" : reason.substr(reason.find("] ") + 2),
                      .expected = "the record of a run",
                      .advice = "name a folder that `cellverdict run` wrote"});
  }
}

// Names of run folders that tell them apart: the last part of the path, with its parents where that is not enough.
std::vector<std::string> short_names(const std::vector<fs::path>& runs) {
  std::vector<std::string> names;
  for (const auto& run : runs) {
    const fs::path whole = fs::absolute(run).lexically_normal();
    names.push_back(whole.filename().empty() ? whole.parent_path().filename().string() : whole.filename().string());
  }
  if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) return names;
  names.clear();
  for (const auto& run : runs) names.push_back(run.lexically_normal().string());
  return names;
}

}  // namespace

StudyResult report_run(const RunContext& context, const fs::path& run, bool pictures) {
  return report_runs(context, {.runs = {run}, .out = {}, .pictures = pictures});
}

StudyResult report_runs(const RunContext& context, const ReportRequest& request) {
  if (request.runs.size() > 1 && request.out.empty())
    throw UsageError({.where = "report",
                      .found = std::to_string(request.runs.size()) + " runs",
                      .expected = "a folder for the report they have in common",
                      .advice = "name one with --out"});
  const fs::path out = request.out.empty() ? request.runs.front() : request.out;
  const auto names = short_names(request.runs);
  std::set<fs::path> seen;
  ReportInput input;
  for (std::size_t r = 0; r < request.runs.size(); ++r) {
    if (!seen.insert(fs::weakly_canonical(request.runs[r])).second)
      throw UsageError({.where = "report",
                        .found = request.runs[r].string() + " twice",
                        .expected = "different runs",
                        .advice = "name each once"});
    add_run(request.runs[r], request.runs.size() > 1 ? names[r] : "", out, input);
  }
  StudyResult result;
  for (const auto& variant : input.variants) result.evaluations.push_back(variant.evaluation);
  const ReportResult report = write_report(context, input, out, {.pictures = request.pictures});
  result.report = report.html;
  result.note = report.note;
  return result;
}

}  // namespace cellverdict
