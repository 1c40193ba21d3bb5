#include <cellverdict/run/autoencoder_stage.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/version.h>
#include <cellverdict/run/stage_keys.h>
#include <cellverdict/train/classifier.h>

#include <fmt/format.h>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

std::string where_of(const Experiment& e) {
  return e.model.autoencoder.where.empty() ? e.split.where : e.model.autoencoder.where;
}

// Of everything that decides it; which cells the net is taught later does not.
std::string key_of(const RunContext& context, const Experiment& e, const Split& split, const EncoderPlace& place) {
  SplitOptions dealt = e.split;
  dealt.where.clear();
  const auto text = [](const ValueTable& table) { return Value{table, {}}.text(); };
  return sha256(place.store_key + text(data_options().write(e.data)) + text(split_options().write(dealt)) +
                text(cv_options().write(e.cv)) + std::to_string(split.summary().fold) + text(prepare_options().write(e.prepare)) +
                text(autoencoder_options().write(e.model.autoencoder)) + where_of(e) + std::to_string(e.train.seed) +
                std::to_string(context.threads) + std::string(version()) + torch_version());
}

}  // namespace

FittedEncoder obtain_encoder(const RunContext& context, const Experiment& e, const Split& split, const EncoderPlace& place) {
  const AutoencoderOptions& options = e.model.autoencoder;
  const std::string where = where_of(e);
  // Labels are not looked at, so neither are the classes that a side must have.
  const Split sides = split.whole().only(where);
  const TrainView train = options.transductive ? split.whole().transductive(where) : sides.train();
  const std::optional<ValidationView> validation = options.transductive ? std::nullopt : sides.validation();
  Preparation preparation = fit_preparation(context, train, e.prepare);
  context.log(fmt::format("fit       {} genes in the files, {} in at least {} cells of the autoencoder, {} kept",
                          with_commas(preparation.seen.size()), with_commas(preparation.n_genes_detected),
                          e.prepare.min_cells_per_gene, with_commas(preparation.genes.size())));
  const std::string key = key_of(context, e, split, place);
  const fs::path folder = place.run.empty() ? fs::path() : place.run / "autoencoder" / key.substr(0, 12);
  if (!folder.empty() && read_stage_key(folder, "autoencoder") == key) {
    context.log("encode    up to date: " + folder.string());
    return {Encoder::load(folder / "net", options, preparation.genes.size()), std::move(preparation)};
  }
  const Stopwatch watch;
  EncoderRequest request{.options = options, .seed = e.train.seed, .key = key, .resume = place.resume};
  if (!folder.empty()) request.checkpoints = folder / "checkpoint";
  FittedEncoder fitted{fit_encoder(context, train, validation, preparation, request), std::move(preparation)};
  const LearningCurve& curve = fitted.encoder.curve();
  context.log(fmt::format("encode    best epoch {} of {}  {:.1f} s", curve.best_epoch, curve.epochs.size(), watch.seconds()));
  if (!folder.empty()) {
    fitted.encoder.save(folder / "net");
    write_stage_key(folder, "autoencoder", key);
    fs::remove_all(folder / "checkpoint");
  }
  return fitted;
}

std::vector<std::string> transductive_warnings(const ModelOptions& model) {
  std::vector<std::string> warnings;
  if (model.input == "latent" && model.autoencoder.transductive)
    warnings.emplace_back(
        "The autoencoder was fitted on cells of all sides (transductive = true): the result is about cells that the encoder has "
        "seen, without their labels.");
  if (model.kind == "graph" && model.graph.transductive)
    warnings.emplace_back(
        "The graph has cells of all sides (transductive = true): the result is about cells that the net has seen, without their "
        "labels.");
  return warnings;
}

}  // namespace cellverdict
