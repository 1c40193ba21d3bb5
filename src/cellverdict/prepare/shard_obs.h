#pragma once
// Pass 1 of preparation: the annotations of a shard, made piece by piece while they are written. Columns of categories and numbers
// go from file to file; a column of texts is coded first, its codes in a scratch file.

#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/prepare/cell_records.h>
#include <cellverdict/prepare/sources.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace cellverdict {

// A column of more different texts than this is written as texts, not as categories.
constexpr std::int64_t kMostCategories = std::int64_t{1} << 16;

struct ShardRows {
  const LabelledSource& opened;  // for names and annotations
  const DataOptions& data;
  std::string name_ending;
  std::int64_t n_rows = 0;
  std::function<const CellRecord&(std::int64_t row)> record;  // of the shard's rows; their cells ascend
  std::filesystem::path scratch;                              // a folder
};

// All that the source says of the cells, the label under its names here, and what was measured.
H5adLateFrame shard_obs(const ShardRows& rows);

}  // namespace cellverdict
