#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/io/token_files.h>
#include <cellverdict/nets/mlp.h>
#include <cellverdict/train/bag_net.h>
#include <cellverdict/train/bert_config_file.h>
#include <cellverdict/train/latent_nets.h>
#include <cellverdict/train/net_of_card.h>
#include <cellverdict/train/net_of_encoder.h>
#include <cellverdict/train/objective.h>
#include <cellverdict/train/tensors.h>
#include <cellverdict/train/torch_door.h>

#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kPredictionBatch = 4096;
constexpr const char* kEncoderPrefix = "autoencoder.";
constexpr const char* kShapeFile = "config.json";

bool keeps_graph_cells(const ModelCard& card) {
  return card.model.kind == "graph" && card.model.graph.transductive;
}

// What the net sees of a cell.
std::int64_t n_inputs(const ModelCard& card) {
  return card.model.input == "latent" ? card.model.autoencoder.latent : card.preparation.genes.size();
}

MlpShape shape_of(const ModelCard& card) {
  MlpShape shape{.n_genes = n_inputs(card),
                 .width = card.model.width,
                 .depth = card.model.depth,
                 .dropout = card.model.dropout,
                 .activation = card.model.activation,
                 .hidden_bias = card.model.hidden_bias,
                 .half_width_layer = card.model.half_width_layer};
  if (card.model.batch_norm == "keras") {
    shape.norm_momentum = 0.01;  // of the new value; Keras counts the old one's share, 0.99
    shape.norm_epsilon = 1e-3;
  }
  for (const auto& head : card.heads) shape.head_logits.push_back(head.n_logits());
  return shape;
}

// A net that cannot fit is refused before its memory is asked for: Linux grants it, and ends the program when it is used.
void refuse_giant(const std::string& named, double bytes) {
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (bytes <= memory) return;
  throw DataError(
      {.where = "[model] " + named,
       .found = "weights of " + std::to_string(static_cast<std::int64_t>(bytes / 1e9)) + " GB",
       .expected = "a net that fits this machine's memory of " + std::to_string(static_cast<std::int64_t>(memory / 1e9)) + " GB",
       .advice = "give a smaller net"});
}

void refuse_giant(const MlpShape& shape) {
  const double width = static_cast<double>(shape.width), depth = static_cast<double>(shape.depth);
  refuse_giant("width = " + std::to_string(shape.width) + ", depth = " + std::to_string(shape.depth),
               4 * width * (static_cast<double>(shape.n_genes) + (depth - 1) * width));
}

void refuse_giant(const BagShape& shape) {
  const double width = static_cast<double>(shape.width);
  const double hidden =
      2 * static_cast<double>(shape.attention_width + shape.patient_width) + 12.0 * width * static_cast<double>(shape.layers);
  refuse_giant("bag = { cell_width = " + std::to_string(shape.width) + " }",
               4 * width * (static_cast<double>(shape.n_genes) + hidden));
}

// The large weights of the net that model.json describes are those in the file: known before a net of any size is made.
void check_shapes(const MlpShape& shape, const Safetensors& weights, const std::string& where) {
  const auto check = [&](const std::string& name, const std::vector<std::int64_t>& expected) {
    const NamedTensor* found = weights.find(name);
    if (found == nullptr || found->shape != expected) refuse_shape(where, name, found, expected);
  };
  for (std::int64_t layer = 0; layer < shape.depth; ++layer)
    check("hidden" + std::to_string(layer) + ".weight", {layer == 0 ? shape.n_genes : shape.width, shape.width});
  for (std::size_t h = 0; h < shape.head_logits.size(); ++h)
    check("head" + std::to_string(h) + ".weight", {shape.head_logits[h], shape.head_width()});
  if (shape.half_width_layer) check("half.weight", {shape.head_width(), shape.width});
}

void check_shapes(const BagShape& shape, const Safetensors& weights, const std::string& where) {
  const auto check = [&](const std::string& name, const std::vector<std::int64_t>& expected) {
    const NamedTensor* found = weights.find(name);
    if (found == nullptr || found->shape != expected) refuse_shape(where, name, found, expected);
  };
  check("gene2cell_encoder.layers.0.weight", {shape.width, shape.n_genes});
  check("patient_encoder.layers.0.weight", {shape.patient_width, shape.width});
  check("patient_predictor.layers.0.weight", {shape.n_classes, shape.patient_width});
}

void refuse_giant_encoder(const ModelCard& card) {
  double wide = static_cast<double>(card.model.autoencoder.latent);
  for (const auto width : card.model.autoencoder.hidden) wide = std::max(wide, static_cast<double>(width));
  refuse_giant("autoencoder = { hidden, latent } up to " + std::to_string(static_cast<std::int64_t>(wide)),
               8 * wide * static_cast<double>(card.preparation.genes.size()));
}

void check_shapes(const ModelCard& card, const Safetensors& weights, const std::string& where) {
  if (card.model.kind == "bag") check_shapes(bag_shape_of(card), weights, where);
  if (card.model.kind == "mlp") check_shapes(shape_of(card), weights, where);
}

// The self-test cells through this build: prepared, predicted, compared.
void check_self_test(const Classifier& classifier, const std::string& where) {
  const ModelCard& card = classifier.card();
  if (card.self_test.empty()) return;
  std::vector<std::int32_t> own(static_cast<std::size_t>(card.preparation.genes.size()));
  for (std::size_t g = 0; g < own.size(); ++g) own[g] = static_cast<std::int32_t>(g);
  CsrBlock prepared;
  for (const auto& cell : card.self_test) apply_preparation(card.preparation, own, {cell.genes, cell.counts}, cell.total, prepared);
  const HeadProbabilities now = classifier.predict_block({}, prepared)[0];
  std::size_t k = 0;
  for (const auto& cell : card.self_test)
    for (const double saved : cell.probability) {
      if (!(std::abs(now[k] - saved) <= 1e-4))
        throw InputError({.where = where + " self_test",
                          .found = "a probability of " + std::to_string(now[k]),
                          .expected = std::to_string(saved) + ", which the model gave when it was saved",
                          .advice = "the folder is damaged or this build computes differently: train again"});
      ++k;
    }
}

}  // namespace

std::unique_ptr<Classifier::Parts> make_parts(const ModelCard& card) {
  auto parts = std::make_unique<Classifier::Parts>();
  if (card.model.input == "latent") {
    refuse_giant_encoder(card);
    parts->encoder = make_autoencoder(card.model.autoencoder, card.preparation.genes.size(), card.train.seed);
  }
  if (card.model.kind == "bag") {
    const BagShape shape = bag_shape_of(card);
    refuse_giant(shape);
    parts->bags = std::make_shared<BagClassifier>(shape, card.train.seed);
  } else if (card.model.kind == "bert") {
    parts->net = make_cell_bert(card);
  } else if (card.model.kind == "transformer") {
    parts->net = make_transformer_net(card);
  } else if (card.model.kind == "graph") {
    parts->net = make_graph_net(card);
  } else {
    const MlpShape shape = shape_of(card);
    refuse_giant(shape);
    parts->net = std::make_shared<Mlp>(shape, card.train.seed);
  }
  return parts;
}

Classifier::Classifier(ModelCard card, std::unique_ptr<Parts> parts) : card_(std::move(card)), parts_(std::move(parts)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

Classifier Classifier::load(const fs::path& folder) {
  const fs::path card_file = folder / "model.json", weights_file = folder / "model.safetensors";
  ModelCard card = model_card_from_json(read_file(card_file), card_file.string());
  const Safetensors weights = read_safetensors(weights_file);
  if (const std::string found = sha256_of_file(weights_file); found != card.weights_sha256)
    throw InputError({.where = weights_file.string(),
                      .found = "SHA-256 " + found,
                      .expected = card.weights_sha256 + " as in model.json",
                      .advice = "the weights are damaged or of another model: train again"});
  if (card.model.kind == "bert") card.bert = read_bert_config(folder / kShapeFile);
  check_shapes(card, weights, weights_file.string());
  return through_torch_door("loading " + folder.string(), [&] {
    auto parts = make_parts(card);
    if (parts->bags) restore_bag_state(*parts->bags, weights, weights_file.string());
    if (parts->net) restore_tensors(*parts->net, "", weights, weights_file.string());
    if (parts->encoder) restore_tensors(*parts->encoder, kEncoderPrefix, weights, weights_file.string());
    if (keeps_graph_cells(card))
      parts->graph_cells = std::make_shared<const GraphCells>(restore_graph_cells(weights, n_inputs(card), weights_file.string()));
    Classifier classifier(std::move(card), std::move(parts));
    check_self_test(classifier, card_file.string());
    return classifier;
  });
}

void Classifier::save(const fs::path& folder) const {
  AtomicPath out(folder);
  fs::create_directories(out.temporary());
  Safetensors weights;
  if (parts_->bags) collect_bag_state(*parts_->bags, weights);
  if (parts_->net) collect_tensors(*parts_->net, "", weights);
  if (parts_->encoder) collect_tensors(*parts_->encoder, kEncoderPrefix, weights);
  if (parts_->graph_cells) collect_graph_cells(*parts_->graph_cells, weights);
  weights.metadata["cellverdict"] = card_.version;
  if (card_.model.kind == "bert") {
    weights.metadata["format"] = "pt";  // without it transformers does not open the file
    write_file(out.temporary() / kShapeFile, bert_config_text(card_.bert));
    write_token_dictionary(out.temporary(), dynamic_cast<const CellBert&>(*parts_->net).dictionary(card_.preparation.genes),
                           "cellverdict");
  }
  const fs::path file = out.temporary() / "model.safetensors";
  write_safetensors(file, weights);
  ModelCard card = card_;
  card.weights_sha256 = sha256_of_file(file);
  write_file(out.temporary() / "model.json", model_card_to_json(card));
  out.commit();
}

std::vector<HeadProbabilities> Classifier::predict_block(const RunContext& context, const CsrBlock& prepared) const {
  return through_torch_door("predicting", [&] {
    torch::set_num_threads(context.threads);
    if (parts_->bags) return std::vector<HeadProbabilities>{predict_one_bag(context, card_, *parts_->bags, prepared)};
    if (parts_->encoder) {
      const CsrBlock rows = full_rows(encode_block(context, *parts_->encoder, prepared));
      return predict_together(context, std::vector<std::string>(static_cast<std::size_t>(rows.n_rows())), rows);
    }
    return predict_seen(context, prepared);
  });
}

std::vector<HeadProbabilities> Classifier::predict_seen(const RunContext& context, const CsrBlock& seen) const {
  return through_torch_door("predicting", [&] {
    torch::set_num_threads(context.threads);
    const torch::NoGradGuard no_gradient;
    parts_->net->eval();
    const bool sparse = !parts_->encoder && card_.train.first_layer == "sparse";
    const auto logits =
        parts_->net->forward({seen, sparse ? FirstLayerKernel::sparse : FirstLayerKernel::dense, context.threads}, 0);
    std::vector<HeadProbabilities> probabilities(card_.heads.size());
    for (std::size_t h = 0; h < card_.heads.size(); ++h)
      append_probabilities(logits[h], static_cast<std::int64_t>(card_.heads[h].classes.size()), probabilities[h]);
    return probabilities;
  });
}

void Classifier::append_seen(const RunContext& context, const CsrBlock& prepared, CsrBlock& seen) const {
  through_torch_door("encoding", [&] {
    torch::set_num_threads(context.threads);
    const CsrBlock latents = full_rows(encode_block(context, *parts_->encoder, prepared));
    for (std::int64_t i = 0; i < latents.n_rows(); ++i) append_full_row(latents.row(i).values, seen);
  });
}

std::vector<HeadProbabilities> Classifier::predict_together(const RunContext& context, const std::vector<std::string>& names,
                                                            const CsrBlock& seen) const {
  if (!parts_->graph_cells) return predict_seen(context, seen);
  const GraphCells& known = *parts_->graph_cells;
  const auto places = places_in_graph(known, names);
  CsrBlock all;
  known.append_all(all);
  for (std::int64_t i = 0; i < seen.n_rows(); ++i)
    if (places[i] >= known.n_cells()) append_full_row(seen.row(i).values, all);
  std::vector<HeadProbabilities> out;
  for (const auto& head : predict_seen(context, all)) {
    const std::ptrdiff_t width = std::ssize(head) / all.n_rows();
    out.emplace_back();
    for (const std::int64_t place : places)
      out.back().insert(out.back().end(), head.begin() + place * width, head.begin() + (place + 1) * width);
  }
  return out;
}

// Cells of a view as the net of single cells sees them.
PreparedCells Classifier::seen_of(const RunContext& context, const CellView& view, std::int64_t cache_bytes) const {
  if (!parts_->encoder) return {view, card_.preparation, cache_bytes};
  return {view, encoder().encode(context, view, card_.preparation), card_.model.autoencoder.latent};
}

std::vector<HeadProbabilities> Classifier::predict_cells(const RunContext& context, const CellView& view) const {
  if (!parts_->bags) return predict_prepared(context, *this, seen_of(context, view, 0));
  return through_torch_door("predicting", [&] {
    torch::set_num_threads(context.threads);
    const PreparedCells prepared(view, card_.preparation, 0);
    const Bags bags = bags_of(view);
    const std::size_t n_classes = card_.heads[0].classes.size();
    const HeadProbabilities of_bag = predict_bags(context, card_, *parts_->bags, prepared, bags);
    HeadProbabilities of_cell(static_cast<std::size_t>(view.n_cells()) * n_classes);
    for (std::int64_t b = 0; b < bags.n_bags(); ++b)
      for (const std::int64_t i : bags.cells[b])
        std::copy_n(of_bag.begin() + b * n_classes, n_classes, of_cell.begin() + i * n_classes);
    return std::vector<HeadProbabilities>{std::move(of_cell)};
  });
}

std::vector<HeadProbabilities> Classifier::predict_epochs(const RunContext& context, const CellView& view,
                                                          const fs::path& folder) const {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  if (files.empty() || parts_->bags) return {};
  return through_torch_door("predicting", [&] {
    torch::set_num_threads(context.threads);
    const PreparedCells seen = seen_of(context, view, context.memory_bytes / 4);
    auto parts = make_parts(card_);
    parts->encoder = parts_->encoder;
    parts->graph_cells = parts_->graph_cells;
    CellNet& net = *parts->net;
    const Classifier then(card_, std::move(parts));
    std::vector<HeadProbabilities> out;
    for (const auto& file : files) {
      restore_tensors(net, "", read_safetensors(file), file.string());
      out.push_back(predict_prepared(context, then, seen)[0]);
    }
    return out;
  });
}

Encoder Classifier::encoder() const {
  if (!parts_->encoder)
    throw InternalError(
        {.where = "encoder of a model", .found = "input = \"" + card_.model.input + "\"", .expected = "\"latent\""});
  return {card_.model.autoencoder, std::make_unique<Encoder::Parts>(Encoder::Parts{.net = parts_->encoder})};
}

BagDraws Classifier::predict_draws(const RunContext& context, const CellView& view, std::int64_t n_draws) const {
  return through_torch_door("predicting", [&] {
    torch::set_num_threads(context.threads);
    const PreparedCells prepared(view, card_.preparation, n_draws > 1 ? context.memory_bytes / 4 : 0);
    const Bags bags = bags_of(view);
    BagDraws out{.unit = bags.unit, .n_dimensions = card_.model.bag.patient_width};
    std::vector<std::int64_t> all, more;
    for (std::int64_t b = 0; b < bags.n_bags(); ++b) {
      out.n_cells.push_back(std::ssize(bags.cells[b]));
      all.push_back(b);
      if (card_.model.bag.cells > 0 && out.n_cells.back() > card_.model.bag.cells) more.push_back(b);
    }
    out.n_more = std::ssize(more);
    const BagAsking asking{.context = context, .card = card_, .net = *parts_->bags, .prepared = prepared, .bags = bags};
    BagAnswers first = answer_bags(asking, all, 0);
    out.embedding = std::move(first.embedding);
    const auto n_classes = std::ssize(card_.heads[0].classes);
    for (std::int64_t draw = 0; draw < n_draws; ++draw) {
      out.probability.push_back(first.probability);
      if (draw == 0) continue;
      const HeadProbabilities drawn = answer_bags(asking, more, static_cast<int>(draw)).probability;
      for (std::size_t k = 0; k < more.size(); ++k)
        std::copy_n(drawn.begin() + static_cast<std::ptrdiff_t>(k) * n_classes, n_classes,
                    out.probability.back().begin() + more[k] * n_classes);
    }
    return out;
  });
}

std::vector<HeadProbabilities> predict_prepared(const RunContext& context, const Classifier& classifier,
                                                const PreparedCells& cells) {
  std::vector<HeadProbabilities> all(classifier.card().heads.size());
  CsrBlock block;
  if (classifier.card().model.kind == "graph") {
    for (std::int64_t i = 0; i < cells.n_cells(); ++i) cells.append(i, block);
    return classifier.predict_together(context, graph_names(cells.view()), block);
  }
  for (const auto& batch : ordered_batches(cells.n_cells(), kPredictionBatch)) {
    block.clear();
    for (const std::int64_t i : batch) cells.append(i, block);
    const auto some = cells.are_latent() ? classifier.predict_seen(context, block) : classifier.predict_block(context, block);
    for (std::size_t h = 0; h < all.size(); ++h) all[h].insert(all[h].end(), some[h].begin(), some[h].end());
  }
  return all;
}

std::string torch_version() {
  return TORCH_VERSION;
}

}  // namespace cellverdict
