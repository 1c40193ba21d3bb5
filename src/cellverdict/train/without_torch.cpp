// Stands in for the torch rooms when the program is built without LibTorch.

#include <cellverdict/base/error.h>
#include <cellverdict/train/classifier.h>
#include <cellverdict/train/pretrain.h>

namespace cellverdict {

namespace {
[[noreturn]] void refuse(const std::string& verb) {
  throw UsageError({.where = verb,
                    .found = "a cellverdict built without LibTorch",
                    .expected = "one with it",
                    .advice = "build the preset `release`"});
}
}  // namespace

struct Encoder::Parts {};
Encoder::Encoder(AutoencoderOptions options, std::unique_ptr<Parts> parts)
    : options_(std::move(options)), parts_(std::move(parts)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;
Encoder Encoder::load(const std::filesystem::path&, const AutoencoderOptions&, std::int64_t) {
  refuse("train");
}
void Encoder::save(const std::filesystem::path&) const {
  refuse("train");
}
std::vector<float> Encoder::encode(const RunContext&, const CellView&, const Preparation&) const {
  refuse("evaluate");
}
ReconstructionQuality Encoder::reconstruct(const RunContext&, const CellView&, const Preparation&) const {
  refuse("evaluate");
}
Encoder fit_encoder(const RunContext&, const TrainView&, const std::optional<ValidationView>&, const Preparation&,
                    const EncoderRequest&) {
  refuse("train");
}

LearningCurve pretrain_bert(const RunContext&, const TrainView&, const std::optional<ValidationView>&, const Preparation&,
                            const PretrainRequest&) {
  refuse("train");
}

struct Classifier::Parts {};
Classifier::Classifier(ModelCard card, std::unique_ptr<Parts> parts) : card_(std::move(card)), parts_(std::move(parts)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;
Classifier Classifier::load(const std::filesystem::path&) {
  refuse("predict");
}
void Classifier::save(const std::filesystem::path&) const {
  refuse("train");
}
std::vector<HeadProbabilities> Classifier::predict_block(const RunContext&, const CsrBlock&) const {
  refuse("predict");
}
std::vector<HeadProbabilities> Classifier::predict_cells(const RunContext&, const CellView&) const {
  refuse("predict");
}
std::vector<HeadProbabilities> Classifier::predict_seen(const RunContext&, const CsrBlock&) const {
  refuse("predict");
}
void Classifier::append_seen(const RunContext&, const CsrBlock&, CsrBlock&) const {
  refuse("predict");
}
std::vector<HeadProbabilities> Classifier::predict_together(const RunContext&, const std::vector<std::string>&,
                                                            const CsrBlock&) const {
  refuse("predict");
}
std::vector<HeadProbabilities> Classifier::predict_epochs(const RunContext&, const CellView&, const std::filesystem::path&) const {
  refuse("evaluate");
}
Encoder Classifier::encoder() const {
  refuse("evaluate");
}
BagDraws Classifier::predict_draws(const RunContext&, const CellView&, std::int64_t) const {
  refuse("predict");
}
Classifier train_classifier(const RunContext&, const TrainView&, const std::optional<ValidationView>&, const Preparation&,
                            const std::vector<std::vector<std::string>>&, const TrainRequest&) {
  refuse("train");
}
std::string torch_version() {
  return {};
}

}  // namespace cellverdict
