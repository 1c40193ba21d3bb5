#include <cellverdict/run/latent_files.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/stats/principal_components.h>
#include <cellverdict/table/quantile.h>

#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::int64_t kMostPoints = 3000;   // on the map
constexpr std::int64_t kMostFitted = 20000;  // cells its axes are fitted on

// Some of n, spread over all.
std::vector<std::int64_t> spread(std::int64_t n, std::int64_t most) {
  std::vector<std::int64_t> out;
  for (std::int64_t k = 0; k < std::min(n, most); ++k) out.push_back(k * n / std::min(n, most));
  return out;
}

// The cells of all sides of the split as dealt, one side behind the other.
struct AllCells {
  std::vector<std::string> label, unit, donor, type, side;
  Names names;
  std::vector<double> latents;  // [cells, n_latents]
};

class Fold {
 public:
  Fold(const RunContext& context, const VariantRun& variant, const OpenedFold& fold)
      : context_(context),
        fold_(fold.run),
        options_(variant.experiment.evaluate),
        classifier_(fold.classifier),
        encoder_(classifier_.encoder()) {}

  void write(bool first, Evaluation& evaluation) {
    const Split& whole = fold_.split.whole();
    add(whole.train(), Side::train);
    if (const auto validation = whole.validation()) add(*validation, Side::validation);
    add(whole.test(), Side::test);
    write_cells();
    std::string tsv = "gene\tsymbol";
    std::vector<std::vector<double>> columns;
    const auto measure = [&](const std::string& name, const TestView& view) {
      if (view.n_cells() == 0) return;
      ReconstructionQuality q = encoder_.reconstruct(context_, view, classifier_.card().preparation);
      tsv += "\tr2 " + name;
      columns.push_back(q.r2_of_gene);
      if (first)
        evaluation.reconstruction.push_back({.set = name,
                                             .n_cells = view.n_cells(),
                                             .r2 = q.r2,
                                             .mse = q.mse,
                                             .median_r2_of_gene = median_of(q.r2_of_gene),
                                             .median_r2_of_cell = median_of(q.r2_of_cell)});
    };
    measure("test", fold_.split.test());
    for (const auto& set : options_.sets) measure(set.name, fold_.split.test(set.where));
    const GeneList& genes = classifier_.card().preparation.genes;
    tsv += "\n";
    for (std::int64_t g = 0; g < genes.size(); ++g) {
      tsv += genes.ids[g] + "\t" + genes.symbols[g];
      for (const auto& column : columns) tsv += fmt::format("\t{:.6g}", column[g]);
      tsv += "\n";
    }
    write_file(fold_.folder / kReconstructionFile, tsv);
    if (first) evaluation.latent_map = map();
  }

 private:
  std::string type_column(const CellView& view) const {
    return !options_.cell_type.empty() ? options_.cell_type : view.has_column("cell_type") ? "cell_type" : "";
  }

  void add(const CellView& view, Side side) {
    if (side == Side::train) n_train_ = view.n_cells();
    const auto some = encoder_.encode(context_, view, classifier_.card().preparation);
    cells_.latents.insert(cells_.latents.end(), some.begin(), some.end());
    const std::string type = type_column(view);
    const Column types = type.empty() ? Column{} : view.column(type, "[evaluate] cell_type");
    for (std::int64_t i = 0; i < view.n_cells(); ++i) {
      cells_.names.push_back(view.cell(i));
      cells_.label.push_back(view.classes()[view.label(i)]);
      cells_.unit.push_back(view.unit(i));
      cells_.donor.push_back(view.donor(i));
      cells_.side.emplace_back(side_name(side));
      if (!type.empty()) cells_.type.push_back(types.text(i));
    }
    type_column_ = type;
  }

  void write_cells() const {
    const CohortRoles& roles = fold_.cohort->roles;
    DenseH5adContents contents;
    contents.obs.index = cells_.names;
    contents.obs.set(roles.label, make_text_column(cells_.label));
    contents.obs.set(roles.unit, make_text_column(cells_.unit));
    contents.obs.set(roles.donor, make_text_column(cells_.donor));
    if (!type_column_.empty()) contents.obs.set(type_column_, make_text_column(cells_.type));
    contents.obs.set("split", make_text_column(cells_.side));
    contents.obsm = {{"X_latent", cells_.latents, encoder_.n_latents()}};
    contents.notes = {{"encoder", transductive() ? "fitted on cells of all sides" : "fitted on training cells"}};
    write_dense_h5ad(fold_.folder / kLatentFile, contents);
  }

  bool transductive() const { return classifier_.card().model.autoencoder.transductive; }

  std::vector<double> rows_at(const std::vector<std::int64_t>& which) const {
    const std::int64_t n = encoder_.n_latents();
    std::vector<double> out;
    for (const std::int64_t i : which) out.insert(out.end(), cells_.latents.begin() + i * n, cells_.latents.begin() + (i + 1) * n);
    return out;
  }

  LatentMap map() const {
    const std::int64_t n = encoder_.n_latents();
    const auto fitted = rows_at(spread(n_train_, kMostFitted));
    const auto pca = fit_principal_components(
        DenseFeatures{fitted, n}, {.components = std::min<std::int64_t>(2, n), .seed = context_.seed, .threads = context_.threads});
    const auto shown = spread(static_cast<std::int64_t>(cells_.label.size()), kMostPoints);
    const auto rows = rows_at(shown);
    const auto scores = project_rows(pca, DenseFeatures{rows, n}, context_.threads);
    LatentMap map{.type_column = type_column_};
    for (const double v : pca.explained_variance) map.explained.push_back(v / pca.total_variance);
    for (std::size_t k = 0; k < shown.size(); ++k) {
      const auto at = static_cast<std::int64_t>(k) * pca.n_components;
      map.x.push_back(scores[at]);
      map.y.push_back(pca.n_components > 1 ? scores[at + 1] : 0);
      map.label.push_back(cells_.label[shown[k]]);
      map.side.push_back(cells_.side[shown[k]]);
      if (!type_column_.empty()) map.type.push_back(cells_.type[shown[k]]);
    }
    return map;
  }

  const RunContext& context_;
  const FoldRun& fold_;
  const EvaluateOptions& options_;
  const Classifier& classifier_;
  Encoder encoder_;
  AllCells cells_;
  std::int64_t n_train_ = 0;
  std::string type_column_;
};

}  // namespace

void write_latents(const RunContext& context, const VariantRun& variant, const std::vector<OpenedFold>& folds,
                   Evaluation& evaluation) {
  if (variant.experiment.model.input != "latent") return;
  for (const auto& fold : folds) Fold(context, variant, fold).write(&fold == &folds.front(), evaluation);
}

}  // namespace cellverdict
