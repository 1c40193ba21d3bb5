#include <cellverdict/explain/bag_path.h>
#include <cellverdict/explain/gauss_legendre.h>

#include <ATen/Parallel.h>

#include <array>
#include <cmath>

namespace cellverdict {

namespace {

// Rows of cells taken together: their hidden layer and its change stay in the second-level cache while all steps pass over them.
constexpr std::int64_t kRows = 32;

// The path through one score net, Linear–Tanh–Linear → 1: its hidden sums move on a straight line too.
struct ScorePath {
  torch::Tensor hidden, change;  // [cells, attention_width] at the baseline, and how much to the cells
  torch::Tensor out_weight;      // [attention_width]
  torch::Tensor out_bias;        // []
  torch::Tensor in_weight;       // [attention_width, width]
};

ScorePath score_path(Layers net, const torch::Tensor& from, const torch::Tensor& change) {
  const torch::nn::Linear in = net->linear(0), out = net->linear(2);
  return {.hidden = torch::addmm(in->bias.detach(), from, in->weight.detach().t()),
          .change = change.matmul(in->weight.detach().t()),
          .out_weight = out->weight.detach().squeeze(0),
          .out_bias = out->bias.detach().squeeze(0),
          .in_weight = in->weight.detach()};
}

// Calls use(k, rows begin, tanh of the hidden layer [rows, attention_width]) for every step and block of rows.
template <class Begin, class Use, class End>
void each_hidden(const ScorePath& path, const std::vector<double>& places, const Begin& begin_rows, const Use& use,
                 const End& end_rows) {
  const std::int64_t n = path.hidden.size(0);
  at::parallel_for(0, (n + kRows - 1) / kRows, 1, [&](std::int64_t first, std::int64_t last) {
    const torch::NoGradGuard no_gradient;  // of each thread
    for (std::int64_t block = first; block < last; ++block) {
      const std::int64_t begin = block * kRows, rows = std::min(kRows, n - begin);
      const torch::Tensor hidden = path.hidden.narrow(0, begin, rows), change = path.change.narrow(0, begin, rows);
      torch::Tensor t = torch::empty_like(hidden);
      begin_rows(hidden);
      for (std::size_t k = 0; k < places.size(); ++k) {
        at::add_out(t, hidden, change, places[k]);
        use(static_cast<std::int64_t>(k), begin, t.tanh_());
      }
      end_rows(begin);
    }
  });
}

// [steps, cells]
torch::Tensor scores_along(const ScorePath& path, const std::vector<double>& places) {
  torch::Tensor scores = torch::empty({static_cast<std::int64_t>(places.size()), path.hidden.size(0)}, path.hidden.options());
  each_hidden(
      path, places, [](const torch::Tensor&) {},
      [&](std::int64_t k, std::int64_t begin, const torch::Tensor& t) {
        scores[k].narrow(0, begin, t.size(0)).copy_(t.mv(path.out_weight));
      },
      [](std::int64_t) {});
  return scores.add_(path.out_bias);
}

// Σ_k of the gradient in the net's input, given that in its scores [steps, cells]: [cells, width].
torch::Tensor back_along(const ScorePath& path, const std::vector<double>& places, const torch::Tensor& score_gradient) {
  // Σ_k d_k (1 − tanh²) = Σ_k d_k − Σ_k d_k tanh².
  torch::Tensor gradient = score_gradient.sum(0).unsqueeze(1).repeat({1, path.hidden.size(1)});
  const torch::Tensor minus = score_gradient.neg();
  each_hidden(
      path, places, [](const torch::Tensor&) {},
      [&](std::int64_t k, std::int64_t begin, torch::Tensor t) {
        const std::int64_t rows = t.size(0);
        gradient.narrow(0, begin, rows).addcmul_(t.square_(), minus[k].narrow(0, begin, rows).unsqueeze(1));
      },
      [](std::int64_t) {});
  return gradient.mul_(path.out_weight).matmul(path.in_weight);
}

torch::Tensor as_column(const std::vector<double>& numbers, const torch::Tensor& like) {
  return torch::tensor(numbers, torch::kFloat64).to(like.options()).unsqueeze(1);
}

// Attention of one score a cell on a linear encoder: products once, steps elementwise.
torch::Tensor attention_gradient(BagClassifier& net, const torch::Tensor& from, const torch::Tensor& to,
                                 const Quadrature& quadrature, const AttributionOptions& options) {
  const torch::Tensor change = to - from;
  const torch::Tensor place = as_column(quadrature.place, to), weight = as_column(quadrature.weight, to);  // [steps, 1]
  std::vector<ScorePath> paths;
  std::vector<torch::Tensor> raw;  // [steps, cells] of each score net
  for (const Layers& score_net : net.aggregator()->score_nets()) {
    paths.push_back(score_path(score_net, from, change));
    raw.push_back(scores_along(paths.back(), quadrature.place));
  }
  const torch::Tensor gate = raw.size() == 2 ? torch::sigmoid(raw[1]) : torch::Tensor();
  torch::Tensor score = gate.defined() ? raw[0] * gate : raw[0];
  const auto padding = net.padding();
  const std::int64_t n = to.size(0), n_padded = padding ? std::max<std::int64_t>(0, padding->bag_size - n) : 0;
  torch::Tensor pad;  // [1, width]
  if (n_padded > 0) {
    const torch::NoGradGuard no_gradient;
    pad = padding->embedding;
    Layers score_net = net.aggregator()->score_nets()[0];
    const torch::Tensor s = score_net->forward(pad) + std::log(static_cast<double>(n_padded));  // [1, 1]
    score = torch::cat({score, s.expand({score.size(0), 1})}, 1);
  }
  const torch::Tensor shares = torch::softmax(score, 1), share = shares.narrow(1, 0, n);
  torch::Tensor e = share.matmul(from) + place * share.matmul(change);  // [steps, width]
  if (n_padded > 0) e = e + shares.narrow(1, n, 1) * pad;
  e = e.detach().requires_grad_();
  const torch::Tensor g = torch::autograd::grad({target_of(net.classify(e), options).sum()}, {e})[0];
  const torch::NoGradGuard no_gradient;
  // ∂/∂score_j = share_j (⟨g, z_j⟩ − ⟨g, e⟩), [steps, cells].
  const torch::Tensor along = g.matmul(from.t()) + place * g.matmul(change.t());
  const torch::Tensor d = weight * share * (along - (g * e).sum(1, true));
  torch::Tensor gradient = (weight * share).t().matmul(g);
  if (gate.defined()) {
    gradient += back_along(paths[0], quadrature.place, d * gate);
    gradient += back_along(paths[1], quadrature.place, d * raw[0] * gate * (1 - gate));
  } else {
    gradient += back_along(paths[0], quadrature.place, d);
  }
  return gradient;
}

}  // namespace

torch::Tensor target_of(const torch::Tensor& logits, const AttributionOptions& options) {
  if (options.target == "probability") return torch::softmax(logits, 1).select(1, options.target_class);
  const torch::Tensor logit = logits.select(1, options.target_class);
  return options.target == "logit" ? logit : logit - logits.select(1, options.against_class);
}

torch::Tensor averaged_gradient(BagClassifier& net, const torch::Tensor& from, const torch::Tensor& to,
                                const AttributionOptions& options) {
  const Quadrature quadrature = gauss_legendre(options.steps);
  if (net.shape().cell_encoder == "linear" && !net.aggregator()->score_nets().empty())
    return attention_gradient(net, from, to, quadrature, options);
  const std::array<std::int64_t, 2> offsets = {0, to.size(0)};
  torch::Tensor gradient = torch::zeros_like(to);
  for (std::size_t k = 0; k < quadrature.place.size(); ++k) {
    const torch::Tensor at = (from + quadrature.place[k] * (to - from)).detach().requires_grad_();
    const torch::Tensor target = target_of(net.classify(net.aggregate(net.encode(at), offsets)), options);
    gradient.add_(torch::autograd::grad({target.sum()}, {at})[0], quadrature.weight[k]);
  }
  return gradient;
}

}  // namespace cellverdict
