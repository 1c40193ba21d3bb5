#pragma once
// A fitted autoencoder: prepared cells in, latent numbers out. Torch-free face of the torch rooms.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/split/views.h>
#include <cellverdict/stats/learning_curve.h>
#include <cellverdict/train/options.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace cellverdict {

// How well cells are reconstructed: R² = 1 − Σ (x̂ − x)² / Σ (x − x̄)², x̄ the gene's mean over these cells.
struct ReconstructionQuality {
  std::vector<double> r2_of_gene;  // [genes]; 0 where all cells have the same value
  std::vector<double> r2_of_cell;  // [cells]
  double r2 = 0;                   // of all values together
  double mse = 0;
};

class Encoder {
 public:
  struct Parts;  // the net
  Encoder(AutoencoderOptions options, std::unique_ptr<Parts> parts);
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;
  ~Encoder();

  // What save() wrote, of an autoencoder of these options and so many genes. Throws InputError when it is missing or damaged.
  static Encoder load(const std::filesystem::path& folder, const AutoencoderOptions& options, std::int64_t n_genes);
  // autoencoder.safetensors and curve.json; the folder appears whole or not at all.
  void save(const std::filesystem::path& folder) const;

  std::int64_t n_latents() const { return options_.latent; }
  const LearningCurve& curve() const { return curve_; }
  void set_curve(LearningCurve curve) { curve_ = std::move(curve); }
  const Parts& parts() const { return *parts_; }  // for the torch rooms

  // [cells, n_latents] row-major, of any view.
  std::vector<float> encode(const RunContext& context, const CellView& view, const Preparation& preparation) const;
  ReconstructionQuality reconstruct(const RunContext& context, const CellView& view, const Preparation& preparation) const;

 private:
  AutoencoderOptions options_;
  LearningCurve curve_;
  std::unique_ptr<Parts> parts_;
};

struct EncoderRequest {
  AutoencoderOptions options;
  std::uint64_t seed = 42;
  std::filesystem::path checkpoints;  // as in TrainRequest
  std::string key;
  bool resume = false;
};

// Fits on `train`, labels unseen; the epoch of the least reconstruction error on `validation` is kept (absent: the last). Throws
// UsageError for a preparation that centres values, which leaves no zeros, and DataError for fewer than two cells.
Encoder fit_encoder(const RunContext& context, const TrainView& train, const std::optional<ValidationView>& validation,
                    const Preparation& preparation, const EncoderRequest& request);

}  // namespace cellverdict
