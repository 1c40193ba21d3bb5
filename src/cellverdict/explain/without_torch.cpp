// Stands in for this room when the program is built without LibTorch.

#include <cellverdict/base/error.h>
#include <cellverdict/explain/integrated_gradients.h>

namespace cellverdict {

namespace {
[[noreturn]] void refuse() {
  throw UsageError({.where = "explain",
                    .found = "a cellverdict built without LibTorch",
                    .expected = "one with it",
                    .advice = "build the preset `release`"});
}
}  // namespace

double Attribution::convergence_delta() const {
  refuse();
}
Attribution explain_bag(const RunContext&, const Classifier&, const CsrBlock&, std::span<const std::int32_t>,
                        const AttributionBaseline&, const AttributionOptions&) {
  refuse();
}
Classifier with_random_weights(const Classifier&, std::uint64_t) {
  refuse();
}
std::vector<double> attention_of(const RunContext&, const Classifier&, const CsrBlock&) {
  refuse();
}

}  // namespace cellverdict
