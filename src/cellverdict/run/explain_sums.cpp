#include <cellverdict/run/explain_sums.h>

#include <cellverdict/io/h5ad_write.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace cellverdict {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::int64_t bytes_of(std::size_t n_numbers) {
  return static_cast<std::int64_t>(n_numbers * sizeof(double));
}

std::span<const double> numbers_in(ScratchFile& file) {
  if (file.size() == 0) return {};
  return {reinterpret_cast<const double*>(file.bytes()), static_cast<std::size_t>(file.size()) / sizeof(double)};
}

void divide(std::vector<double>& sums, double by) {
  for (double& sum : sums) sum /= by;
}

}  // namespace

AttributionSums::AttributionSums(ExplainedAxes axes, const std::filesystem::path& scratch, bool per_unit_types)
    : axes_(std::move(axes)), types_(axes_.types.size() * (axes_.classes.size() + 1)), genes_of_pairs_(scratch / "scratch-genes") {
  if (per_unit_types) magnitudes_of_pairs_.emplace(scratch / "scratch-magnitudes");
}

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
  std::vector<UnitAndType> of_type(axes_.types.size());
  for (std::size_t i = 0; i < type.size(); ++i) {
    UnitAndType& pair = of_type[type[i]];
    ++pair.n_cells;
    pair.attribution += attribution.cell[i];
    if (!attention.empty()) pair.attention += attention[i];
  }
  std::vector<double> mean(n_genes), magnitude(n_genes), gene(n_genes), size(n_genes);
  for (std::size_t k = 0; k < axes_.types.size(); ++k) {
    UnitAndType& pair = of_type[k];
    if (pair.n_cells == 0) continue;
    pair.unit = units_.size();
    pair.type = k;
    const auto n = static_cast<double>(pair.n_cells);
    for (std::size_t g = 0; g < n_genes; ++g) {
      const double a = attribution.gene[k * n_genes + g], b = attribution.magnitude[k * n_genes + g];
      mean[g] += a;
      magnitude[g] += b;
      pair.magnitude += b;
      gene[g] = a / n;
      size[g] = b / n;
    }
    for (OfType* sums : {&of(k, 0), &of(k, label + 1)}) {
      ++sums->n_units;
      sums->n_cells += pair.n_cells;
      sums->attribution += pair.attribution;
      sums->magnitude += pair.magnitude;
      sums->attention += pair.attention;
      sums->gene.resize(n_genes);
      sums->gene_magnitude.resize(n_genes);
      for (std::size_t g = 0; g < n_genes; ++g) sums->gene[g] += gene[g], sums->gene_magnitude[g] += size[g];
    }
    genes_of_pairs_.append(gene.data(), bytes_of(n_genes));
    if (magnitudes_of_pairs_) magnitudes_of_pairs_->append(size.data(), bytes_of(n_genes));
    pairs_.push_back(pair);
  }
  divide(mean, static_cast<double>(entry.n_cells));
  divide(magnitude, static_cast<double>(entry.n_cells));
  attribution_.insert(attribution_.end(), mean.begin(), mean.end());
  magnitude_.insert(magnitude_.end(), magnitude.begin(), magnitude.end());
  units_.push_back(std::move(entry));
}

std::int64_t AttributionSums::n_cells() const {
  std::int64_t n = 0;
  for (const auto& unit : units_) n += unit.n_cells;
  return n;
}

std::int64_t AttributionSums::n_units(std::int32_t label) const {
  return std::count_if(units_.begin(), units_.end(), [&](const auto& unit) { return label < 0 || unit.label == label; });
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

std::vector<double> AttributionSums::mean_of(const std::vector<double>& values, std::int32_t label, bool others) const {
  const auto n_genes = static_cast<std::size_t>(axes_.genes.size());
  std::vector<double> mean(n_genes);
  double n = 0;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    if (label >= 0 && (units_[u].label == label) == others) continue;
    ++n;
    for (std::size_t g = 0; g < n_genes; ++g) mean[g] += values[u * n_genes + g];
  }
  divide(mean, n);
  return mean;
}

std::vector<double> AttributionSums::mean_of_type(std::size_t type, std::int32_t label) const {
  const OfType& sums = of(type, static_cast<std::size_t>(label + 1));
  std::vector<double> mean = sums.gene;
  divide(mean, static_cast<double>(sums.n_units));
  return mean;
}

std::vector<double> AttributionSums::signed_strength(std::int32_t label) const {
  return mean_attribution(n_units(label) > 0 ? label : -1);
}

std::vector<double> AttributionSums::strength(std::int32_t label) const {
  std::vector<double> mean = signed_strength(label);
  for (double& m : mean) m = std::abs(m);
  return mean;
}

std::vector<std::vector<double>> AttributionSums::genes_in_type(std::size_t type, std::span<const std::size_t> genes) {
  std::vector<std::vector<double>> out(units_.size(), std::vector<double>(genes.size(), kNone));
  const auto all = numbers_in(genes_of_pairs_);
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    if (pairs_[p].type != type) continue;
    for (std::size_t k = 0; k < genes.size(); ++k)
      out[pairs_[p].unit][k] = all[p * static_cast<std::size_t>(axes_.genes.size()) + genes[k]];
  }
  return out;
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
    for (const double a : sums.gene) x.push_back(a / n_units.back());
    for (const double a : sums.gene_magnitude) magnitude.push_back(a / n_units.back());
  }
  obs.set("cell_type", make_text_column(types));
  obs.set("label", make_text_column(labels));
  obs.set("n_units", make_number_column(std::move(n_units)));
  obs.set("n_cells", make_number_column(std::move(n_cells)));
  write_dense_h5ad(file, {.obs = std::move(obs), .var = genes_frame(), .x = x, .layers = {{"magnitude", magnitude}}});
}

void AttributionSums::write_units_and_types(const std::filesystem::path& file) {
  Frame obs;
  Names units, types, labels;
  std::vector<double> n_cells;
  for (const auto& pair : pairs_) {
    const ExplainedUnit& unit = units_[pair.unit];
    obs.index.push_back(unit.unit + " · " + axes_.types[pair.type]);
    units.push_back(unit.unit);
    types.push_back(axes_.types[pair.type]);
    labels.push_back(axes_.classes[unit.label]);
    n_cells.push_back(static_cast<double>(pair.n_cells));
  }
  obs.set("unit", make_text_column(units));
  obs.set("cell_type", make_text_column(types));
  obs.set("label", make_text_column(labels));
  obs.set("n_cells", make_number_column(std::move(n_cells)));
  write_dense_h5ad(file, {.obs = std::move(obs),
                          .var = genes_frame(),
                          .x = numbers_in(genes_of_pairs_),
                          .layers = {{"magnitude", numbers_in(*magnitudes_of_pairs_)}}});
}

std::string AttributionSums::types_as_tsv() const {
  std::string tsv = "cell_type\tlabel\tn_units\tn_cells\tattribution\tmagnitude\tattention\n";
  for (std::size_t k = 0; k < types_.size(); ++k) {
    const OfType& sums = types_[k];
    if (sums.n_cells == 0) continue;
    const std::size_t at = k % (axes_.classes.size() + 1);
    // A unit's attributions sum to its change, its attention to 1: shares of a mean unit.
    const auto n_all = static_cast<double>(n_units(static_cast<std::int32_t>(at) - 1));
    tsv += fmt::format("{}\t{}\t{}\t{}\t{:.9g}\t{:.9g}\t{}\n", axes_.types[k / (axes_.classes.size() + 1)],
                       at == 0 ? "" : axes_.classes[at - 1], sums.n_units, sums.n_cells, sums.attribution / n_all,
                       sums.magnitude / n_all, has_attention_ ? fmt::format("{:.9g}", sums.attention / n_all) : "");
  }
  return tsv;
}

std::string AttributionSums::units_and_types_as_tsv() const {
  std::string tsv = "unit\tlabel\tcell_type\tn_cells\tmean_attribution\tattribution\tmagnitude\tattention\n";
  for (const auto& pair : pairs_) {
    const ExplainedUnit& unit = units_[pair.unit];
    tsv += fmt::format("{}\t{}\t{}\t{}\t{:.9g}\t{:.9g}\t{:.9g}\t{}\n", unit.unit, axes_.classes[unit.label], axes_.types[pair.type],
                       pair.n_cells, pair.mean(), pair.attribution, pair.magnitude,
                       has_attention_ ? fmt::format("{:.9g}", pair.attention) : "");
  }
  return tsv;
}

void GeneStrength::add(std::int32_t label, const Attribution& attribution, std::int64_t n_cells) {
  const std::size_t n_genes = of_all_.size();
  n_of_class_ += label == label_ ? 1 : 0;
  for (std::size_t k = 0; k < attribution.gene.size(); ++k) {
    const double mean = attribution.gene[k] / static_cast<double>(n_cells);
    of_all_[k % n_genes] += mean;
    if (label == label_) of_class_[k % n_genes] += mean;
  }
}

std::vector<double> GeneStrength::strength() const {
  std::vector<double> out = n_of_class_ > 0 ? of_class_ : of_all_;
  for (double& x : out) x = std::abs(x);
  return out;
}

}  // namespace cellverdict
