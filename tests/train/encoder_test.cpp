#include "toy.h"

#include <cellverdict/base/random.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/stats/principal_components.h>
#include <cellverdict/train/encoder.h>

#include <doctest/doctest.h>

#include <cmath>

using namespace cellverdict;
using cellverdict::testing::TempFolder;

namespace {

constexpr std::int64_t kRank = 5, kGenesHere = 60;

// Cells whose values are a product of few factors and a little noise, none negative; donors share the factors.
std::shared_ptr<const Cohort> low_rank_cohort() {
  Random random(11, "low rank");
  std::vector<double> loadings(static_cast<std::size_t>(kRank * kGenesHere));
  for (auto& x : loadings) x = random.uniform();
  GeneList genes;
  for (std::int64_t g = 0; g < kGenesHere; ++g) {
    genes.ids.push_back("G" + std::to_string(g));
    genes.symbols.push_back(genes.ids.back());
  }
  Frame obs;
  std::vector<std::string> donor, label;
  std::vector<double> totals;
  CsrBlock counts;
  for (std::int64_t i = 0; i < 1200; ++i) {
    std::vector<double> factors(static_cast<std::size_t>(kRank));
    for (auto& x : factors) x = 4 * random.uniform();
    double total = 0;
    for (std::int32_t g = 0; g < kGenesHere; ++g) {
      double x = 0.3 * random.uniform();
      for (std::int64_t k = 0; k < kRank; ++k) x += factors[k] * loadings[k * kGenesHere + g];
      counts.push(g, static_cast<float>(x));
      total += x;
    }
    counts.end_row();
    totals.push_back(total);
    obs.index.push_back("c" + std::to_string(i));
    donor.push_back("d" + std::to_string(i % 12));
    label.push_back(i % 12 < 6 ? "a" : "b");
  }
  obs.set("donor", make_text_column(donor));
  obs.set("label", make_text_column(label));
  std::vector<CsrShard> shards;
  shards.push_back(make_shard(std::move(counts)));
  auto table = std::make_shared<const CellTable>(std::move(genes), std::move(obs), std::move(totals), std::move(shards));
  return std::make_shared<const Cohort>(make_cohort(std::move(table), {.label = "label", .unit = "donor"}));
}

// Values as they are: no total is divided by, no logarithm taken.
Preparation as_they_are(const TrainView& train) {
  PrepareOptions options{.target_sum = 0, .log1p = false, .min_cells_per_gene = 0};
  options.genes.select = "all";
  options.scale = {.by = "none", .clip = 0};
  return fit_preparation({}, train, options);
}

std::vector<double> dense_rows(const CellView& view, const Preparation& preparation) {
  const PreparedCells cells(view, preparation, 0);
  std::vector<double> out;
  for (std::int64_t i = 0; i < cells.n_cells(); ++i) {
    CsrBlock row;
    cells.append(i, row);
    std::vector<double> full(static_cast<std::size_t>(kGenesHere));
    for (std::size_t k = 0; k < row.indices.size(); ++k) full[row.indices[k]] = row.values[k];
    out.insert(out.end(), full.begin(), full.end());
  }
  return out;
}

double pca_error(const std::vector<double>& train, const std::vector<double>& held_out) {
  const auto pca = fit_principal_components(DenseFeatures{train, kGenesHere}, {.components = kRank});
  const auto scores = project_rows(pca, DenseFeatures{held_out, kGenesHere});
  double sum = 0;
  const auto n = std::ssize(held_out) / kGenesHere;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t g = 0; g < kGenesHere; ++g) {
      double x = pca.mean[g];
      for (std::int64_t k = 0; k < kRank; ++k) x += scores[i * kRank + k] * pca.components[g * kRank + k];
      sum += (held_out[i * kGenesHere + g] - x) * (held_out[i * kGenesHere + g] - x);
    }
  return sum / static_cast<double>(n * kGenesHere);
}

}  // namespace

TEST_CASE("on cells of low rank an autoencoder reconstructs held-out cells as well as principal components of that rank") {
  const auto cohort = low_rank_cohort();
  const Split split = Split::make({}, cohort, SplitOptions{.scheme = "group"});
  const Preparation preparation = as_they_are(split.train());
  const double of_pca = pca_error(dense_rows(split.train(), preparation), dense_rows(split.test(), preparation));
  EncoderRequest request;
  request.options = {.hidden = {}, .latent = kRank, .epochs = 4000, .patience = 0, .batch_size = 360, .learning_rate = 4e-3};
  const Encoder encoder = fit_encoder({}, split.train(), split.validation(), preparation, request);
  const ReconstructionQuality quality = encoder.reconstruct({}, split.test(), preparation);
  CHECK(quality.mse <= 1.05 * of_pca);
  CHECK(quality.mse > 0.5 * of_pca);  // the noise cannot be known
  CHECK(quality.r2 > 0.95);
  CHECK(std::ssize(quality.r2_of_gene) == kGenesHere);
  CHECK(std::ssize(quality.r2_of_cell) == split.test().n_cells());
}

TEST_CASE("an encoder comes back from its folder with the same latents, and trains to the same bytes") {
  const auto cohort = low_rank_cohort();
  const Split split = Split::make({}, cohort, SplitOptions{.scheme = "group"});
  const Preparation preparation = as_they_are(split.train());
  EncoderRequest request;
  request.options = {.hidden = {16}, .latent = 4, .input_dropout = 0.2, .epochs = 3, .batch_size = 64};
  const Encoder encoder = fit_encoder({}, split.train(), split.validation(), preparation, request);
  const auto latents = encoder.encode({}, split.test(), preparation);
  CHECK(std::ssize(latents) == 4 * split.test().n_cells());
  const TempFolder folder;
  encoder.save(folder / "net");
  CHECK(Encoder::load(folder / "net", request.options, kGenesHere).encode({}, split.test(), preparation) == latents);
  const Encoder again = fit_encoder({}, split.train(), split.validation(), preparation, request);
  CHECK(again.encode({}, split.test(), preparation) == latents);
}

TEST_CASE("an autoencoder refuses centred values") {
  const auto cohort = low_rank_cohort();
  const Split split = Split::make({}, cohort, SplitOptions{.scheme = "group"});
  Preparation preparation = as_they_are(split.train());
  preparation.center = true;
  CHECK_THROWS_AS(fit_encoder({}, split.train(), split.validation(), preparation, {}), UsageError);
}
