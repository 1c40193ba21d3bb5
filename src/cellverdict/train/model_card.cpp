#include <cellverdict/base/error.h>
#include <cellverdict/base/json_number.h>
#include <cellverdict/split/side_fields.h>
#include <cellverdict/train/model_card.h>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

using Json = nlohmann::ordered_json;

namespace {

// Options travel through their tables, so that a new option needs no line here.
Json to_json(const Value& value) {
  return std::visit(
      [](const auto& x) -> Json {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, ValueList>) {
          Json list = Json::array();
          for (const auto& item : x) list.push_back(to_json(item));
          return list;
        } else if constexpr (std::is_same_v<T, ValueTable>) {
          Json table = Json::object();
          for (const auto& [name, item] : x) table[name] = to_json(item);
          return table;
        } else {
          return x;
        }
      },
      value.data);
}

// Options are a few levels deep; a damaged file may claim any number, and each takes room on the stack.
constexpr int kDeepest = 32;

Value from_json(const Json& json, int depth = 0) {
  if (depth > kDeepest) throw Json::type_error::create(302, "type must be an option, but is a list of lists of lists", &json);
  if (json.is_boolean()) return {json.get<bool>(), {}};
  if (json.is_number_integer()) return {whole_number<std::int64_t>(json), {}};
  if (json.is_number()) return {json.get<double>(), {}};
  if (json.is_array()) {
    ValueList list;
    for (const auto& item : json) list.push_back(from_json(item, depth + 1));
    return {std::move(list), {}};
  }
  if (json.is_object()) {
    ValueTable table;
    for (const auto& [name, item] : json.items()) table.emplace_back(name, from_json(item, depth + 1));
    return {std::move(table), {}};
  }
  return {json.get<std::string>(), {}};
}

template <class Options>
Options options_from(const OptionTable<Options>& table, const Json& json, const std::string& where) {
  Options options;
  table.read(from_json(json), options, where);
  return options;
}

Json metrics_to_json(const EpochMetrics& m) {
  Json json = {{"loss", m.loss}, {"accuracy", m.accuracy}, {"balanced_accuracy", m.balanced_accuracy}, {"f1", m.f1}};
  json["auc"] = m.auc ? Json(*m.auc) : Json();
  return json;
}

EpochMetrics metrics_from_json(const Json& json) {
  EpochMetrics m{.loss = json.at("loss"),
                 .accuracy = json.at("accuracy"),
                 .balanced_accuracy = json.at("balanced_accuracy"),
                 .f1 = json.at("f1")};
  if (!json.at("auc").is_null()) m.auc = json.at("auc").get<double>();
  return m;
}

Json curve_to_json(const LearningCurve& curve) {
  Json epochs = Json::array();
  for (const auto& epoch : curve.epochs)
    epochs.push_back({{"epoch", epoch.number},
                      {"train", metrics_to_json(epoch.train)},
                      {"validation", epoch.validation ? metrics_to_json(*epoch.validation) : Json()}});
  return {{"monitor", curve.monitor}, {"best_epoch", curve.best_epoch}, {"epochs", epochs}};
}

LearningCurve curve_from_json(const Json& json) {
  LearningCurve curve{.monitor = json.at("monitor"), .best_epoch = whole_number<int>(json.at("best_epoch"), 0)};
  for (const auto& item : json.at("epochs")) {
    Epoch epoch{.number = whole_number<int>(item.at("epoch"), 0), .train = metrics_from_json(item.at("train"))};
    if (!item.at("validation").is_null()) epoch.validation = metrics_from_json(item.at("validation"));
    curve.epochs.push_back(epoch);
  }
  return curve;
}

Json preparation_to_json(const Preparation& p) {
  return {{"genes", p.genes.ids},
          {"symbols", p.genes.symbols},
          {"mean", p.mean},
          {"sd", p.sd},
          {"target_sum", p.target_sum},
          {"log1p", p.log1p},
          {"divide", p.divide},
          {"center", p.center},
          {"clip", p.clip},
          {"median_total", p.median_total},
          {"n_training_cells", p.n_training_cells},
          {"cohort_genes", p.seen.ids},
          {"cohort_symbols", p.seen.symbols},
          {"n_genes_detected", p.n_genes_detected}};
}

Preparation preparation_from_json(const Json& json, const std::string& where) {
  Preparation p{.genes = {json.at("genes"), json.at("symbols")},
                .mean = json.at("mean"),
                .sd = json.at("sd"),
                .target_sum = json.at("target_sum"),
                .log1p = json.at("log1p"),
                .divide = json.at("divide"),
                .center = json.at("center"),
                .clip = json.at("clip"),
                .median_total = json.at("median_total"),
                .n_training_cells = whole_number<std::int64_t>(json.at("n_training_cells"), 0),
                .seen = {json.at("cohort_genes"), json.at("cohort_symbols")},
                .n_genes_detected = whole_number<std::int64_t>(json.at("n_genes_detected"), 0)};
  const std::size_t n = p.genes.ids.size();
  if (n == 0 || p.genes.symbols.size() != n || p.mean.size() != n || p.sd.size() != n || p.seen.ids.size() != p.seen.symbols.size())
    throw InputError({.where = where,
                      .found = "lists of genes, means and deviations of different length",
                      .expected = "one of each per gene",
                      .advice = "the file is damaged: train again"});
  return p;
}

}  // namespace

std::string learning_curve_to_json(const LearningCurve& curve) {
  return curve_to_json(curve).dump(-1, ' ', false, Json::error_handler_t::replace);
}

LearningCurve learning_curve_from_json(const std::string& text, const std::string& where) {
  try {
    return curve_from_json(Json::parse(text));
  } catch (const Json::exception& failure) {
    throw InputError(
        {.where = where, .found = failure.what(), .expected = "a training history", .advice = "delete it and train again"});
  }
}

std::string model_card_to_json(const ModelCard& card) {
  Json heads = Json::array();
  for (const auto& head : card.heads)
    heads.push_back({{"label", head.label}, {"classes", head.classes}, {"weight", head.weight}, {"against", head.against}});
  Json provenance = Json::object();
  for (const auto& [name, value] : card.provenance) provenance[name] = value;
  Json cells = Json::array();
  for (const auto& cell : card.self_test)
    cells.push_back({{"genes", cell.genes}, {"counts", cell.counts}, {"total", cell.total}, {"probability", cell.probability}});
  const Json json = {{"format", 1},
                     {"cellverdict", card.version},
                     {"values", value_state_name(card.values)},
                     {"heads", heads},
                     {"positive", card.positive},
                     {"unit", card.unit},
                     {"donor", card.donor},
                     {"where", card.where},
                     {"threshold", card.threshold},
                     {"threshold_source", card.threshold_source},
                     {"temperature", card.temperature},
                     {"temperature_source", card.temperature_source},
                     {"model", to_json({model_options().write(card.model), {}})},
                     {"train", to_json({train_options().write(card.train), {}})},
                     {"prepare", to_json({prepare_options().write(card.prepare), {}})},
                     {"preparation", preparation_to_json(card.preparation)},
                     {"split", JsonWriter<Json>::of(card.split)},
                     {"history", curve_to_json(card.curve)},
                     {"encoder_history", curve_to_json(card.encoder_curve)},
                     {"provenance", provenance},
                     {"self_test", cells},
                     {"weights_sha256", card.weights_sha256}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

ModelCard read_card(const Json& json, const std::string& where) {
  const auto require = [&](bool fine, const std::string& found, const std::string& expected) {
    if (!fine)
      throw InputError({.where = where, .found = found, .expected = expected, .advice = "the file is damaged: train again"});
  };
  if (json.at("format") != 1)
    throw InputError({.where = where,
                      .found = "format " + json.at("format").dump(),
                      .expected = "format 1",
                      .advice = "use the version of cellverdict that wrote it"});
  ModelCard card{.version = json.at("cellverdict"),
                 .model = options_from(model_options(), json.at("model"), where),
                 .train = options_from(train_options(), json.at("train"), where),
                 .prepare = options_from(prepare_options(), json.at("prepare"), where),
                 .preparation = preparation_from_json(json.at("preparation"), where)};
  for (const auto& head : json.at("heads")) {
    card.heads.push_back({.label = head.at("label"),
                          .classes = head.at("classes"),
                          .weight = head.at("weight"),
                          .against = head.value("against", std::string())});
    require(card.heads.back().classes.size() >= 2, "a head with fewer than two classes", "at least two");
  }
  require(!card.heads.empty(), "no head", "at least the label's");
  const auto& classes = card.heads[0].classes;
  card.positive = json.at("positive");
  require(std::find(classes.begin(), classes.end(), card.positive) != classes.end(), "positive class '" + card.positive + "'",
          "a class of the label");
  card.unit = json.at("unit");
  card.donor = json.at("donor");
  card.where = json.at("where");
  card.values = value_state_named(json.at("values"), where);
  card.threshold = json.at("threshold");
  card.threshold_source = json.at("threshold_source");
  card.temperature = json.at("temperature");
  card.temperature_source = json.at("temperature_source");
  JsonReader<Json>(json.at("split"), where + " split", "the file is damaged: train again").read(card.split);
  card.curve = curve_from_json(json.at("history"));
  // A model saved before there were encoders has none.
  if (json.contains("encoder_history")) card.encoder_curve = curve_from_json(json.at("encoder_history"));
  for (const auto& [name, value] : json.at("provenance").items()) card.provenance.emplace_back(name, value.get<std::string>());
  for (const auto& c : json.at("self_test")) {
    SelfTestCell cell{.genes = whole_numbers<std::int32_t>(c.at("genes")),
                      .counts = c.at("counts"),
                      .total = c.at("total"),
                      .probability = c.at("probability")};
    const auto outside = [&](std::int32_t g) { return g < 0 || g >= card.preparation.genes.size(); };
    require(cell.genes.size() == cell.counts.size() && std::none_of(cell.genes.begin(), cell.genes.end(), outside),
            "a self-test cell with genes the model does not have", "genes of the model");
    require(cell.probability.size() == classes.size(),
            "a self-test cell with " + std::to_string(cell.probability.size()) + " probabilities", "one for each class");
    card.self_test.push_back(std::move(cell));
  }
  card.weights_sha256 = json.at("weights_sha256");
  return card;
}

}  // namespace

ModelCard model_card_from_json(const std::string& text, const std::string& where) {
  const std::string advice = "name the folder that `cellverdict train` wrote; if this is it, the file is damaged: train again";
  try {
    return read_card(Json::parse(text), where);
  } catch (const Json::parse_error& failure) {
    throw InputError({.where = where,
                      .found = "text that is no JSON from byte " + std::to_string(failure.byte) + " on",
                      .expected = "a model.json of cellverdict",
                      .advice = advice});
  } catch (const Json::exception& failure) {
    throw InputError({.where = where, .found = failure.what(), .expected = "a model.json of cellverdict", .advice = advice});
  } catch (const UsageError& failure) {  // options that no experiment file may hold either, but this is no experiment file
    throw InputError(failure.complaint());
  }
}

}  // namespace cellverdict
