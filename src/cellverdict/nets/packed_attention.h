#pragma once
// Self-attention of a packed minibatch: the tokens of all sequences one behind the other, no padding. Stands inside a BERT layer
// (nets/bert.h). Scores are never held whole: a block of rows at a time, computed again for the gradient (Dao et al. 2022), so
// memory grows with the tokens and not with their square.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace cellverdict {

// Where sequences begin: [sequences + 1], from 0 to the number of tokens. Shared, as the gradient reads it later.
using SequenceOffsets = std::shared_ptr<const std::vector<std::int64_t>>;

struct PackedAttention {
  std::int64_t heads = 4;
  double dropout = 0;     // probability with which a share is dropped
  std::uint64_t key = 0;  // of the masks: a share's lot is a function of (key, its query's place in the batch, head, its key)
};

// query_key_value [tokens, 3 · width], the heads side by side in each third → [tokens, width]. Scores are divided by the root of a
// head's width. The same bytes for any number of threads.
torch::Tensor packed_attention(const torch::Tensor& query_key_value, const SequenceOffsets& offsets,
                               const PackedAttention& options);

// 0 where a share is dropped, else the factor of those kept: [heads, rows, rows] of the sequence that begins at `first_token`.
torch::Tensor attention_mask(const PackedAttention& options, std::int64_t first_token, std::int64_t rows);

}  // namespace cellverdict
