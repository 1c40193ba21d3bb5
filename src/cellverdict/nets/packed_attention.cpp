#include <cellverdict/nets/attention_products.h>
#include <cellverdict/nets/attention_rows.h>
#include <cellverdict/nets/packed_attention.h>

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

namespace cellverdict {

namespace {

// One head of one sequence; heads of a sequence and sequences know nothing of one another.
struct HeadOfSequence {
  std::int64_t first = 0, rows = 0;  // its tokens
  std::int64_t head = 0;
};

struct AttentionShape {
  std::int64_t width = 0, heads = 1, head_width = 0;
  float factor = 1;  // of the scores
  std::uint32_t threshold = 0;
  std::uint64_t key = 0;

  RowLots lots(const HeadOfSequence& part, std::int64_t row) const {
    return row_lots(key, threshold, part.first + row, heads, part.head);
  }
};

AttentionShape shape_of(const torch::Tensor& query_key_value, const PackedAttention& options) {
  const std::int64_t width = query_key_value.size(1) / 3, head_width = width / options.heads;
  return {.width = width,
          .heads = options.heads,
          .head_width = head_width,
          .factor = static_cast<float>(1 / std::sqrt(static_cast<double>(head_width))),
          .threshold = lot_threshold(options.dropout),
          .key = options.key};
}

// The longest first: threads take one after the other and end together.
std::vector<HeadOfSequence> parts_of(const std::vector<std::int64_t>& offsets, std::int64_t heads) {
  std::vector<HeadOfSequence> parts;
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
    for (std::int64_t h = 0; h < heads; ++h) parts.push_back({offsets[s], offsets[s + 1] - offsets[s], h});
  std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.rows > b.rows; });
  return parts;
}

// Which thread takes which part changes no byte: no two write to the same place.
template <class Scratch, class Work>
void each_part(std::size_t n_parts, const Work& work) {
  std::atomic<std::size_t> next = 0;
  at::parallel_for(0, std::min(static_cast<std::int64_t>(at::get_num_threads()), static_cast<std::int64_t>(n_parts)), 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     Scratch scratch;
                     for (std::int64_t t = begin; t < end; ++t)
                       for (std::size_t p = next++; p < n_parts; p = next++) work(p, scratch);
                   });
}

float* at_least(std::vector<float>& values, std::int64_t n) {
  if (std::ssize(values) < n) values.resize(static_cast<std::size_t>(n));
  return values.data();
}

struct ForwardScratch {
  Panels keys, values;
  std::vector<float> queries, scores, seen;
};

struct ForwardData {
  const float* query_key_value;
  float* out;       // [tokens, width]
  float* log_sums;  // [heads, tokens] or null
  std::int64_t n_tokens;
};

void attend(const AttentionShape& shape, const HeadOfSequence& part, const ForwardData& data, ForwardScratch& scratch) {
  const std::int64_t stride = 3 * shape.width, d = shape.head_width, n = part.rows;
  const float* query = data.query_key_value + part.first * stride + part.head * d;
  scratch.keys.fill_transposed(query + shape.width, stride, n, d);
  scratch.values.fill(query + 2 * shape.width, stride, n, d, 1);
  const std::int64_t score_row = scratch.keys.padded(), seen_row = scratch.values.padded();
  constexpr std::int64_t kScores = 65536;  // of a block: they stay in the second cache
  const std::int64_t block = std::clamp<std::int64_t>(kScores / score_row / 8 * 8, 16, 64);
  float* scores = at_least(scratch.scores, block * score_row);
  float* seen = at_least(scratch.seen, block * seen_row);
  float* queries = at_least(scratch.queries, block * d);
  std::vector<float> factors(static_cast<std::size_t>(block));
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t rows = std::min(block, n - begin);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t f = 0; f < d; ++f) queries[r * d + f] = shape.factor * query[(begin + r) * stride + f];
    multiply_panels({.a = queries,
                     .a_row = d,
                     .b = scratch.keys.at(0, 0),
                     .b_panel = d * kPanel,
                     .n_panels = panels_for(n),
                     .c = scores,
                     .c_row = score_row,
                     .rows = rows,
                     .steps = d});
    for (std::int64_t r = 0; r < rows; ++r) {
      const RowLots lots = shape.lots(part, begin + r);
      const RowSum sum = exponents_of_row(scores + r * score_row, n, lots);
      factors[static_cast<std::size_t>(r)] = lots.scale() / sum.sum;
      if (data.log_sums != nullptr) data.log_sums[part.head * data.n_tokens + part.first + begin + r] = sum.log_sum;
    }
    multiply_panels({.a = scores,
                     .a_row = score_row,
                     .b = scratch.values.at(0, 0),
                     .b_panel = n * kPanel,
                     .n_panels = panels_for(d),
                     .c = seen,
                     .c_row = seen_row,
                     .rows = rows,
                     .steps = n});
    for (std::int64_t r = 0; r < rows; ++r) {
      float* out = data.out + (part.first + begin + r) * shape.width + part.head * d;
      for (std::int64_t f = 0; f < d; ++f) out[f] = factors[static_cast<std::size_t>(r)] * seen[r * seen_row + f];
    }
  }
}

struct BackwardScratch {
  Panels keys, keys_across, values_across, queries, outs;  // across: transposed
  std::vector<float> scaled, scores, of_shares, of_query, of_key, of_value, towards;
};

struct BackwardData {
  const float *query_key_value, *out, *log_sums, *of_out;
  float* gradient;  // [tokens, 3 · width]
  std::int64_t n_tokens;
};

// Rows [begin, begin + rows) of the queries against all keys, some at a time.
void back_through_rows(const AttentionShape& shape, const HeadOfSequence& part, const BackwardData& data, std::int64_t begin,
                       std::int64_t rows, BackwardScratch& s) {
  constexpr std::int64_t kKeys = 512;
  const std::int64_t stride = 3 * shape.width, d = shape.head_width, n = part.rows, wide = panels_for(d) * kPanel;
  const std::int64_t token = part.first + begin, place = part.head * d;
  const float *query = data.query_key_value + token * stride + place, *of_out = data.of_out + token * shape.width + place;
  s.queries.fill(query, stride, rows, d, shape.factor);
  s.outs.fill(of_out, shape.width, rows, d, 1);
  float* scaled = at_least(s.scaled, rows * d);
  float* towards = at_least(s.towards, rows);
  for (std::int64_t r = 0; r < rows; ++r) {
    const float *out = data.out + (token + r) * shape.width + place, *of = of_out + r * shape.width;
    float sum = 0;
    for (std::int64_t f = 0; f < d; ++f) {
      scaled[r * d + f] = shape.factor * query[r * stride + f];
      sum += out[f] * of[f];
    }
    towards[r] = sum;
  }
  float *scores = at_least(s.scores, rows * kKeys), *of_shares = at_least(s.of_shares, rows * kKeys);
  float* of_query = at_least(s.of_query, rows * wide);
  for (std::int64_t key = 0; key < n; key += kKeys) {
    const std::int64_t keys = std::min(kKeys, n - key), panels = panels_for(keys), panel = key / kPanel;
    multiply_panels({.a = scaled,
                     .a_row = d,
                     .b = s.keys_across.at(0, panel),
                     .b_panel = d * kPanel,
                     .n_panels = panels,
                     .c = scores,
                     .c_row = kKeys,
                     .rows = rows,
                     .steps = d});
    multiply_panels({.a = of_out,
                     .a_row = shape.width,
                     .b = s.values_across.at(0, panel),
                     .b_panel = d * kPanel,
                     .n_panels = panels,
                     .c = of_shares,
                     .c_row = kKeys,
                     .rows = rows,
                     .steps = d});
    for (std::int64_t r = 0; r < rows; ++r)
      gradients_of_row(scores + r * kKeys, of_shares + r * kKeys, key, keys,
                       {.log_sum = data.log_sums[part.head * data.n_tokens + token + r], .towards = towards[r]},
                       shape.lots(part, begin + r));
    multiply_panels({.a = of_shares,
                     .a_row = kKeys,
                     .b = s.keys.at(key, 0),
                     .b_panel = n * kPanel,
                     .n_panels = panels_for(d),
                     .c = of_query,
                     .c_row = wide,
                     .rows = rows,
                     .steps = keys,
                     .add = key > 0});
    multiply_panels({.a = of_shares,
                     .a_row = 1,
                     .a_step = kKeys,
                     .b = s.queries.at(0, 0),
                     .b_panel = rows * kPanel,
                     .n_panels = panels_for(d),
                     .c = s.of_key.data() + key * wide,
                     .c_row = wide,
                     .rows = keys,
                     .steps = rows,
                     .add = begin > 0});
    multiply_panels({.a = scores,
                     .a_row = 1,
                     .a_step = kKeys,
                     .b = s.outs.at(0, 0),
                     .b_panel = rows * kPanel,
                     .n_panels = panels_for(d),
                     .c = s.of_value.data() + key * wide,
                     .c_row = wide,
                     .rows = keys,
                     .steps = rows,
                     .add = begin > 0});
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    float* to = data.gradient + (token + r) * stride + place;
    for (std::int64_t f = 0; f < d; ++f) to[f] = shape.factor * of_query[r * wide + f];
  }
}

void back_through(const AttentionShape& shape, const HeadOfSequence& part, const BackwardData& data, BackwardScratch& s) {
  constexpr std::int64_t kRows = 64;
  const std::int64_t stride = 3 * shape.width, d = shape.head_width, n = part.rows, wide = panels_for(d) * kPanel;
  const float* key = data.query_key_value + part.first * stride + part.head * d + shape.width;
  s.keys.fill(key, stride, n, d, 1);
  s.keys_across.fill_transposed(key, stride, n, d);
  s.values_across.fill_transposed(key + shape.width, stride, n, d);
  at_least(s.of_key, n * wide);
  at_least(s.of_value, n * wide);
  for (std::int64_t begin = 0; begin < n; begin += kRows)
    back_through_rows(shape, part, data, begin, std::min(kRows, n - begin), s);
  for (std::int64_t r = 0; r < n; ++r) {
    float* to = data.gradient + (part.first + r) * stride + part.head * d + shape.width;
    std::copy_n(s.of_key.data() + r * wide, d, to);
    std::copy_n(s.of_value.data() + r * wide, d, to + shape.width);
  }
}

class AttentionOfSequences : public torch::autograd::Function<AttentionOfSequences> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& query_key_value,
                               const SequenceOffsets& offsets, const PackedAttention& options) {
    const torch::Tensor x = query_key_value.contiguous();
    const AttentionShape shape = shape_of(x, options);
    const bool learns = query_key_value.requires_grad();
    torch::Tensor out = torch::empty({x.size(0), shape.width}, x.options());
    torch::Tensor log_sums = torch::empty({learns ? options.heads : 0, x.size(0)}, x.options());
    const ForwardData data{x.const_data_ptr<float>(), out.mutable_data_ptr<float>(),
                           learns ? log_sums.mutable_data_ptr<float>() : nullptr, x.size(0)};
    const auto parts = parts_of(*offsets, options.heads);
    each_part<ForwardScratch>(parts.size(),
                              [&](std::size_t p, ForwardScratch& scratch) { attend(shape, parts[p], data, scratch); });
    context->save_for_backward({x, out, log_sums});
    context->saved_data["heads"] = options.heads;
    context->saved_data["dropout"] = options.dropout;
    context->saved_data["key"] = static_cast<std::int64_t>(options.key);
    context->saved_data["offsets"] = *offsets;
    return out;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], of_out = gradients[0].contiguous();
    const PackedAttention options{.heads = context->saved_data["heads"].toInt(),
                                  .dropout = context->saved_data["dropout"].toDouble(),
                                  .key = static_cast<std::uint64_t>(context->saved_data["key"].toInt())};
    const AttentionShape shape = shape_of(x, options);
    torch::Tensor gradient = torch::empty(x.sizes(), x.options());
    const BackwardData data{x.const_data_ptr<float>(),      saved[1].const_data_ptr<float>(),   saved[2].const_data_ptr<float>(),
                            of_out.const_data_ptr<float>(), gradient.mutable_data_ptr<float>(), x.size(0)};
    const auto parts = parts_of(context->saved_data["offsets"].toIntVector(), options.heads);
    each_part<BackwardScratch>(parts.size(),
                               [&](std::size_t p, BackwardScratch& scratch) { back_through(shape, parts[p], data, scratch); });
    return {gradient, torch::Tensor(), torch::Tensor()};
  }
};

// Of one sequence, by LibTorch's own operations: on a graphics card, and in double. [heads, rows, head width] each.
torch::Tensor attend_by_torch(const torch::Tensor& query, const torch::Tensor& key, const torch::Tensor& value, std::int64_t first,
                              const PackedAttention& options) {
  if (options.dropout <= 0)
    return at::scaled_dot_product_attention(query.unsqueeze(0), key.unsqueeze(0), value.unsqueeze(0)).squeeze(0);
  const double factor = 1 / std::sqrt(static_cast<double>(query.size(2)));
  const torch::Tensor shares = torch::softmax(torch::matmul(query * factor, key.transpose(1, 2)), 2);
  return torch::matmul(shares * attention_mask(options, first, query.size(1)).to(shares.options()), value);
}

}  // namespace

torch::Tensor attention_mask(const PackedAttention& options, std::int64_t first_token, std::int64_t rows) {
  torch::Tensor mask = torch::empty({options.heads, rows, rows});
  float* out = mask.mutable_data_ptr<float>();
  for (std::int64_t h = 0; h < options.heads; ++h)
    for (std::int64_t r = 0; r < rows; ++r) {
      const RowLots lots = row_lots(options.key, lot_threshold(options.dropout), first_token + r, options.heads, h);
      for (std::int64_t j = 0; j < rows; ++j) *out++ = row_keeps(lots, j) ? lots.scale() : 0.0F;
    }
  return mask;
}

torch::Tensor packed_attention(const torch::Tensor& query_key_value, const SequenceOffsets& offsets,
                               const PackedAttention& options) {
  if (query_key_value.is_cpu() && query_key_value.scalar_type() == torch::kFloat32)
    return AttentionOfSequences::apply(query_key_value, offsets, options);
  const std::int64_t width = query_key_value.size(1) / 3;
  std::vector<torch::Tensor> seen;
  for (std::size_t s = 0; s + 1 < offsets->size(); ++s) {
    const std::int64_t first = (*offsets)[s], rows = (*offsets)[s + 1] - first;
    const auto three =
        query_key_value.narrow(0, first, rows).view({rows, 3, options.heads, width / options.heads}).permute({1, 2, 0, 3});
    seen.push_back(attend_by_torch(three[0], three[1], three[2], first, options).transpose(0, 1).reshape({rows, width}));
  }
  return torch::cat(seen);
}

}  // namespace cellverdict
