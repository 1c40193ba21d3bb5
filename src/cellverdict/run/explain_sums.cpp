#include <cellverdict/run/explain_sums.h>

#include <cellverdict/io/h5ad_write.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cellverdict {

AttributionSums::AttributionSums(ExplainedAxes axes)
    : axes_(std::move(axes)), types_(axes_.types.size() * (axes_.classes.size() + 1)) {}

void AttributionSums::add(const std::string& unit, std::int32_t label, std::span<const std::int32_t> type,
                          const Attribution& attribution, std::span<const double> attention) {
  const auto n_genes = static_cast<std::size_t>(axes_.genes.size());
  ExplainedUnit entry{.unit = unit,
                      .label = label,
                      .n_cells = std::ssize(type),
                      .value = attribution.value,
                      .baseline_value = attribution.baseline_value};
  for (const double a : attribution.cell) entry.attribution += a;
  has_attention_ = has_attention_ || !attention.empty();

  std::vector<double> mean(n_genes), magnitude(n_genes);
  std::vector<std::int64_t> n_of_type(axes_.types.size());
  for (std::size_t i = 0; i < type.size(); ++i) {
    ++n_of_type[type[i]];
    for (OfType* sums : {&of(type[i], 0), &of(type[i], label + 1)}) {
      sums->attribution += attribution.cell[i];
      if (!attention.empty()) sums->attention += attention[i];
    }
  }
  for (std::size_t k = 0; k < axes_.types.size(); ++k) {
    if (n_of_type[k] == 0) continue;
    const double* gene = attribution.gene.data() + k * n_genes;
    const double* size = attribution.magnitude.data() + k * n_genes;
    for (std::size_t g = 0; g < n_genes; ++g) mean[g] += gene[g], magnitude[g] += size[g];
    for (OfType* sums : {&of(k, 0), &of(k, label + 1)}) {
      ++sums->n_units;
      sums->n_cells += n_of_type[k];
      sums->gene.resize(n_genes);
      sums->gene_magnitude.resize(n_genes);
      for (std::size_t g = 0; g < n_genes; ++g) {
        sums->gene[g] += gene[g];
        sums->gene_magnitude[g] += size[g];
        sums->magnitude += size[g];
      }
    }
  }
  const auto n = static_cast<double>(entry.n_cells);
  for (std::size_t g = 0; g < n_genes; ++g) {
    attribution_.push_back(mean[g] / n);
    magnitude_.push_back(magnitude[g] / n);
  }
  units_.push_back(std::move(entry));
}

std::int64_t AttributionSums::n_cells() const {
  std::int64_t n = 0;
  for (const auto& unit : units_) n += unit.n_cells;
  return n;
}

std::vector<double> AttributionSums::relative_deltas() const {
  double greatest = 0;
  for (const auto& unit : units_) greatest = std::max(greatest, std::abs(unit.change()));
  std::vector<double> deltas;
  for (const auto& unit : units_) {
    const double of_what = std::max(std::abs(unit.change()), 0.01 * greatest);
    deltas.push_back(of_what > 0 ? std::abs(unit.attribution - unit.change()) / of_what : 0);
  }
  return deltas;
}

std::vector<double> AttributionSums::mean_of(const std::vector<double>& values, std::int32_t label) const {
  const auto n_genes = static_cast<std::size_t>(axes_.genes.size());
  std::vector<double> mean(n_genes);
  double n = 0;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    if (label >= 0 && units_[u].label != label) continue;
    ++n;
    for (std::size_t g = 0; g < n_genes; ++g) mean[g] += values[u * n_genes + g];
  }
  for (double& m : mean) m /= n;
  return mean;
}

std::vector<double> AttributionSums::strength(std::int32_t label) const {
  const bool any = std::any_of(units_.begin(), units_.end(), [&](const auto& unit) { return unit.label == label; });
  std::vector<double> mean = mean_attribution(any ? label : -1);
  for (double& m : mean) m = std::abs(m);
  return mean;
}

Frame AttributionSums::genes_frame() const {
  Frame var;
  var.index = Names(axes_.genes.ids);
  var.set("gene_symbols", make_text_column(Names(axes_.genes.symbols)));
  return var;
}

void AttributionSums::write_units(const std::filesystem::path& file) const {
  Frame obs;
  Names labels;
  std::vector<double> n_cells, value, baseline, sum, delta;
  for (const auto& unit : units_) {
    obs.index.push_back(unit.unit);
    labels.push_back(axes_.classes[unit.label]);
    n_cells.push_back(static_cast<double>(unit.n_cells));
    value.push_back(unit.value);
    baseline.push_back(unit.baseline_value);
    sum.push_back(unit.attribution);
    delta.push_back(unit.attribution - unit.change());
  }
  obs.set("label", make_text_column(labels));
  obs.set("n_cells", make_number_column(std::move(n_cells)));
  obs.set("value", make_number_column(std::move(value)));
  obs.set("baseline_value", make_number_column(std::move(baseline)));
  obs.set("attribution", make_number_column(std::move(sum)));
  obs.set("convergence_delta", make_number_column(std::move(delta)));
  obs.set("relative_delta", make_number_column(relative_deltas()));
  write_dense_h5ad(file, {.obs = std::move(obs), .var = genes_frame(), .x = attribution_, .layers = {{"magnitude", magnitude_}}});
}

void AttributionSums::write_types(const std::filesystem::path& file) const {
  Frame obs;
  Names types, labels;
  std::vector<double> n_units, n_cells, x, magnitude;
  for (std::size_t k = 0; k < types_.size(); ++k) {
    const OfType& sums = types_[k];
    if (sums.n_cells == 0) continue;
    const std::size_t at = k % (axes_.classes.size() + 1);
    const std::string& type = axes_.types[k / (axes_.classes.size() + 1)];
    obs.index.push_back(at == 0 ? type : type + " in " + axes_.classes[at - 1]);
    types.push_back(type);
    labels.push_back(at == 0 ? "" : axes_.classes[at - 1]);
    n_units.push_back(static_cast<double>(sums.n_units));
    n_cells.push_back(static_cast<double>(sums.n_cells));
    for (const double a : sums.gene) x.push_back(a / n_cells.back());
    for (const double a : sums.gene_magnitude) magnitude.push_back(a / n_cells.back());
  }
  obs.set("cell_type", make_text_column(types));
  obs.set("label", make_text_column(labels));
  obs.set("n_units", make_number_column(std::move(n_units)));
  obs.set("n_cells", make_number_column(std::move(n_cells)));
  write_dense_h5ad(file, {.obs = std::move(obs), .var = genes_frame(), .x = x, .layers = {{"magnitude", magnitude}}});
}

std::string AttributionSums::types_as_tsv() const {
  std::string tsv = "cell_type\tlabel\tn_units\tn_cells\tattribution\tmagnitude\tattention\n";
  for (std::size_t k = 0; k < types_.size(); ++k) {
    const OfType& sums = types_[k];
    if (sums.n_cells == 0) continue;
    const std::size_t at = k % (axes_.classes.size() + 1);
    // A unit's attributions sum to its change, its attention to 1: shares of a mean unit.
    const auto n_all =
        static_cast<double>(at == 0 ? std::ssize(units_) : std::count_if(units_.begin(), units_.end(), [&](const auto& u) {
          return u.label == static_cast<std::int32_t>(at) - 1;
        }));
    tsv += fmt::format("{}\t{}\t{}\t{}\t{:.9g}\t{:.9g}\t{}\n", axes_.types[k / (axes_.classes.size() + 1)],
                       at == 0 ? "" : axes_.classes[at - 1], sums.n_units, sums.n_cells, sums.attribution / n_all,
                       sums.magnitude / n_all, has_attention_ ? fmt::format("{:.9g}", sums.attention / n_all) : "");
  }
  return tsv;
}

}  // namespace cellverdict
