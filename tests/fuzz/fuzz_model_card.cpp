// model.json: refused in one way only; what is accepted fits together, and is written and read as the same.

#include <cellverdict/train/model_card.h>

#include <string>

#include "json_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const std::string text(reinterpret_cast<const char*>(bytes), n);
  allow_refusal([&] { learning_curve_from_json(text, "curve"); });
  return allow_refusal([&] {
    const ModelCard card = model_card_from_json(text, "model.json");
    const auto n_genes = static_cast<std::size_t>(card.preparation.genes.size());
    require(card.preparation.mean.size() == n_genes && card.preparation.sd.size() == n_genes);
    for (const auto& cell : card.self_test) require(cell.genes.size() == cell.counts.size());
    const std::string written = model_card_to_json(card);
    require(model_card_to_json(model_card_from_json(written, "again")) == written);
  });
}
