#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/io/token_files.h>
#include <cellverdict/train/bert_folder.h>
#include <cellverdict/train/cell_bert.h>
#include <cellverdict/train/epoch_loop.h>
#include <cellverdict/train/optimizer.h>
#include <cellverdict/train/pretrain.h>
#include <cellverdict/train/schedule.h>
#include <cellverdict/train/torch_door.h>

#include <fmt/format.h>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// Tokens as the net sees them, and what stood where it is asked.
struct MaskedBatch {
  TokenBatch seen;
  torch::Tensor rows, truth;  // int64 [asked]
};

MaskedBatch mask_tokens(const TokenBatch& batch, const TokenDictionary& dictionary, Random random) {
  constexpr double kAsked = 0.15, kMasked = 0.8, kOther = 0.1;
  std::vector<std::int64_t> special;
  for (const auto& [name, token] : dictionary.specials) special.push_back(token);
  const std::int64_t mask = dictionary.special("<mask>").value();
  torch::Tensor seen = batch.tokens.clone();
  auto* tokens = seen.data_ptr<std::int64_t>();
  std::vector<std::int64_t> rows, truth;
  for (std::int64_t i = 0; i < seen.size(0); ++i) {
    const bool asked = random.uniform() < kAsked;
    if (!asked || std::ranges::find(special, tokens[i]) != special.end()) continue;
    rows.push_back(i);
    truth.push_back(tokens[i]);
    const double how = random.uniform();
    if (how < kMasked) {
      tokens[i] = mask;
    } else if (how < kMasked + kOther) {
      tokens[i] = dictionary.tokens[random.below(dictionary.tokens.size())];
    }
  }
  return {{.tokens = seen, .offsets = batch.offsets}, torch::tensor(rows, torch::kInt64), torch::tensor(truth, torch::kInt64)};
}

class Pretrainer {
 public:
  Pretrainer(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
             const Preparation& preparation, const PretrainRequest& request)
      : context_(context),
        options_(request.options),
        dictionary_(request.dictionary),
        train_request_(train_request_of(request)),
        training_cells_(train, preparation, context.memory_bytes / 2),
        net_(make_net(request)),
        cells_(std::make_shared<CellBert>(net_, preparation.genes.size(), request.options.length)),
        optimizer_(make_transformer_optimizer(train_request_.train, net_->parameters())),
        loop_(context_, train_request_, *net_, *optimizer_) {
    cells_->set_tokens(preparation.genes, dictionary_);
    if (validation) validation_cells_.emplace(*validation, preparation, context.memory_bytes / 4);
    n_steps_ = shuffled_batches(training_cells_.n_cells(), options().batch_size, options().seed, 1).size() *
               static_cast<std::uint64_t>(options().epochs);
    check_schedule(options(), n_steps_);
  }

  LearningCurve train() {
    torch::set_num_threads(context_.threads);
    context_.log(fmt::format("pretrain  BERT of {} layers × {} on {} cells, {} tokens", net_->config().layers, net_->config().width,
                             with_commas(training_cells_.n_cells()), with_commas(net_->config().vocabulary)));
    for (const auto& note : cells_->take_notes()) context_.log("note      " + note);
    EpochWork work{.train = [this](int number) { return train_epoch(number); },
                   .validate = {},
                   .describe = [](const EpochMetrics& m) { return fmt::format("  {:.1f} % of genes right", 100 * m.accuracy); }};
    if (validation_cells_) work.validate = [this] { return ask(*validation_cells_); };
    return loop_.run(work);
  }

  const Bert& net() const { return *net_; }

 private:
  static TrainRequest train_request_of(const PretrainRequest& request) {
    const BertOptions& o = request.options;
    TrainRequest out{.checkpoints = request.checkpoints, .key = request.key, .resume = request.resume};
    out.train.epochs = o.pretrain_epochs;
    out.train.patience = 0;
    out.train.monitor = "validation.loss";
    out.train.batch_size = o.pretrain_batch;
    out.train.optimizer = "adamw";
    out.train.learning_rate = o.pretrain_rate;
    out.train.weight_decay = 1e-3;
    out.train.schedule = "linear";
    out.train.warmup = o.pretrain_warmup;
    out.train.clip_norm = 1;
    out.train.seed = request.seed;
    return out;
  }

  static std::shared_ptr<Bert> make_net(const PretrainRequest& request) {
    const BertOptions& o = request.options;
    if (!o.checkpoint.empty())
      return open_bert(o.checkpoint,
                       {.task = BertTask::masked, .dictionary = request.dictionary.vocabulary(), .seed = request.seed})
          .net;
    BertConfig config = fresh_bert(o, request.dictionary);
    config.extra_layers = 0;
    return std::make_shared<Bert>(config, request.seed);
  }

  const TrainOptions& options() const { return train_request_.train; }

  template <class Batch>
  TokenBatch tokens_of(const PreparedCells& cells, const Batch& batch) {
    block_.clear();
    for (const std::int64_t i : batch) cells.append(i, block_);
    return cells_->tokens_of({.cells = block_, .threads = context_.threads});
  }

  struct Asked {
    torch::Tensor loss;  // mean over what was asked
    std::int64_t n = 0, right = 0;
  };

  Asked ask(const MaskedBatch& masked, std::uint64_t step) {
    const torch::Tensor logits = net_->logits(net_->encode(masked.seen, step), masked.seen, step, masked.rows);
    return {.loss = torch::cross_entropy_loss(logits, masked.truth),
            .n = masked.rows.size(0),
            .right = (logits.detach().argmax(1) == masked.truth).sum().item<std::int64_t>()};
  }

  EpochMetrics train_epoch(int number) {
    EpochMetrics metrics;
    std::int64_t n = 0, right = 0, n_seen = 0;
    for (const auto& batch : shuffled_batches(training_cells_.n_cells(), options().batch_size, options().seed, number)) {
      net_->train();
      optimizer_->zero_grad();
      const std::uint64_t step = loop_.next_step();
      for (std::size_t begin = 0; begin < batch.size(); begin += static_cast<std::size_t>(options_.cells_at_once)) {
        const auto some =
            std::span(batch).subspan(begin, std::min(static_cast<std::size_t>(options_.cells_at_once), batch.size() - begin));
        const MaskedBatch masked = mask_tokens(tokens_of(training_cells_, some), dictionary_,
                                               Random(options().seed, "mask genes", {}, step * 65536 + begin));
        if (masked.rows.size(0) == 0) continue;
        const Asked asked = ask(masked, step + (static_cast<std::uint64_t>(begin) << 40U));
        (asked.loss * (static_cast<double>(some.size()) / static_cast<double>(batch.size()))).backward();
        const double value = asked.loss.item<double>();
        EpochLoop::check_loss(value, number);
        metrics.loss += value * static_cast<double>(asked.n);
        n += asked.n;
        right += asked.right;
      }
      set_learning_rate(*optimizer_, options().learning_rate * schedule_factor(options(), step, n_steps_));
      torch::nn::utils::clip_grad_norm_(net_->parameters(), options().clip_norm);
      optimizer_->step();
      n_seen += std::ssize(batch);
      context_.progress(fmt::format("pre-training epoch {}", number), n_seen, training_cells_.n_cells());
      loop_.stop_if_asked(number);
    }
    metrics.loss /= static_cast<double>(std::max<std::int64_t>(n, 1));
    metrics.accuracy = static_cast<double>(right) / static_cast<double>(std::max<std::int64_t>(n, 1));
    return metrics;
  }

  EpochMetrics ask(const PreparedCells& cells) {
    const torch::NoGradGuard no_gradient;
    net_->eval();
    EpochMetrics metrics;
    std::int64_t n = 0, right = 0;
    std::uint64_t number = 0;
    for (const auto& batch : ordered_batches(cells.n_cells(), options_.cells_at_once)) {
      const MaskedBatch masked =
          mask_tokens(tokens_of(cells, batch), dictionary_, Random(options().seed, "mask validation genes", {}, number++));
      if (masked.rows.size(0) == 0) continue;
      const Asked asked = ask(masked, 0);
      metrics.loss += asked.loss.item<double>() * static_cast<double>(asked.n);
      n += asked.n;
      right += asked.right;
    }
    metrics.loss /= static_cast<double>(std::max<std::int64_t>(n, 1));
    metrics.accuracy = static_cast<double>(right) / static_cast<double>(std::max<std::int64_t>(n, 1));
    return metrics;
  }

  const RunContext& context_;
  const BertOptions& options_;
  const TokenDictionary& dictionary_;
  TrainRequest train_request_;
  PreparedCells training_cells_;
  std::optional<PreparedCells> validation_cells_;
  std::shared_ptr<Bert> net_;
  std::shared_ptr<CellBert> cells_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  EpochLoop loop_;
  std::uint64_t n_steps_ = 0;
  CsrBlock block_;
};

}  // namespace

LearningCurve pretrain_bert(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                            const Preparation& preparation, const PretrainRequest& request) {
  return through_torch_door("pre-training", [&] {
    Pretrainer trainer(context, train, validation, preparation, request);
    const LearningCurve curve = trainer.train();
    AtomicPath out(request.out);
    fs::create_directories(out.temporary());
    write_bert(out.temporary(), trainer.net());
    write_token_dictionary(out.temporary(), request.dictionary, "cellverdict");
    write_file(out.temporary() / "curve.json", learning_curve_to_json(curve));
    out.commit();
    return curve;
  });
}

}  // namespace cellverdict
