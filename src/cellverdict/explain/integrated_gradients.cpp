#include <cellverdict/base/error.h>
#include <cellverdict/explain/bag_path.h>
#include <cellverdict/nets/torch_threads.h>
#include <cellverdict/sparse/sampled_product.h>
#include <cellverdict/train/net_of_card.h>
#include <cellverdict/train/torch_door.h>

#include <algorithm>
#include <array>

namespace cellverdict {

namespace {

void refuse(const std::string& found, const std::string& expected, const std::string& advice) {
  throw UsageError({.where = "integrated gradients", .found = found, .expected = expected, .advice = advice});
}

void check(const BagShape& shape, const CsrBlock& cells, std::span<const std::int32_t> group, const AttributionBaseline& baseline,
           const AttributionOptions& options) {
  const auto outside = [&](std::int64_t c) { return c < 0 || c >= shape.n_classes; };
  if (outside(options.target_class) || (options.target == "logit-difference" && outside(options.against_class)))
    refuse("class number " + std::to_string(outside(options.target_class) ? options.target_class : options.against_class),
           "0 to " + std::to_string(shape.n_classes - 1), "name a class of the model");
  if (options.target != "probability" && options.target != "logit" && options.target != "logit-difference")
    refuse("target '" + options.target + "'", "probability, logit or logit-difference", "choose one of them");
  if (options.steps < 1) refuse(std::to_string(options.steps) + " steps", "at least 1", "50 are common");
  if (cells.n_rows() == 0) refuse("a bag without cells", "at least one", "leave the patient out");
  if (!group.empty() && std::ssize(group) != cells.n_rows())
    refuse(std::to_string(group.size()) + " groups", "one for each of " + std::to_string(cells.n_rows()) + " cells", "give all");
  if (baseline.cells != nullptr && baseline.cells->n_rows() != cells.n_rows())
    refuse("a baseline of " + std::to_string(baseline.cells->n_rows()) + " cells",
           "one for each of " + std::to_string(cells.n_rows()), "draw as many");
  const std::int64_t n = std::ssize(baseline.profile), last = group.empty() ? 0 : *std::max_element(group.begin(), group.end());
  if (n != 0 && n != shape.n_genes && (n % shape.n_genes != 0 || n / shape.n_genes <= last))
    refuse("a baseline of " + std::to_string(n) + " genes", std::to_string(shape.n_genes) + " or as many for each group",
           "give all");
}

// Where the profile of a cell's group begins.
std::int64_t profile_of(const AttributionBaseline& baseline, std::span<const std::int32_t> group, std::int64_t n_genes,
                        std::int64_t cell) {
  return std::ssize(baseline.profile) == n_genes || group.empty() ? 0 : group[cell] * n_genes;
}

// cells − baseline, where either is not zero.
CsrBlock difference(const CsrBlock& cells, std::span<const std::int32_t> group, const AttributionBaseline& baseline,
                    std::int64_t n_genes) {
  CsrBlock out;
  for (std::int64_t i = 0; i < cells.n_rows(); ++i) {
    const CsrRow a = cells.row(i);
    std::vector<std::int32_t> genes;
    std::vector<float> values;
    if (baseline.cells != nullptr) {
      const CsrRow b = baseline.cells->row(i);
      genes.assign(b.genes.begin(), b.genes.end());
      values.assign(b.values.begin(), b.values.end());
    } else {
      const auto profile = baseline.profile.subspan(profile_of(baseline, group, n_genes, i), n_genes);
      for (std::size_t g = 0; g < profile.size(); ++g)
        if (profile[g] != 0) genes.push_back(static_cast<std::int32_t>(g)), values.push_back(profile[g]);
    }
    std::size_t k = 0, j = 0;
    while (k < a.genes.size() || j < genes.size()) {
      const bool take_a = k < a.genes.size() && (j == genes.size() || a.genes[k] <= genes[j]);
      const bool take_b = j < genes.size() && (k == a.genes.size() || genes[j] <= a.genes[k]);
      out.push(take_a ? a.genes[k] : genes[j], (take_a ? a.values[k] : 0.0F) - (take_b ? values[j] : 0.0F));
      k += take_a;
      j += take_b;
    }
    out.end_row();
  }
  return out;
}

// The averaged gradient carried back to the genes.
class Back {
 public:
  Back(const torch::Tensor& gradient, const torch::Tensor& weight, int threads)
      : gradient_(gradient.to(torch::kFloat32).contiguous()),
        weight_(weight.detach().to(torch::kFloat32).contiguous()),
        threads_(threads) {}

  // Values of `x` times the gradient in them.
  CsrBlock of(const CsrBlock& x) const {
    CsrBlock out = x;
    const auto span = [](const torch::Tensor& t) {
      return std::span<const float>(t.const_data_ptr<float>(), static_cast<std::size_t>(t.numel()));
    };
    sampled_product(x, span(gradient_), span(weight_), weight_.size(1), out.values, threads_, divide_as_torch);
    return out;
  }

  // ⟨Σ gradient of the cells of a group, weights of a gene⟩, [groups, genes].
  std::vector<double> of_groups(std::span<const std::int32_t> group, std::int64_t n_groups) const {
    torch::Tensor sums = torch::zeros({n_groups, gradient_.size(1)}, torch::kFloat64);
    torch::Tensor number = torch::zeros({gradient_.size(0)}, torch::kInt64);
    for (std::size_t i = 0; i < group.size(); ++i) number[static_cast<std::int64_t>(i)] = group[i];
    sums.index_add_(0, number, gradient_.to(torch::kFloat64));
    const torch::Tensor all = sums.matmul(weight_.to(torch::kFloat64).t()).contiguous();
    return {all.const_data_ptr<double>(), all.const_data_ptr<double>() + all.numel()};
  }

  // [end − begin, genes] the gradient in the genes of some cells.
  torch::Tensor of_rows(std::int64_t begin, std::int64_t end) const {
    return gradient_.narrow(0, begin, end - begin).matmul(weight_.t());
  }

 private:
  torch::Tensor gradient_, weight_;  // [cells, width], [genes, width]
  int threads_;
};

// Sums and sums of absolute values of (cell − profile) · gradient, of which a block of cells at a time is written densely.
void add_densely(const Back& back, const CsrBlock& cells, std::span<const std::int32_t> group, const AttributionBaseline& baseline,
                 std::int64_t n_genes, Attribution& out) {
  constexpr std::int64_t kCells = 64;
  const torch::NoGradGuard no_gradient;
  std::vector<float> x(static_cast<std::size_t>(n_genes));
  for (std::int64_t begin = 0; begin < cells.n_rows(); begin += kCells) {
    const std::int64_t end = std::min(begin + kCells, cells.n_rows());
    const torch::Tensor block = back.of_rows(begin, end).contiguous();
    for (std::int64_t i = begin; i < end; ++i) {
      std::fill(x.begin(), x.end(), 0.0F);
      const CsrRow row = cells.row(i);
      for (std::size_t k = 0; k < row.genes.size(); ++k) x[row.genes[k]] = row.values[k];
      const float* gradient = block.const_data_ptr<float>() + (i - begin) * n_genes;
      const float* profile = baseline.profile.data() + profile_of(baseline, group, n_genes, i);
      const std::int64_t to = (group.empty() ? 0 : group[i]) * n_genes;
      for (std::int64_t g = 0; g < n_genes; ++g) {
        const double a = static_cast<double>(gradient[g]) * (x[g] - profile[g]);
        out.gene[to + g] += a;
        out.magnitude[to + g] += std::abs(a);
      }
    }
  }
}

void add_by_gene(const CsrBlock& x, std::span<const std::int32_t> group, double sign, std::int64_t n_genes,
                 std::vector<double>& sums) {
  for (std::int64_t i = 0; i < x.n_rows(); ++i) {
    double* out = sums.data() + (group.empty() ? 0 : group[i]) * n_genes;
    for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) out[x.indices[k]] += sign * x.values[k];
  }
}

void add_magnitudes(const CsrBlock& x, std::span<const std::int32_t> group, std::int64_t n_genes, std::vector<double>& sums) {
  for (std::int64_t i = 0; i < x.n_rows(); ++i) {
    double* out = sums.data() + (group.empty() ? 0 : group[i]) * n_genes;
    for (std::int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) out[x.indices[k]] += std::abs(x.values[k]);
  }
}

// The first layer's output of the baseline, a row for each cell.
torch::Tensor first_of_baseline(BagClassifier& net, const CellBatch& cells, std::span<const std::int32_t> group,
                                const AttributionBaseline& baseline) {
  if (baseline.cells != nullptr) return net.first({*baseline.cells, cells.kernel, cells.threads});
  const std::int64_t n = cells.cells.n_rows(), n_genes = net.shape().n_genes;
  FirstLayer first = net.first_layer();
  if (baseline.profile.empty()) return first->bias().unsqueeze(0).expand({n, first->bias().size(0)});
  const std::int64_t n_profiles = std::ssize(baseline.profile) / n_genes;
  const torch::Tensor profile = torch::empty({n_profiles, n_genes});
  std::copy(baseline.profile.begin(), baseline.profile.end(), profile.mutable_data_ptr<float>());
  const torch::Tensor made = first->of_dense(profile);
  if (n_profiles == 1) return made.expand({n, made.size(1)});
  torch::Tensor number = torch::zeros({n}, torch::kInt64);
  for (std::size_t i = 0; i < group.size(); ++i) number[static_cast<std::int64_t>(i)] = group[i];
  return made.index_select(0, number);
}

}  // namespace

double Attribution::convergence_delta() const {
  double sum = 0;
  for (const double c : cell) sum += c;
  return sum - (value - baseline_value);
}

Attribution integrated_gradients(const RunContext& context, BagClassifier& net, const CellBatch& cells,
                                 std::span<const std::int32_t> group, const AttributionBaseline& baseline,
                                 const AttributionOptions& options) {
  check(net.shape(), cells.cells, group, baseline, options);
  net.eval();
  torch::Tensor from, to;
  Attribution out;
  {
    const torch::NoGradGuard no_gradient;
    to = net.first(cells);
    from = first_of_baseline(net, cells, group, baseline);
    const std::array<std::int64_t, 2> offsets = {0, to.size(0)};
    const auto target = [&](const torch::Tensor& at) {
      return target_of(net.classify(net.aggregate(net.encode(at), offsets)), options).item<double>();
    };
    out.value = target(to);
    out.baseline_value = target(from);
  }
  const torch::Tensor gradient = averaged_gradient(net, from, to, options);
  // Σ over genes of (cell − baseline) · gradient is the gradient times what the first layer made of the difference.
  const torch::Tensor by_cell = (gradient.to(torch::kFloat64) * (to - from)).sum(1).contiguous();
  out.cell.assign(by_cell.const_data_ptr<double>(), by_cell.const_data_ptr<double>() + by_cell.numel());

  const std::int64_t n_genes = net.shape().n_genes;
  for (const std::int32_t g : group) out.n_groups = std::max<std::int64_t>(out.n_groups, g + 1);
  out.gene.assign(static_cast<std::size_t>(out.n_groups * n_genes), 0);
  if (options.magnitude) out.magnitude = out.gene;
  const Back back(gradient, net.first_layer()->weight(), context.threads);
  const bool zero = baseline.cells == nullptr && baseline.profile.empty();
  if (options.magnitude && !options.keep_matrix && !baseline.profile.empty()) {
    add_densely(back, cells.cells, group, baseline, n_genes, out);
    return out;
  }
  if (zero || options.keep_matrix || options.magnitude) {
    out.matrix = back.of(zero ? cells.cells : difference(cells.cells, group, baseline, n_genes));
    add_by_gene(out.matrix, group, 1, n_genes, out.gene);
    if (options.magnitude) add_magnitudes(out.matrix, group, n_genes, out.magnitude);
    if (!options.keep_matrix) out.matrix = {};
    return out;
  }
  add_by_gene(back.of(cells.cells), group, 1, n_genes, out.gene);
  if (baseline.cells != nullptr) {
    add_by_gene(back.of(*baseline.cells), group, -1, n_genes, out.gene);
  } else {
    const std::vector<double> of_groups = back.of_groups(group, out.n_groups);
    for (std::size_t k = 0; k < out.gene.size(); ++k) out.gene[k] -= of_groups[k] * baseline.profile[k % baseline.profile.size()];
  }
  return out;
}

namespace {

BagClassifier& bags_of_model(const Classifier& classifier) {
  if (!classifier.parts().bags)
    refuse("a model of kind '" + classifier.card().model.kind + "'", "kind 'bag'", "train one with [model] kind = \"bag\"");
  return *classifier.parts().bags;
}

FirstLayerKernel kernel_of(const Classifier& classifier) {
  return classifier.card().train.first_layer == "sparse" ? FirstLayerKernel::sparse : FirstLayerKernel::dense;
}

}  // namespace

Attribution explain_bag(const RunContext& context, const Classifier& classifier, const CsrBlock& cells,
                        std::span<const std::int32_t> group, const AttributionBaseline& baseline,
                        const AttributionOptions& options) {
  return through_torch_door("explaining", [&] {
    torch::set_num_threads(context.threads);
    return integrated_gradients(context, bags_of_model(classifier), {cells, kernel_of(classifier), context.threads}, group,
                                baseline, options);
  });
}

Classifier with_random_weights(const Classifier& classifier, std::uint64_t seed) {
  ModelCard card = classifier.card();
  card.train.seed = seed;  // of which make_parts draws the weights
  return through_torch_door("explaining", [&] { return Classifier(card, make_parts(card)); });
}

std::vector<double> attention_of(const RunContext& context, const Classifier& classifier, const CsrBlock& cells) {
  return through_torch_door("explaining", [&] {
    torch::set_num_threads(context.threads);
    const torch::NoGradGuard no_gradient;
    const std::array<std::int64_t, 2> offsets = {0, cells.n_rows()};
    const torch::Tensor shares = bags_of_model(classifier).attention({{cells, kernel_of(classifier), context.threads}, offsets});
    if (!shares.defined()) return std::vector<double>();
    const torch::Tensor plain = shares.to(torch::kFloat64).contiguous();
    return std::vector<double>(plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel());
  });
}

}  // namespace cellverdict
