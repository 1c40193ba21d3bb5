#include <cellverdict/base/nearest.h>
#include <cellverdict/run/experiment.h>
#include <cellverdict/run/sweep.h>
#include <cellverdict/run/toml_file.h>

#include <algorithm>
#include <set>

namespace cellverdict {

namespace {

struct Variant {
  std::string name;
  ValueTable set;
};

// Takes the [[variant]] tables out of the file.
std::vector<Variant> take_variants(Value& root, const std::string& file) {
  std::vector<Variant> variants;
  auto& table = std::get<ValueTable>(root.data);
  const auto place = std::find_if(table.begin(), table.end(), [](const auto& pair) { return pair.first == "variant"; });
  if (place == table.end()) return variants;
  const auto* list = std::get_if<ValueList>(&place->second.data);
  if (list == nullptr)
    throw UsageError({.where = file + " variant",
                      .found = place->second.kind(),
                      .expected = "a list of tables",
                      .advice = "write [[variant]] with name and set"});
  std::set<std::string> names;
  for (const auto& item : *list) {
    const Value* name = item.find("name");
    const Value* set = item.find("set");
    const auto* text = name == nullptr ? nullptr : std::get_if<std::string>(&name->data);
    const auto* pairs = set == nullptr ? nullptr : std::get_if<ValueTable>(&set->data);
    if (text == nullptr || text->empty() || (set != nullptr && pairs == nullptr) ||
        std::get<ValueTable>(item.data).size() != (set == nullptr ? 1U : 2U))
      throw UsageError({.where = item.where + " [[variant]]",
                        .found = item.text(),
                        .expected = "name = \"…\" and set = { \"split.test\" = 19, … }",
                        .advice = "give it these two keys"});
    if (!names.insert(*text).second)
      throw UsageError({.where = item.where + " [[variant]]",
                        .found = "the name '" + *text + "' twice",
                        .expected = "different names",
                        .advice = "rename one"});
    variants.push_back({*text, pairs == nullptr ? ValueTable{} : *pairs});
  }
  table.erase(place);
  return variants;
}

// Takes [sweep] out of the file.
Value take_sweep(Value& root) {
  auto& table = std::get<ValueTable>(root.data);
  const auto place = std::find_if(table.begin(), table.end(), [](const auto& pair) { return pair.first == "sweep"; });
  if (place == table.end()) return Value{ValueTable{}, {}};
  Value sweep = place->second;
  table.erase(place);
  return sweep;
}

// A label, a unit and sources are what no default can guess.
void check_complete(const Experiment& experiment, const std::string& file) {
  for (const auto& [key, value] :
       {std::pair<std::string, std::string>{"label", experiment.data.label}, {"unit", experiment.data.unit}})
    if (value.empty())
      throw UsageError({.where = file + " [data] " + key,
                        .found = "nothing",
                        .expected = "an obs column",
                        .advice = "`cellverdict init` writes a first version by looking at the data"});
  if (experiment.data.sources.empty() == experiment.data.files.empty())
    throw UsageError({.where = file + " [data]",
                      .found = experiment.data.files.empty() ? "neither `sources` nor `files`" : "both `sources` and `files`",
                      .expected = "one of them",
                      .advice = "sources = \"samples.csv\" names a sample sheet, files = [\"a.h5ad\"] names files and folders"});
}

// Both make up for rare classes: together by mistake they would do so twice.
void refuse_two_balances(const Experiment& e, const std::string& file) {
  const BagOptions& bag = e.model.bag;
  if (e.model.kind != "bag" || bag.balance == "none" || e.train.class_weights == "none" || bag.balance_and_class_weights) return;
  throw UsageError({.where = file + " [train] class_weights = \"" + e.train.class_weights + "\"",
                    .found = "[model.bag] balance = \"" + bag.balance + "\" beside it",
                    .expected = "one of them, as both make up for rare classes",
                    .advice = "set class_weights = \"none\", or balance_and_class_weights = true in [model.bag] to have both"});
}

// Which nets read latent numbers, and what they ask of them.
void check_latent(const Experiment& e, const std::string& file) {
  const ModelOptions& m = e.model;
  const auto refuse = [&](const std::string& where, const std::string& found, const std::string& expected,
                          const std::string& advice) {
    throw UsageError({.where = file + " " + where, .found = found, .expected = expected, .advice = advice});
  };
  if ((m.kind == "transformer" || m.kind == "graph") && m.input != "latent")
    refuse("[model] kind = \"" + m.kind + "\"", "input = \"" + m.input + "\"", "input = \"latent\"",
           "these nets read the latent numbers of an autoencoder");
  if (m.kind == "bert" && m.input != "genes")
    refuse("[model] input = \"" + m.input + "\"", "kind = \"bert\"", "input = \"genes\"", "the net ranks the genes itself");
  if (m.kind == "bert" && m.bert.checkpoint.empty() && m.bert.width % m.bert.heads != 0)
    refuse("[model.bert] heads = " + std::to_string(m.bert.heads), "a width of " + std::to_string(m.bert.width),
           "a width that the heads divide", "set width to a multiple of heads");
  if (m.kind == "bag" && m.input != "genes")
    refuse(
        "[model] input = \"" + m.input + "\"", "kind = \"bag\"", "a net of single cells",
        "bags have an encoder of their own; the baseline \"latent mean\" gives patients the mean of their cells' latent numbers");
  if (m.kind == "transformer" && m.transformer.width % m.transformer.heads != 0)
    refuse("[model.transformer] heads = " + std::to_string(m.transformer.heads),
           "a width of " + std::to_string(m.transformer.width), "a width that the heads divide",
           "set width to a multiple of heads");
  if (m.input == "latent" && e.prepare.scale.center)
    refuse("[prepare] scale.center = true", "an autoencoder, whose error is computed from the non-zero values",
           "values that are not centred", "set scale.center = false");
}

// [train] seeds: the variant itself, then the same with the net's seed moved on. What does not depend on the net is asked once.
void add_with_repeats(Experiment experiment, std::vector<Experiment>& out) {
  const int n = experiment.train.seeds;
  experiment.train.seeds = 1;
  for (auto& candidate : experiment.candidates) candidate.train.seeds = 1;
  const TrainOptions first = with_net_seed(experiment.train);
  out.push_back(experiment);
  experiment.is_repeat = true;
  experiment.repeat_of = out.back().name;
  experiment.evaluate.baselines.clear();
  experiment.evaluate.permute.clear();
  for (int k = 1; k < n; ++k) {
    const auto seed = static_cast<std::int64_t>(first.seed) + k;
    experiment.train.net_seed = seed;
    for (auto& candidate : experiment.candidates) candidate.train.net_seed = seed;
    experiment.name = (experiment.repeat_of.empty() ? "" : experiment.repeat_of + ", ") + "seed " + std::to_string(seed);
    out.push_back(experiment);
  }
}

// --set path=value, in the order given.
ValueTable read_sets(const std::vector<std::string>& sets) {
  ValueTable typed;
  for (const auto& set : sets) {
    const auto equals = set.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError({.where = "--set " + set,
                        .found = "no `=`",
                        .expected = "path=value",
                        .advice = "for example --set train.learning_rate=1e-3"});
    typed.emplace_back(set.substr(0, equals), value_of_argument(set.substr(equals + 1)));
  }
  return typed;
}

}  // namespace

const OptionTable<Experiment>& experiment_options() {
  static const auto table = OptionTable<Experiment>("")
                                .add("title", &Experiment::title, "of the report")
                                .add_group("data", &Experiment::data, "measurements, label, unit", data_options())
                                .add_group("split", &Experiment::split, "who is training, validation, test", split_options())
                                .add_group("cv", &Experiment::cv, "cross-validation in place of one split", cv_options())
                                .add_group("prepare", &Experiment::prepare, "from counts to what the net sees", prepare_options())
                                .add_group("model", &Experiment::model, "the net", model_options())
                                .add_group("train", &Experiment::train, "how it learns", train_options())
                                .add_group("evaluate", &Experiment::evaluate, "how it is judged", evaluate_options());
  return table;
}

std::vector<Experiment> read_experiments(const ExperimentRequest& request) {
  const std::string file = request.file.string();
  Value root = read_toml(request.file);
  auto variants = take_variants(root, file);
  const ValueTable typed = read_sets(request.sets);
  if (!request.variant.empty() && request.variant != "all") {
    std::vector<std::string> names;
    for (const auto& variant : variants) names.push_back(variant.name);
    std::erase_if(variants, [&](const Variant& variant) { return variant.name != request.variant; });
    if (variants.empty())
      throw UsageError({.where = "--variant",
                        .found = "'" + request.variant + "'",
                        .expected = "a variant of " + file,
                        .advice = suggestion(request.variant, names)});
  }
  if (variants.empty()) variants.push_back({});
  std::vector<Experiment> experiments;
  for (const auto& variant : variants) {
    Value effective = root;
    for (const auto& [path, value] : variant.set) set_by_path(effective, path, value);
    for (const auto& [path, value] : typed) set_by_path(effective, path, value);
    const Value sweep = take_sweep(effective);
    const auto read = [&](const Value& from, const std::string& name) {
      Experiment experiment;
      experiment_options().read(from, experiment, file);
      experiment.name = name;
      experiment.base = request.file.has_parent_path() ? request.file.parent_path() : std::filesystem::path(".");
      check_complete(experiment, file);
      refuse_two_balances(experiment, file);
      check_latent(experiment, file);
      return experiment;
    };
    Experiment experiment = read(effective, variant.name);
    experiment.sweep = sweep;
    std::set<std::string> known;
    for (const auto& candidate : read_sweep(sweep, file)) {
      Value changed = effective;
      for (const auto& [path, value] : candidate.set) set_by_path(changed, path, value);
      Experiment made = read(changed, candidate.name);
      // One at a time, every list that has the file's own value would give the file's own setting once more.
      if (known.insert(experiment_to_toml(made)).second) experiment.candidates.push_back(std::move(made));
    }
    add_with_repeats(std::move(experiment), experiments);
  }
  return experiments;
}

std::string experiment_to_toml(const Experiment& experiment) {
  ValueTable table = experiment_options().write(experiment);
  if (!experiment.candidates.empty()) table.emplace_back("sweep", experiment.sweep);
  return write_toml(table);
}

}  // namespace cellverdict
