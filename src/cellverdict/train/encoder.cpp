#include <cellverdict/train/encoder.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/random.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/train/epoch_loop.h>
#include <cellverdict/train/model_card.h>
#include <cellverdict/train/net_of_encoder.h>
#include <cellverdict/train/optimizer.h>
#include <cellverdict/train/tensors.h>
#include <cellverdict/train/torch_door.h>

#include <fmt/format.h>

#include <functional>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kEncodeTogether = 4096;

void each_block(const PreparedCells& cells, const std::function<void(const CsrBlock&)>& work) {
  CsrBlock block;
  for (const auto& batch : ordered_batches(cells.n_cells(), kEncodeTogether)) {
    block.clear();
    for (const std::int64_t i : batch) cells.append(i, block);
    work(block);
  }
}

class EncoderTrainer {
 public:
  EncoderTrainer(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                 const Preparation& preparation, const EncoderRequest& request)
      : context_(context),
        options_(request.options),
        train_request_(train_request_of(request)),
        training_cells_(train, preparation, context.memory_bytes / 2),
        net_(make_autoencoder(request.options, preparation.genes.size(), request.seed)),
        optimizer_(make_optimizer(train_request_.train, net_->parameters())),
        loop_(context_, train_request_, *net_, *optimizer_) {
    if (validation) validation_cells_.emplace(*validation, preparation, context.memory_bytes / 4);
  }

  Encoder train() {
    torch::set_num_threads(context_.threads);
    context_.log(fmt::format("encode    autoencoder of {} cells × {} genes, {:.0f} % non-zero, to {} numbers",
                             with_commas(training_cells_.n_cells()), with_commas(training_cells_.n_genes()),
                             100 * training_cells_.density(), options_.latent));
    EpochWork work{.train = [this](int number) { return train_epoch(number); },
                   .validate = {},
                   .describe = [](const EpochMetrics&) { return std::string(); }};
    if (validation_cells_) work.validate = [this] { return EpochMetrics{.loss = error_of(*validation_cells_)}; };
    LearningCurve curve = loop_.run(work);
    Encoder encoder(options_, std::make_unique<Encoder::Parts>(Encoder::Parts{.net = net_}));
    encoder.set_curve(std::move(curve));
    return encoder;
  }

 private:
  static TrainRequest train_request_of(const EncoderRequest& request) {
    TrainRequest out{.checkpoints = request.checkpoints, .key = request.key, .resume = request.resume};
    out.train.epochs = request.options.epochs;
    out.train.patience = request.options.patience;
    out.train.monitor = "validation.loss";
    out.train.batch_size = request.options.batch_size;
    out.train.learning_rate = request.options.learning_rate;
    out.train.weight_decay = request.options.weight_decay;
    out.train.seed = request.seed;
    return out;
  }

  EpochMetrics train_epoch(int number) {
    const TrainOptions& o = train_request_.train;
    double sum = 0;
    std::int64_t n_seen = 0;
    CsrBlock block;
    for (const auto& batch : shuffled_batches(training_cells_.n_cells(), o.batch_size, o.seed, number)) {
      block.clear();
      for (const std::int64_t i : batch) training_cells_.append(i, block);
      net_->train();
      optimizer_->zero_grad();
      const std::uint64_t step = loop_.next_step();
      const CellBatch target = batch_of(block, training_cells_.n_genes(), context_.threads);
      CsrBlock dropped;
      if (options_.input_dropout > 0) dropped = drop_values(block, options_.input_dropout, Random(o.seed, "input", {}, step)());
      const CellBatch seen{options_.input_dropout > 0 ? dropped : block, target.kernel, target.threads};
      const torch::Tensor loss = net_->loss(seen, target);
      loss.backward();
      optimizer_->step();
      const double value = loss.item<double>();
      EpochLoop::check_loss(value, number);
      sum += value * static_cast<double>(batch.size());
      n_seen += static_cast<std::int64_t>(batch.size());
      context_.progress(fmt::format("autoencoder epoch {}", number), n_seen, training_cells_.n_cells());
      loop_.stop_if_asked(number);
    }
    return {.loss = sum / static_cast<double>(n_seen)};
  }

  double error_of(const PreparedCells& cells) {
    const torch::NoGradGuard no_gradient;
    net_->eval();
    double sum = 0;
    each_block(cells, [&](const CsrBlock& block) {
      const CellBatch batch = batch_of(block, cells.n_genes(), context_.threads);
      sum += net_->loss(batch, batch).item<double>() * static_cast<double>(block.n_rows());
    });
    return sum / static_cast<double>(cells.n_cells());
  }

  const RunContext& context_;
  AutoencoderOptions options_;
  TrainRequest train_request_;
  PreparedCells training_cells_;
  std::optional<PreparedCells> validation_cells_;
  std::shared_ptr<Autoencoder> net_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  EpochLoop loop_;
};

// Sums over cells that R² is made of.
class QualitySums {
 public:
  explicit QualitySums(std::int64_t n_genes)
      : errors_(static_cast<std::size_t>(n_genes)), sums_(errors_.size()), squares_(errors_.size()) {}

  void add(const CsrBlock& cells, const SquaredErrors& errors) {
    for (std::size_t g = 0; g < errors_.size(); ++g) errors_[g] += errors.of_gene[g];
    for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
      const CsrRow row = cells.row(i);
      double sum = 0, squares = 0;
      for (std::size_t k = 0; k < row.genes.size(); ++k) {
        const double x = row.values[k];
        sums_[row.genes[k]] += x;
        squares_[row.genes[k]] += x * x;
        sum += x;
        squares += x * x;
      }
      const double spread = squares - sum * sum / static_cast<double>(errors_.size());  // over the genes of the cell
      of_cell_.push_back(spread > 0 ? 1 - errors.of_cell[i] / spread : 0);
    }
    n_ += cells.n_rows();
  }

  ReconstructionQuality quality() const {
    ReconstructionQuality q{.r2_of_cell = of_cell_};
    double error = 0, all = 0;
    for (std::size_t g = 0; g < errors_.size(); ++g) {
      const double spread = squares_[g] - sums_[g] * sums_[g] / static_cast<double>(n_);
      q.r2_of_gene.push_back(spread > 1e-12 * squares_[g] ? 1 - errors_[g] / spread : 0);
      error += errors_[g];
      all += std::max(spread, 0.0);
    }
    q.mse = error / (static_cast<double>(n_) * static_cast<double>(errors_.size()));
    q.r2 = all > 0 ? 1 - error / all : 0;
    return q;
  }

 private:
  std::vector<double> errors_, sums_, squares_, of_cell_;
  std::int64_t n_ = 0;
};

}  // namespace

std::shared_ptr<Autoencoder> make_autoencoder(const AutoencoderOptions& options, std::int64_t n_genes, std::uint64_t seed) {
  return std::make_shared<Autoencoder>(
      AutoencoderShape{
          .n_genes = n_genes, .hidden = options.hidden, .latent = options.latent, .latent_activation = options.latent_activation},
      seed);
}

CellBatch batch_of(const CsrBlock& cells, std::int64_t n_genes, int threads) {
  const double room = static_cast<double>(cells.n_rows()) * static_cast<double>(n_genes);
  const bool sparse = static_cast<double>(cells.indices.size()) < kDenseFrom * room;
  return {cells, sparse ? FirstLayerKernel::sparse : FirstLayerKernel::dense, threads};
}

torch::Tensor encode_block(const RunContext& context, Autoencoder& net, const CsrBlock& prepared) {
  const torch::NoGradGuard no_gradient;
  net.eval();
  return net.encode(batch_of(prepared, net.shape().n_genes, context.threads)).contiguous();
}

CsrBlock full_rows(const torch::Tensor& latents) {
  CsrBlock rows;
  const auto width = static_cast<std::size_t>(latents.size(1));
  const float* numbers = latents.const_data_ptr<float>();
  for (std::int64_t i = 0; i < latents.size(0); ++i, numbers += width) append_full_row({numbers, width}, rows);
  return rows;
}

Encoder::Encoder(AutoencoderOptions options, std::unique_ptr<Parts> parts)
    : options_(std::move(options)), parts_(std::move(parts)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

Encoder Encoder::load(const fs::path& folder, const AutoencoderOptions& options, std::int64_t n_genes) {
  const fs::path file = folder / "autoencoder.safetensors", curve = folder / "curve.json";
  const Safetensors weights = read_safetensors(file);
  return through_torch_door("loading " + folder.string(), [&] {
    auto net = make_autoencoder(options, n_genes, 0);
    restore_tensors(*net, "", weights, file.string());
    Encoder encoder(options, std::make_unique<Parts>(Parts{.net = std::move(net)}));
    encoder.set_curve(learning_curve_from_json(read_file(curve), curve.string()));
    return encoder;
  });
}

void Encoder::save(const fs::path& folder) const {
  AtomicPath out(folder);
  fs::create_directories(out.temporary());
  Safetensors weights;
  collect_tensors(*parts_->net, "", weights);
  write_safetensors(out.temporary() / "autoencoder.safetensors", weights);
  write_file(out.temporary() / "curve.json", learning_curve_to_json(curve_));
  out.commit();
}

std::vector<float> Encoder::encode(const RunContext& context, const CellView& view, const Preparation& preparation) const {
  return through_torch_door("encoding", [&] {
    torch::set_num_threads(context.threads);
    std::vector<float> latents;
    latents.reserve(static_cast<std::size_t>(view.n_cells() * n_latents()));
    each_block(PreparedCells(view, preparation, 0), [&](const CsrBlock& block) {
      const torch::Tensor z = encode_block(context, *parts_->net, block);
      latents.insert(latents.end(), z.const_data_ptr<float>(), z.const_data_ptr<float>() + z.numel());
    });
    return latents;
  });
}

ReconstructionQuality Encoder::reconstruct(const RunContext& context, const CellView& view, const Preparation& preparation) const {
  return through_torch_door("reconstructing", [&] {
    torch::set_num_threads(context.threads);
    const torch::NoGradGuard no_gradient;
    Autoencoder& net = *parts_->net;
    net.eval();
    QualitySums sums(preparation.genes.size());
    each_block(PreparedCells(view, preparation, 0), [&](const CsrBlock& block) {
      const CellBatch batch = batch_of(block, preparation.genes.size(), context.threads);
      sums.add(block, squared_errors(batch, net.decode(net.encode(batch))));
    });
    return sums.quality();
  });
}

Encoder fit_encoder(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                    const Preparation& preparation, const EncoderRequest& request) {
  if (preparation.center)
    throw UsageError({.where = "[prepare] scale.center = true",
                      .found = "an autoencoder, whose error is computed from the non-zero values",
                      .expected = "values that are not centred",
                      .advice = "set scale.center = false"});
  if (train.n_cells() < 2)
    throw DataError({.where = "[model.autoencoder] where = \"" + request.options.where + "\"",
                     .found = counted(train.n_cells(), "training cell"),
                     .expected = "at least two",
                     .advice = "name cells that the training side has"});
  return through_torch_door("training the autoencoder",
                            [&] { return EncoderTrainer(context, train, validation, preparation, request).train(); });
}

}  // namespace cellverdict
