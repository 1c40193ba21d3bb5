// store.json: refused in one way only; what is accepted has a number for each unit at each stage, and is written and read as the
// same.

#include <cellverdict/prepare/store_json.h>

#include <string>

#include "json_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const std::string text(reinterpret_cast<const char*>(bytes), n);
  return allow_refusal([&] {
    const StoreIndex index = store_index_from_json(text, "store.json");
    require(index.flow.n_cells.size() == index.flow.stages.size());
    for (const auto& cells : index.flow.n_cells) require(cells.size() == index.flow.units.size());
    for (const auto* stage : {&index.quality.before, &index.quality.after})
      for (const auto* boxes : {&stage->total, &stage->n_genes, &stage->mito_percent})
        require(boxes->size() == index.quality.units.size());
    const std::string written = store_index_to_json(index);
    require(store_index_to_json(store_index_from_json(written, "again")) == written);
  });
}
