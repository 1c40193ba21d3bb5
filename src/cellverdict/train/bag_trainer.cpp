// The training loop of bags (PaSCient, Methods): cells of each patient are drawn anew each epoch, gradients are added up over the
// patients of a step, class-weighted cross-entropy, early stopping on a validation metric with the best weights restored. With
// mixup (ScRAT) some of a step's patients are made of two.

#include <cellverdict/base/error.h>
#include <cellverdict/encode/balance.h>
#include <cellverdict/encode/mixup.h>
#include <cellverdict/train/bag_net.h>
#include <cellverdict/train/bag_trainer.h>
#include <cellverdict/train/epoch_loop.h>
#include <cellverdict/train/net_of_card.h>
#include <cellverdict/train/objective.h>
#include <cellverdict/train/optimizer.h>
#include <cellverdict/train/plateau.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace cellverdict {

namespace {

// One side of the split: its prepared cells and its bags.
struct BagSide {
  BagSide(const CellView& view, const Preparation& preparation, std::int64_t cache_bytes)
      : prepared(view, preparation, cache_bytes), bags(labelled_bags_of(view)) {}
  PreparedCells prepared;
  Bags bags;
};

std::string range_of(const std::vector<double>& shares) {
  const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
  return fmt::format("{:.3f} to {:.3f}", *least, *most);
}

// What is asked of a shown patient: its class, or both classes of one mixed of two.
struct BagTarget {
  std::int64_t first = 0, second = 0;
  double share = 1;  // of the first
  bool is_mixed = false;
};

class BagTrainer {
 public:
  BagTrainer(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation, ModelCard card,
             const TrainRequest& request)
      : context_(context),
        request_(request),
        train_(train, card.preparation, context.memory_bytes / 2),
        classifier_(make_classifier(std::move(card))),
        head_(classifier_.card().heads[0]),
        positive_(static_cast<std::int32_t>(std::find(head_.classes.begin(), head_.classes.end(), classifier_.card().positive) -
                                            head_.classes.begin())),
        class_weights_(head_.classes.size(), 1.0) {
    if (validation) validation_.emplace(*validation, classifier_.card().preparation, context.memory_bytes / 4);
    if (request.train.class_weights == "balanced") class_weights_ = balanced_weights(train_.bags.label, head_.classes.size());
    disease_ = {.of_bag = train_.bags.label, .n_classes = static_cast<std::int64_t>(head_.classes.size())};
    if (options().balance.ends_with("tissue")) read_tissues(train);
    optimizer_ = make_optimizer(request.train, net_->parameters());
    loop_.emplace(context_, request_, *net_, *optimizer_);
  }

  Classifier train() {
    torch::set_num_threads(context_.threads);
    context_.log(fmt::format("train     {} of {}, {} genes, {:.0f} % non-zero, {}, {}", counted(train_.bags.n_bags(), "bag"),
                             counted(train_.prepared.n_cells(), "cell"), with_commas(train_.prepared.n_genes()),
                             100 * train_.prepared.density(), options().aggregator,
                             train_.prepared.cached() ? "kept prepared in memory" : "prepared while reading"));
    EpochWork work{.train = [this](int number) { return train_epoch(number); }, .validate = {}};
    if (validation_) work.validate = [this] { return validate(); };
    classifier_.card().curve = loop_->run(work);
    return std::move(classifier_);
  }

 private:
  const BagOptions& options() const { return classifier_.card().model.bag; }

  Classifier make_classifier(ModelCard card) {
    if (card.train.first_layer == "auto") card.train.first_layer = train_.prepared.density() < kDenseFrom ? "sparse" : "dense";
    auto parts = make_parts(card);
    net_ = parts->bags;
    return {std::move(card), std::move(parts)};
  }

  void read_tissues(const TrainView& train) {
    if (options().tissue.empty())
      throw UsageError({.where = "[model.bag] balance = \"" + options().balance + "\"",
                        .found = "no tissue",
                        .expected = "tissue = \"<obs column>\"",
                        .advice = "name the column, or balance diseases alone"});
    const BagColumn column = bag_column(train, train_.bags, options().tissue, "[model.bag] tissue");
    tissue_ = {.of_bag = column.code, .n_classes = static_cast<std::int64_t>(column.values.size())};
    if (column.n_mixed > 0)
      context_.warn(fmt::format("{} with several values of '{}': each counts with that of most of its cells.",
                                counted(column.n_mixed, "bag"), options().tissue));
  }

  EpochMetrics validate() {
    const HeadProbabilities p = predict_bags(context_, classifier_.card(), *net_, validation_->prepared, validation_->bags);
    return measure_side({p}, {validation_->bags.label}, {head_}, positive_);
  }

  void set_learning_rate() {
    std::vector<double> losses;
    for (const Epoch& epoch : loop_->curve().epochs)
      if (epoch.validation) losses.push_back(epoch.validation->loss);
    const double rate = rate_after(losses, request_.train.learning_rate,
                                   {.patience = options().plateau_patience, .factor = options().plateau_factor});
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(rate);
  }

  std::vector<std::vector<std::int64_t>> batches_of(int number) {
    const BalancedBags balanced = balance_bags({.kind = options().balance, .as_published_code = options().as_published_code},
                                               disease_, tissue_, request_.train.seed, number);
    if (number == 1 && options().balance != "none")
      context_.log(fmt::format("balance   {}: {} an epoch, shares of classes {}{}, at most {:.3f} from equal", options().balance,
                               counted(std::ssize(balanced.draws), "draw"), range_of(balanced.disease),
                               balanced.tissue.empty() ? "" : ", of tissues " + range_of(balanced.tissue), balanced.most_off));
    if (number == 1 && balanced.n_left_out > 0)
      context_.warn(
          fmt::format("{} without a value of '{}' not trained on.", counted(balanced.n_left_out, "bag"), options().tissue));
    return shuffled_bags(balanced.draws, options().patients, request_.train.seed, number);
  }

  EpochMetrics train_epoch(int number) {
    set_learning_rate();
    net_->train();
    seen_ = {};
    truth_seen_.clear();
    double loss_sum = 0;
    const auto batches = batches_of(number);
    const auto mixed = mixed_of(batches, number);
    for (std::size_t k = 0; k < batches.size(); ++k) {
      const double loss = train_step(batches[k], mixed[k], number);
      EpochLoop::check_loss(loss, number);
      loss_sum += loss * static_cast<double>(batches[k].size());
      context_.progress(fmt::format("epoch {}", number), static_cast<std::int64_t>(k) + 1, std::ssize(batches));
      loop_->stop_if_asked(number);
    }
    EpochMetrics metrics = measure_side({seen_}, {truth_seen_}, {head_}, positive_);
    metrics.loss = loss_sum / static_cast<double>(truth_seen_.size());
    return metrics;
  }

  // Patients to be made of two, dealt to the batches in turn.
  std::vector<std::vector<MixedPair>> mixed_of(const std::vector<std::vector<std::int64_t>>& batches, int number) {
    std::vector<std::vector<MixedPair>> out(batches.size());
    if (options().mixup == 0) return out;
    std::vector<std::int64_t> draws;
    for (const auto& batch : batches) draws.insert(draws.end(), batch.begin(), batch.end());
    const auto pairs =
        mixed_pairs(draws, {.per_bag = options().mixup, .alpha = options().mixup_alpha}, request_.train.seed, number);
    for (std::size_t k = 0; k < pairs.size(); ++k) out[k % out.size()].push_back(pairs[k]);
    return out;
  }

  double class_weight(const BagTarget& target) const {
    return target.share * class_weights_[target.first] + (1 - target.share) * class_weights_[target.second];
  }

  std::vector<std::int64_t> drawn_cells(std::int64_t bag, int number) const {
    return sample_bag(train_.bags, bag, options().cells, request_.train.seed, number);
  }

  // One step of the optimiser; the loss is the mean over the batch's patients by class weight, as in PyTorch.
  double train_step(const std::vector<std::int64_t>& batch, const std::vector<MixedPair>& mixed, int number) {
    optimizer_->zero_grad();
    std::vector<BagTarget> targets;
    const auto& label = train_.bags.label;
    for (const std::int64_t b : batch) targets.push_back({.first = label[b], .second = label[b]});
    for (const auto& pair : mixed)
      targets.push_back({.first = label[pair.first], .second = label[pair.second], .share = pair.share, .is_mixed = true});
    const double weight_sum = std::accumulate(targets.begin(), targets.end(), 0.0,
                                              [this](double sum, const BagTarget& t) { return sum + class_weight(t); });
    double loss = 0;
    packed_.clear();
    std::size_t first = 0;  // of the targets in packed_
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (i < batch.size()) {
        packed_.append(train_.prepared, batch[i], drawn_cells(batch[i], number));
      } else {
        const MixedPair& pair = mixed[i - batch.size()];
        const auto a = drawn_cells(pair.first, number), b = drawn_cells(pair.second, number);
        append_mixed(train_.prepared, pair, {a, b}, request_.train.seed, packed_);
      }
      if (packed_.cells.n_rows() < kCellsTogether && i + 1 < targets.size()) continue;
      loss += add_gradient(std::span(targets).subspan(first, i + 1 - first), weight_sum);
      packed_.clear();
      first = i + 1;
    }
    optimizer_->step();
    loop_->next_step();
    return loss;
  }

  // The packed bags' share of the batch's loss, its gradient added to what there is.
  double add_gradient(std::span<const BagTarget> targets, double weight_sum) {
    const auto kernel = classifier_.card().train.first_layer == "sparse" ? FirstLayerKernel::sparse : FirstLayerKernel::dense;
    const torch::Tensor logits = net_->forward({{packed_.cells, kernel, context_.threads}, packed_.offsets});
    std::vector<std::int64_t> first, second;
    std::vector<float> of_first, of_second;
    std::int64_t n_real = 0;  // they come first; what the history says is of them alone
    for (const auto& target : targets) {
      first.push_back(target.first);
      second.push_back(target.second);
      of_first.push_back(static_cast<float>(target.share * class_weights_[target.first] / weight_sum));
      of_second.push_back(static_cast<float>((1 - target.share) * class_weights_[target.second] / weight_sum));
      if (target.is_mixed) continue;
      truth_seen_.push_back(static_cast<std::int32_t>(target.first));
      ++n_real;
    }
    const torch::Tensor log_p = torch::log_softmax(logits, 1);
    torch::Tensor loss = (torch::nll_loss(log_p, torch::tensor(first), {}, at::Reduction::None) * torch::tensor(of_first)).sum();
    if (n_real < std::ssize(targets))
      loss = loss + (torch::nll_loss(log_p, torch::tensor(second), {}, at::Reduction::None) * torch::tensor(of_second)).sum();
    loss.backward();
    if (n_real > 0) append_bag_probabilities(logits.narrow(0, 0, n_real), seen_);
    return loss.item<double>();
  }

  const RunContext& context_;
  const TrainRequest& request_;
  std::shared_ptr<BagClassifier> net_;
  BagSide train_;
  Classifier classifier_;
  ModelHead head_;
  std::int32_t positive_;
  std::optional<BagSide> validation_;
  std::vector<double> class_weights_;  // [classes]
  BagClasses disease_, tissue_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::optional<EpochLoop> loop_;
  PackedBags packed_;
  HeadProbabilities seen_;  // of the epoch's bags so far
  std::vector<std::int32_t> truth_seen_;
};

}  // namespace

Classifier train_bag_classifier(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                                ModelCard card, const TrainRequest& request) {
  if (card.heads.size() > 1)
    throw UsageError({.where = "[[model.head]]",
                      .found = "a head besides the label's with kind = \"bag\"",
                      .expected = "none: a bag has one answer",
                      .advice = "take it away, or train kind = \"mlp\""});
  return BagTrainer(context, train, validation, std::move(card), request).train();
}

}  // namespace cellverdict
