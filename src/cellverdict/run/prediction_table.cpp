#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/prediction_table.h>
#include <cellverdict/stats/calibration.h>
#include <cellverdict/stats/metrics.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace cellverdict {

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

std::string header(const std::string& before, const std::vector<std::string>& classes, const std::string& after) {
  std::string line = before;
  for (const auto& name : classes) line += "\tp_" + name;
  return line + "\t" + after + "\n";
}

}  // namespace

std::vector<double> calibrated(const std::vector<double>& probability, const ModelCard& card) {
  if (card.temperature == 1) return probability;
  return apply_temperature(probability, static_cast<std::int64_t>(card.heads[0].classes.size()), card.temperature);
}

std::size_t called_class(const double* probability, const ModelCard& card) {
  const auto& classes = card.heads[0].classes;
  const std::int32_t positive = classes[0] == card.positive ? 0 : 1;
  return static_cast<std::size_t>(predicted_class(std::span(probability, classes.size()), positive, card.threshold));
}

void write_predictions(const std::filesystem::path& file, const CellView& view, const std::vector<double>& probability,
                       const std::vector<FoldModel>& folds) {
  const auto& classes = folds.front().card.heads[0].classes;
  AtomicPath out(file);
  std::ofstream stream(out.temporary(), std::ios::binary);
  std::string text = header("cell\tunit\tdonor\tlabel", classes, folds.size() > 1 ? "predicted\tfold" : "predicted");
  std::size_t fold = 0;
  // Block by block: a table of all cells may be larger than everything else in memory.
  const auto flush = [&] {
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    text.clear();
  };
  for (std::int64_t i = 0; i < view.n_cells(); ++i) {
    while (i >= folds[fold].end) ++fold;
    const double* row = probability.data() + i * static_cast<std::int64_t>(classes.size());
    text += fmt::format("{}\t{}\t{}\t{}", view.cell(i), view.unit(i), view.donor(i), classes[view.label(i)]);
    for (std::size_t c = 0; c < classes.size(); ++c) text += fmt::format("\t{:.9g}", row[c]);
    text += "\t" + classes[called_class(row, folds[fold].card)];
    text += folds.size() > 1 ? fmt::format("\t{}\n", fold + 1) : "\n";
    if (text.size() >= kBlock) flush();
  }
  flush();
  stream.close();
  if (!stream)
    throw InputError({.where = file.string(),
                      .found = std::strerror(errno),
                      .expected = "to write the predictions",
                      .advice = "free space or choose another folder"});
  out.commit();
}

void write_units(const std::filesystem::path& file, const Evaluation& evaluation) {
  std::string text = header("unit\tdonor\tlabel\tstratum\tn_cells", evaluation.classes, "predicted\tcell_accuracy");
  for (const auto& unit : evaluation.units) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}", unit.unit, unit.donor, unit.label, unit.stratum, unit.n_cells);
    for (const double p : unit.probability) text += fmt::format("\t{:.9g}", p);
    text += fmt::format("\t{}\t{:.6g}\n", unit.predicted, unit.cell_accuracy);
  }
  write_file(file, text);
}

}  // namespace cellverdict
