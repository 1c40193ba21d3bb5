#include <cellverdict/nets/reconstruction.h>

namespace cellverdict {

namespace {

using Tensors = torch::autograd::tensor_list;

// Of the values: per gene their sum, and the sum of all squares.
struct CellSums {
  torch::Tensor of_gene;  // [genes] double
  double squares = 0;
};

CellSums sums_of(const CsrBlock& cells, std::int64_t n_genes) {
  CellSums sums{.of_gene = torch::zeros({n_genes}, torch::kFloat64)};
  double* of_gene = sums.of_gene.data_ptr<double>();
  for (std::size_t k = 0; k < cells.indices.size(); ++k) {
    const double x = cells.values[k];
    of_gene[cells.indices[k]] += x;
    sums.squares += x * x;
  }
  return sums;
}

double summed_product(const torch::Tensor& a, const torch::Tensor& b) {
  return (a * b).sum(torch::kFloat64).item<double>();
}

class SparseError : public torch::autograd::Function<SparseError> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& hidden, const torch::Tensor& weight,
                               const torch::Tensor& bias, const CellBatch* batch) {
    const torch::Tensor h = hidden.contiguous(), w = weight.contiguous();
    const auto n = static_cast<double>(h.size(0)), n_genes = static_cast<double>(w.size(0));
    const CellSums sums = sums_of(batch->cells, w.size(0));
    const torch::Tensor of_cells = torch::mm(h.t(), h), of_genes = torch::mm(w.t(), w);  // A and B
    const torch::Tensor seen = cells_times(*batch, w);                                   // x W
    const torch::Tensor h_sum = h.sum(0), bias_in = torch::mv(w.t(), bias);
    const double error = summed_product(of_cells, of_genes) + 2 * summed_product(h_sum, bias_in) + n * summed_product(bias, bias) -
                         2 * summed_product(seen, h) - 2 * (sums.of_gene * bias.to(torch::kFloat64)).sum().item<double>() +
                         sums.squares;
    context->save_for_backward({h, w, bias, of_cells, of_genes, seen, h_sum, bias_in, sums.of_gene.to(torch::kFloat32)});
    context->saved_data["cells"] = reinterpret_cast<std::int64_t>(&batch->cells);
    context->saved_data["threads"] = static_cast<std::int64_t>(batch->threads);
    // Rounding may leave less than nothing of a perfect reconstruction.
    return torch::full({}, std::max(error, 0.0) / (n * n_genes));
  }

  static Tensors backward(torch::autograd::AutogradContext* context, Tensors gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &h = saved[0], &w = saved[1], &bias = saved[2], &of_cells = saved[3], &of_genes = saved[4],
                        &seen = saved[5], &h_sum = saved[6], &bias_in = saved[7], &x_sum = saved[8];
    const CellBatch batch{.cells = *reinterpret_cast<const CsrBlock*>(context->saved_data["cells"].toInt()),
                          .threads = static_cast<int>(context->saved_data["threads"].toInt())};
    const double scale = 2 * gradients[0].item<double>() / (static_cast<double>(h.size(0)) * static_cast<double>(w.size(0)));
    torch::Tensor of_h = torch::mm(h, of_genes).add_(bias_in).sub_(seen).mul_(scale);
    torch::Tensor of_w = genes_times(batch, h, w.size(0)).neg_();
    of_w.addmm_(w, of_cells).addr_(bias, h_sum).mul_(scale);
    torch::Tensor of_bias = torch::mv(w, h_sum).add_(bias, static_cast<double>(h.size(0))).sub_(x_sum).mul_(scale);
    return {of_h, of_w, of_bias, torch::Tensor()};
  }
};

}  // namespace

torch::Tensor sparse_mean_squared_error(const CellBatch& cells, const LinearReconstruction& r) {
  return SparseError::apply(r.hidden, r.weight, r.bias, &cells);
}

torch::Tensor dense_mean_squared_error(const CellBatch& cells, const LinearReconstruction& r) {
  const torch::Tensor x = dense_of(cells, r.weight.size(0));
  return torch::mse_loss(torch::addmm(r.bias, r.hidden, r.weight.t()), x.to(r.hidden.options()));
}

SquaredErrors squared_errors(const CellBatch& cells, const LinearReconstruction& r) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor h = r.hidden.contiguous(), w = r.weight.contiguous();
  const torch::Tensor h2 = h.to(torch::kFloat64), b2 = r.bias.to(torch::kFloat64);
  const torch::Tensor of_cells = torch::mm(h2.t(), h2), h_sum = h2.sum(0);
  const std::int64_t n = h.size(0), n_genes = w.size(0), width = w.size(1);
  const torch::Tensor back = genes_times(cells, h, n_genes), seen = cells_times(cells, w);
  torch::Tensor of_genes = torch::zeros({width, width}, torch::kFloat64), bias_in = torch::zeros({width}, torch::kFloat64);
  SquaredErrors errors{.of_gene = std::vector<double>(static_cast<std::size_t>(n_genes))};
  constexpr std::int64_t kBlock = 4096;  // genes in double at a time
  for (std::int64_t g = 0; g < n_genes; g += kBlock) {
    const std::int64_t m = std::min(kBlock, n_genes - g);
    const torch::Tensor w2 = w.narrow(0, g, m).to(torch::kFloat64), b = b2.narrow(0, g, m);
    of_genes.addmm_(w2.t(), w2);
    bias_in.addmv_(w2.t(), b);
    const torch::Tensor some = (torch::mm(w2, of_cells) * w2).sum(1) + 2 * b * torch::mv(w2, h_sum) +
                               static_cast<double>(n) * b * b - 2 * (back.narrow(0, g, m).to(torch::kFloat64) * w2).sum(1);
    std::copy_n(some.const_data_ptr<double>(), m, errors.of_gene.begin() + g);
  }
  const torch::Tensor whole = (torch::mm(h2, of_genes) * h2).sum(1) + 2 * torch::mv(h2, bias_in) + (b2 * b2).sum() -
                              2 * (seen.to(torch::kFloat64) * h2).sum(1);
  errors.of_cell.assign(whole.const_data_ptr<double>(), whole.const_data_ptr<double>() + n);
  const double* bias = b2.const_data_ptr<double>();
  for (std::int64_t i = 0; i < n; ++i) {
    const CsrRow row = cells.cells.row(i);
    for (std::size_t k = 0; k < row.genes.size(); ++k) {
      const double x = row.values[k], more = x * x - 2 * x * bias[row.genes[k]];
      errors.of_cell[i] += more;
      errors.of_gene[row.genes[k]] += more;
    }
  }
  return errors;
}

}  // namespace cellverdict
