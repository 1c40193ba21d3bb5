#pragma once
// The mean of an embedding that others computed for every cell (obsm of the sources: scGPT, SCimilarity, CellPLM, …) over the cells
// of each unit that are in the store. Read row block by row block: a table of units × dimensions is all that stays. An input to a
// simple model beside the net, never to the net; whether those who computed it had seen the test cells, the file does not say.

#include <cellverdict/base/run_context.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/split/cohort.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

struct UnitEmbedding {
  std::string name;
  std::int64_t n_dimensions = 0;
  // Of each unit and class (numbers of the cohort): [n_dimensions].
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<double>> mean;
};

struct EmbeddingRequest {
  const DataOptions& data;
  std::filesystem::path base;   // relative paths of [data] start here
  std::filesystem::path store;  // whose cells count
  std::string name;             // in obsm of every source
};

// Its width, from the heads of the files alone. Throws UsageError for a source that is no .h5ad file or has no such embedding,
// DataError for widths that differ.
std::int64_t check_embedding(const RunContext& context, const EmbeddingRequest& request);

// Throws InputError where the sources are not those of the store, DataError for values that are no numbers and for cells that
// cannot be told apart by their names.
UnitEmbedding read_unit_embedding(const RunContext& context, const EmbeddingRequest& request, const Cohort& cohort);

}  // namespace cellverdict
