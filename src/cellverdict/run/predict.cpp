#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/genes/mitochondrial.h>
#include <cellverdict/prepare/quality.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/prepare/value_state.h>
#include <cellverdict/run/predict.h>
#include <cellverdict/run/prediction_table.h>
#include <cellverdict/train/classifier.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

namespace cellverdict {

namespace {

constexpr std::int64_t kBlockRows = 2048;

class Predictor {
 public:
  Predictor(const RunContext& context, const PredictRequest& request)
      : context_(context), request_(request), classifier_(Classifier::load(request.model)) {}

  PredictResult predict() {
    const ModelCard& card = classifier_.card();
    result_.classes = card.heads[0].classes;
    result_.n_model_genes = card.preparation.genes.size();
    AtomicPath out(request_.out);
    std::ofstream table(out.temporary(), std::ios::binary);
    table << "cell\tunit";
    for (const auto& name : result_.classes) table << "\tp_" << name;
    table << "\tpredicted\tpasses_qc\n";
    DataOptions data;
    const bool sheet = request_.files.size() == 1 && (request_.files[0].ends_with(".csv") || request_.files[0].ends_with(".tsv"));
    if (sheet) data.sources = request_.files[0];
    if (!sheet) data.files = request_.files;
    for (const auto& file : list_sources(data, ".")) predict_source(file, table);
    table.close();
    if (!table)
      throw InputError({.where = request_.out.string(),
                        .found = std::strerror(errno),
                        .expected = "to write it",
                        .advice = "free space or choose another folder"});
    summarise();
    out.commit();
    return std::move(result_);
  }

 private:
  void predict_source(const SourceFile& file, std::ofstream& table) {
    const ModelCard& card = classifier_.card();
    const auto opened = open_labelled(file, context_.memory_bytes / 4);
    const GeneMatch match = match_genes(opened.head.genes, card.preparation.genes);
    check_overlap(opened.head, match);
    const auto mitochondrial = mitochondrial_genes(opened.head.genes);
    const std::string unit_column = !request_.unit.empty()                       ? request_.unit
                                    : opened.head.obs.find(card.unit) != nullptr ? card.unit
                                                                                 : "library";
    const Column& unit = opened.head.obs.column(unit_column, "--unit");

    CsrBlock block, prepared;
    bool first = true;
    while (opened.source->read_block(kBlockRows, block)) {
      if (first && !block.values.empty()) {
        const std::string note =
            check_value_state(detect_value_state(block), opened.head.path.string(), card.prepare.counts == "strict");
        if (!note.empty()) warn(note);
        first = false;
      }
      prepared.clear();
      std::vector<bool> passes;
      for (std::int64_t i = 0; i < block.n_rows(); ++i) {
        const CellQuality quality = measure_quality(block.row(i), mitochondrial);
        passes.push_back(judge_quality(quality, card.prepare) == QualityVerdict::passes);
        totals_.push_back(static_cast<float>(quality.total));
        apply_preparation(card.preparation, match.target, block.row(i), quality.total, prepared);
      }
      const auto probability = calibrated(classifier_.predict_block(context_, prepared)[0], card);
      for (std::int64_t i = 0; i < block.n_rows(); ++i) {
        const std::int64_t row = block.first_row + i;
        write_cell(table, opened.head.obs.index[row], unit.text(row), probability.data() + i * std::ssize(result_.classes),
                   passes[i]);
      }
      result_.n_cells += block.n_rows();
      context_.progress("predict " + file.name, block.first_row + block.n_rows(), opened.head.n_cells);
      if (context_.stopping())
        throw Interrupted(
            {.where = "predicting", .found = "an interrupt", .expected = "", .advice = "nothing was written; run again"});
    }
  }

  // A gene counts by the variance the model saw in it: missing a silent gene loses nothing.
  void check_overlap(const SourceHead& head, const GeneMatch& match) {
    const Preparation& p = classifier_.card().preparation;
    double all = 0, found = 0;
    for (const double sd : p.sd) all += sd * sd;
    for (const std::int32_t g : match.target)
      if (g >= 0) found += p.sd[g] * p.sd[g];
    const double overlap = found / all;
    if (overlap < request_.min_overlap)
      throw DataError(
          {.where = head.path.string(),
           .found = fmt::format("{} of the model's {} genes, with {:.0f} % of their variance", with_commas(match.n_matched),
                                with_commas(p.genes.size()), 100 * overlap),
           .expected = fmt::format("at least {:.0f} %", 100 * request_.min_overlap),
           .advice = fmt::format("check that the file names genes like '{}'{}, or lower --min-overlap knowingly", p.genes.ids[0],
                                 p.genes.symbols[0] == p.genes.ids[0] ? "" : " (" + p.genes.symbols[0] + ")")});
    if (totals_.empty() || overlap < result_.overlap) {
      result_.overlap = overlap;
      result_.n_genes_found = match.n_matched;
      result_.matched_by = match.by;
    }
    if (match.n_matched < p.genes.size())
      warn(fmt::format("{}: {} of the model's genes are not there and count as zero.", head.name,
                       with_commas(p.genes.size() - match.n_matched)));
    if (match.by == "symbol") warn(head.name + ": genes are matched by symbol, because the ids of the model are not there.");
  }

  void write_cell(std::ofstream& table, const std::string& cell, const std::string& unit, const double* probability, bool passes) {
    table << cell << '\t' << unit;
    for (std::size_t c = 0; c < result_.classes.size(); ++c) table << fmt::format("\t{:.9g}", probability[c]);
    table << '\t' << result_.classes[called_class(probability, classifier_.card())] << '\t' << (passes ? "yes" : "no") << '\n';
    PredictedUnit& entry = units_[unit];
    ++entry.n_cells;
    if (!passes) return;
    ++entry.n_passing;
    entry.probability.resize(result_.classes.size());
    for (std::size_t c = 0; c < result_.classes.size(); ++c) entry.probability[c] += probability[c];
  }

  void summarise() {
    const ModelCard& card = classifier_.card();
    for (auto& [name, unit] : units_) {
      unit.unit = name;
      for (double& p : unit.probability) p /= static_cast<double>(unit.n_passing);
      if (unit.n_passing > 0) unit.predicted = result_.classes[called_class(unit.probability.data(), card)];
      if (unit.n_passing == 0)
        warn("'" + name + "': no cell passes the quality control of the model's training cells, so the unit is not called.");
      result_.units.push_back(std::move(unit));
    }
    std::nth_element(totals_.begin(), totals_.begin() + std::ssize(totals_) / 2, totals_.end());
    result_.depth_ratio = totals_.empty() ? 0 : static_cast<double>(totals_[totals_.size() / 2]) / card.preparation.median_total;
    if (result_.depth_ratio < 0.5 || result_.depth_ratio > 2)
      warn(
          fmt::format("The cells have {:.2f} times the counts of the training cells: probabilities far outside the depth a model "
                      "learned are not to be trusted.",
                      result_.depth_ratio));
  }

  void warn(const std::string& text) {
    context_.warn(text);
    result_.warnings.push_back(text);
  }

  const RunContext& context_;
  const PredictRequest& request_;
  Classifier classifier_;
  PredictResult result_;
  std::map<std::string, PredictedUnit> units_;
  std::vector<float> totals_;
};

}  // namespace

PredictResult predict_files(const RunContext& context, const PredictRequest& request) {
  namespace fs = std::filesystem;
  if (!fs::exists(request.model / "model.json"))
    throw InputError({.where = request.model.string(),
                      .found = fs::exists(request.model) ? "a folder without model.json" : "nothing at this path",
                      .expected = "a model folder",
                      .advice = fs::exists(request.model / "model")
                                    ? "did you mean '" + (request.model / "model").string() + "'?"
                                    : "it lies in the run folder: runs/NAME/model, or runs/NAME/VARIANT/model"});
  return Predictor(context, request).predict();
}

}  // namespace cellverdict
