// The training loop (paper §2.5): minibatches, combined loss, early stopping on a validation metric with the best weights restored.

#include <cellverdict/base/error.h>
#include <cellverdict/train/bag_trainer.h>
#include <cellverdict/train/epoch_loop.h>
#include <cellverdict/train/net_of_card.h>
#include <cellverdict/train/net_of_encoder.h>
#include <cellverdict/train/objective.h>
#include <cellverdict/train/optimizer.h>
#include <cellverdict/train/schedule.h>
#include <cellverdict/train/torch_door.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace cellverdict {

namespace {

std::int64_t n_weights(const torch::nn::Module& net) {
  std::int64_t n = 0;
  for (const auto& parameter : net.parameters()) n += parameter.numel();
  return n;
}

class Trainer {
 public:
  Trainer(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation, ModelCard card,
          const TrainRequest& request)
      : context_(context),
        request_(request),
        training_cells_(cells_of(train, card.preparation, context.memory_bytes / 2)),
        classifier_(make_classifier(std::move(card))),
        truth_(head_truth(train, heads())),
        positive_(
            static_cast<std::int32_t>(std::find(heads()[0].classes.begin(), heads()[0].classes.end(), classifier_.card().positive) -
                                      heads()[0].classes.begin())) {
    if (validation) {
      validation_cells_.emplace(cells_of(*validation, classifier_.card().preparation, context.memory_bytes / 4));
      validation_truth_ = head_truth(*validation, heads());
    }
    loss_ = loss_of(request.train);
    if (request.train.class_weights == "balanced") class_weights_ = balanced_weights(truth_[0], heads()[0].classes.size());
    optimizer_ = is_bert() ? make_transformer_optimizer(request.train, net_->parameters())
                           : make_optimizer(request.train, net_->parameters());
    n_steps_ = batches_of(1).size() * static_cast<std::uint64_t>(request.train.epochs);
    check_schedule(request.train, n_steps_);
    loop_.emplace(context_, request_, *net_, *optimizer_);
  }

  Classifier train() {
    torch::set_num_threads(context_.threads);
    context_.log("train     " + training_in_words());
    EpochWork work{.train = [this](int number) { return train_epoch(number); }, .validate = {}};
    if (validation_cells_)
      work.validate = [this] {
        return measure_side(predict_prepared(context_, classifier_, *validation_cells_), validation_truth_, heads(), positive_);
      };
    classifier_.card().curve = loop_->run(work);
    for (const auto& note : net_->take_notes()) context_.log("note      " + note);
    return std::move(classifier_);
  }

 private:
  PreparedCells cells_of(const CellView& view, const Preparation& preparation, std::int64_t cache_bytes) const {
    const Encoder* encoder = request_.encoder;
    if (encoder == nullptr) return {view, preparation, cache_bytes};
    return {view, encoder->encode(context_, view, preparation), encoder->n_latents()};
  }

  // Also settles which kernel the first layer uses, for training and every later prediction.
  Classifier make_classifier(ModelCard card) {
    if (card.train.first_layer == "auto") card.train.first_layer = training_cells_.density() < kDenseFrom ? "sparse" : "dense";
    auto parts = card.model.kind == "bert" ? std::make_unique<Classifier::Parts>() : make_parts(card);
    if (card.model.kind == "bert") parts->net = begin_cell_bert(request_, card);
    if (request_.encoder != nullptr) parts->encoder = request_.encoder->parts().net;
    if (request_.graph_cells != nullptr) {
      const CellView& all = *request_.graph_cells;
      auto known = std::make_shared<const GraphCells>(
          graph_cells_of(all, request_.encoder->encode(context_, all, card.preparation), request_.encoder->n_latents()));
      places_ = torch::tensor(places_in_graph(*known, graph_names(training_cells_.view())));
      parts->graph_cells = std::move(known);
    }
    net_ = parts->net;
    return {std::move(card), std::move(parts)};
  }

  const std::vector<ModelHead>& heads() const { return classifier_.card().heads; }

  std::string training_in_words() const {
    const ModelCard& card = classifier_.card();
    const std::string cells = with_commas(training_cells_.n_cells());
    if (training_cells_.are_latent())
      return fmt::format("{} cells × {} latent numbers, {}", cells, training_cells_.n_genes(), card.model.kind);
    if (is_bert())
      return fmt::format("{} cells by rank, BERT of {} layers × {}, {} weights", cells, card.bert.layers, card.bert.width,
                         with_commas(n_weights(*net_)));
    return fmt::format("{} cells × {} genes, {:.0f} % non-zero, {} first layer, {}", cells, with_commas(training_cells_.n_genes()),
                       100 * training_cells_.density(), card.train.first_layer,
                       training_cells_.cached() ? "kept prepared in memory" : "prepared while reading");
  }

  bool is_bert() const { return classifier_.card().model.kind == "bert"; }

  std::vector<std::vector<std::int64_t>> batches_of(int epoch) const {
    const TrainOptions& o = request_.train;
    const std::int64_t n_cells = training_cells_.n_cells();
    // Neighbours must be there to be asked: a graph is trained on as a whole.
    if (classifier_.card().model.kind == "graph") return ordered_batches(n_cells, n_cells);
    if (o.upsample) return upsampled_batches(truth_[0], o.batch_size, o.seed, epoch);
    return shuffled_batches(n_cells, o.batch_size, o.seed, epoch);
  }

  // Cells of a minibatch that go through the net together: all, or of a large net so many that their gradients are added up.
  std::size_t together(const std::vector<std::int64_t>& batch) const {
    return is_bert() ? static_cast<std::size_t>(classifier_.card().model.bert.cells_at_once) : batch.size();
  }

  void take_step(std::uint64_t step) {
    const TrainOptions& o = request_.train;
    if (o.schedule != "constant" || o.warmup > 0)
      set_learning_rate(*optimizer_, o.learning_rate * schedule_factor(o, step, n_steps_));
    if (o.clip_norm > 0) torch::nn::utils::clip_grad_norm_(net_->parameters(), o.clip_norm);
    optimizer_->step();
  }

  EpochMetrics train_epoch(int number) {
    const auto batches = batches_of(number);
    std::int64_t n_shown = 0;
    for (const auto& batch : batches) n_shown += std::ssize(batch);
    const auto kernel = classifier_.card().train.first_layer == "sparse" ? FirstLayerKernel::sparse : FirstLayerKernel::dense;
    HeadTruth truth_seen(1);
    std::vector<HeadProbabilities> probabilities_seen(1);
    double loss_sum = 0;
    std::int64_t n_seen = 0;
    CsrBlock block;
    for (const auto& batch : batches) {
      net_->train();
      optimizer_->zero_grad();
      const std::uint64_t step = loop_->next_step();
      for (std::size_t begin = 0; begin < batch.size(); begin += together(batch)) {
        const auto some = std::span(batch).subspan(begin, std::min(together(batch), batch.size() - begin));
        block.clear();
        std::vector<std::vector<std::int64_t>> truth(heads().size());
        if (places_.defined()) classifier_.parts().graph_cells->append_all(block);
        for (const std::int64_t i : some) {
          if (!places_.defined()) training_cells_.append(i, block);
          for (std::size_t h = 0; h < truth.size(); ++h) truth[h].push_back(truth_[h][i]);
          truth_seen[0].push_back(truth_[0][i]);
        }
        // Parts of a minibatch have masks of their own.
        auto logits = net_->forward({block, kernel, context_.threads}, step + (begin << 40U));
        if (places_.defined())  // the others have no label here
          for (auto& of_head : logits) of_head = of_head.index_select(0, places_);
        const double share = static_cast<double>(some.size()) / static_cast<double>(batch.size());
        const torch::Tensor loss = combined_loss(logits, truth, heads(), class_weights_, loss_);
        (share < 1 ? loss * share : loss).backward();
        const double value = loss.item<double>();
        EpochLoop::check_loss(value, number);
        loss_sum += value * static_cast<double>(some.size());
        append_probabilities(logits[0], static_cast<std::int64_t>(heads()[0].classes.size()), probabilities_seen[0]);
      }
      take_step(step);
      n_seen += std::ssize(batch);
      context_.progress(fmt::format("epoch {}", number), n_seen, n_shown);
      loop_->stop_if_asked(number);
    }
    EpochMetrics metrics = measure_side(probabilities_seen, truth_seen, {heads()[0]}, positive_);
    metrics.loss = loss_sum / static_cast<double>(n_seen);
    return metrics;
  }

  const RunContext& context_;
  const TrainRequest& request_;
  std::shared_ptr<CellNet> net_;
  PreparedCells training_cells_;
  torch::Tensor places_;  // of the training cells in a transductive graph; undefined: they are the graph
  Classifier classifier_;
  HeadTruth truth_;
  std::int32_t positive_;
  std::optional<PreparedCells> validation_cells_;
  HeadTruth validation_truth_;
  std::vector<double> class_weights_;
  LossOptions loss_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::uint64_t n_steps_ = 0;  // of the whole training, if it is not stopped early
  std::optional<EpochLoop> loop_;
};

// A few training cells, spread over the view, with what the finished model says of them.
void add_self_test(const RunContext& context, const TrainView& train, Classifier& classifier) {
  constexpr std::int64_t kCells = 8;
  const auto column = preparation_columns(classifier.card().preparation, train.genes());
  CsrBlock prepared;
  std::vector<SelfTestCell> cells;
  for (std::int64_t k = 0; k < std::min(kCells, train.n_cells()); ++k) {
    const std::int64_t i = k * train.n_cells() / std::min(kCells, train.n_cells());
    CsrBlock counts;
    train.append_counts(i, counts);
    apply_preparation(classifier.card().preparation, column, counts.row(0), train.total(i), prepared);
    SelfTestCell cell{.total = train.total(i)};
    for (std::size_t n = 0; n < counts.indices.size(); ++n) {
      if (column[counts.indices[n]] < 0) continue;
      cell.genes.push_back(column[counts.indices[n]]);
      cell.counts.push_back(counts.values[n]);
    }
    cells.push_back(std::move(cell));
  }
  const HeadProbabilities p = classifier.predict_block(context, prepared)[0];
  const std::size_t n_classes = classifier.card().heads[0].classes.size();
  // The last step may have thrown the weights off without a loss to show it.
  if (!std::all_of(p.begin(), p.end(), [](double x) { return std::isfinite(x); }))
    throw DataError({.where = "training",
                     .found = "predictions that are not numbers after the last step",
                     .expected = "finite weights",
                     .advice = "lower [train] learning_rate"});
  for (std::size_t k = 0; k < cells.size(); ++k)
    cells[k].probability.assign(p.begin() + k * n_classes, p.begin() + (k + 1) * n_classes);
  classifier.card().self_test = std::move(cells);
}

}  // namespace

Classifier train_classifier(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                            const Preparation& preparation, const std::vector<std::vector<std::string>>& head_classes,
                            const TrainRequest& request) {
  ModelCard card;
  card.model = request.model;
  card.train = request.train;
  card.preparation = preparation;
  card.positive = train.roles().positive;
  card.unit = train.roles().unit;
  card.donor = train.roles().donor;
  if (request.encoder != nullptr) card.encoder_curve = request.encoder->curve();
  card.heads.push_back({.label = train.roles().label, .classes = train.classes(), .weight = 1});
  for (std::size_t h = 0; h < request.model.heads.size(); ++h)
    card.heads.push_back({.label = request.model.heads[h].label,
                          .classes = head_classes[h],
                          .weight = request.model.heads[h].weight,
                          .against = request.model.heads[h].against});
  return through_torch_door("training", [&] {
    Classifier classifier = request.model.kind == "bag" ? train_bag_classifier(context, train, validation, std::move(card), request)
                                                        : Trainer(context, train, validation, std::move(card), request).train();
    add_self_test(context, train, classifier);
    return classifier;
  });
}

}  // namespace cellverdict
