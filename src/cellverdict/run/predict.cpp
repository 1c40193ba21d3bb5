// From files to prepared cells: whose genes and depth are held against the model's. What is then made of the cells is in
// predict_cells.cpp and predict_bags.cpp.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/genes/identity.h>
#include <cellverdict/genes/match.h>
#include <cellverdict/genes/mitochondrial.h>
#include <cellverdict/prepare/quality.h>
#include <cellverdict/prepare/sources.h>
#include <cellverdict/prepare/value_state.h>
#include <cellverdict/run/familiar_file.h>
#include <cellverdict/run/predict.h>
#include <cellverdict/run/predict_answers.h>
#include <cellverdict/table/row_filter.h>

#include <fmt/format.h>

#include <algorithm>

namespace cellverdict {

namespace {

constexpr std::int64_t kBlockRows = 2048;
constexpr std::int64_t kFewHeldOut = 19;  // with fewer units held out no familiarity is 0.05 or less

class Predictor {
 public:
  Predictor(const RunContext& context, const PredictRequest& request)
      : context_(context), request_(request), classifier_(Classifier::load(request.model)) {
    check_options();
    const Preparation& p = classifier_.card().preparation;
    column_ = preparation_columns(p, p.seen);
    mitochondrial_ = mitochondrial_genes(p.seen);
    mitochondrial_numbers_ = numbers_of(mitochondrial_);
    read_familiar();
  }

  PredictResult predict() {
    const ModelCard& card = classifier_.card();
    result_.classes = card.heads[0].classes;
    result_.n_model_genes = card.preparation.genes.size();
    DataOptions data = data_of(request_.files);
    data.gene_map = request_.gene_map;
    data.layer = request_.layer;
    data.genome = request_.genome;
    const auto sources = list_sources(data, ".");
    if (!request_.write_into.empty()) annotated_.emplace(sources, request_.write_into, result_.classes);
    const AnswerRequest asked{.context = context_,
                              .request = request_,
                              .classifier = classifier_,
                              .familiar = familiar_,
                              .annotated = annotated_ ? &*annotated_ : nullptr};
    const auto answers = is_bag() ? answers_of_bags(asked) : answers_of_cells(asked);
    for (const auto& file : sources) predict_source(file, data, *answers);
    answers->finish(result_);
    warn_of_units();
    if (!request_.out_units.empty()) write_file(request_.out_units, units_as_tsv(result_));
    if (annotated_) annotated_->commit();
    return std::move(result_);
  }

 private:
  bool is_bag() const { return classifier_.card().model.kind == "bag"; }

  void check_options() const {
    const auto refuse = [&](const std::string& option, const std::string& expected, const std::string& advice) {
      throw UsageError({.where = option,
                        .found = is_bag() ? "a model of bags of cells" : "a model of single cells",
                        .expected = expected,
                        .advice = advice});
    };
    if (is_bag() && !request_.out_units.empty())
      refuse("--out-units", "a model of single cells", "of bags --out has one line a unit");
    if (!is_bag() && !request_.out_cells.empty())
      refuse("--out-cells", "a model of bags", "of single cells --out has one line a cell");
    if (!is_bag() && request_.cells >= 0) refuse("--cells", "a model of bags", "single cells are all asked about");
  }

  void read_familiar() {
    familiar_ = read_familiar_units(request_.model, classifier_.card().preparation.genes.size());
    if (!familiar_.held_out.empty()) {
      result_.n_known_units = familiar_.n_units();
      result_.n_held_out = std::ssize(familiar_.held_out);
      if (request_.abstain && result_.n_held_out < kFewHeldOut)
        warn(fmt::format(
            "Familiarity rests on {} held out: of new units of their kind one in {} lies beyond all of them and is not called.",
            counted(result_.n_held_out, "unit"), result_.n_held_out + 1));
    } else if (request_.abstain) {
      throw UsageError({.where = "--abstain",
                        .found = "a model that does not know how far apart its training units lie",
                        .expected = "one trained by this version on at least three donors",
                        .advice = "train again, or leave --abstain away"});
    } else {
      warn(
          "Whether these units are like those the model was trained on is not known: the model folder does not say how far apart "
          "its "
          "training units lie.");
    }
  }

  void predict_source(const SourceFile& file, const DataOptions& data, CellAnswers& answers) {
    const ModelCard& card = classifier_.card();
    const auto opened = open_labelled(file, open_options(context_, data));
    const SourceHead& head = opened.head;
    for (const auto& note : head.notes) warn(note.starts_with(head.name + ":") ? note : head.name + ": " + note + ".");
    // Library sizes and quality are measured over the cohort's genes, as in training; those the net sees are among them.
    const GeneMatch match = match_genes(head.genes, card.preparation.seen);
    check_genes(head, match);
    const std::vector<bool> chosen = chosen_cells(head);
    const std::string unit_column = !request_.unit.empty()                ? request_.unit
                                    : head.obs.find(card.unit) != nullptr ? card.unit
                                                                          : "library";
    const Column& unit = head.obs.column(unit_column, "--unit");

    ValueWatch values(head.path.string(), card.prepare, head.layers);
    CsrBlock block;
    while (opened.source->read_block(kBlockRows, block)) {
      if (const std::string note = values.see(block); !note.empty()) warn(note);
      if (!block.values.empty()) check_same_state(card.values, values.state(), head.path.string(), head.layers);
      const PreparedRows cells = prepare(block, {head, unit}, match, chosen);
      if (!cells.rows.empty()) answers.see(cells);
      result_.n_cells += std::ssize(cells.rows);
      context_.progress("predict " + file.name, block.first_row + block.n_rows(), head.n_cells);
      if (context_.stopping())
        throw Interrupted(
            {.where = "predicting", .found = "an interrupt", .expected = "", .advice = "nothing was written; run again"});
    }
  }

  PreparedRows prepare(const CsrBlock& block, PreparedRows cells, const GeneMatch& match, const std::vector<bool>& chosen) {
    const ModelCard& card = classifier_.card();
    CsrBlock cell;
    for (std::int64_t i = 0; i < block.n_rows(); ++i) {
      const std::int64_t row = block.first_row + i;
      if (!chosen[row]) continue;
      refuse_negative(block.row(i), cells.head.path.string(), cells.head.obs.index[row], cells.head.genes);
      cell.clear();
      const CsrRow counts = block.row(i);
      for (std::size_t k = 0; k < counts.genes.size(); ++k)
        if (const std::int32_t g = match.target[counts.genes[k]]; g >= 0) cell.push(g, counts.values[k]);
      const CsrRow known{cell.indices, cell.values};
      const CellQuality quality = measure_quality(known, mitochondrial_numbers_);
      cells.rows.push_back(row);
      cells.passes.push_back(judge_quality(quality, card.prepare) == QualityVerdict::passes);
      if (cells.passes.back()) totals_.push_back(static_cast<float>(quality.total));
      apply_preparation(card.preparation, column_, known, quality.total, cells.prepared);
    }
    return cells;
  }

  // The cells the model is for: --where, else the model's own [data] where.
  std::vector<bool> chosen_cells(const SourceHead& head) {
    const std::string where = request_.where.empty() ? classifier_.card().where : request_.where;
    std::vector<bool> chosen(static_cast<std::size_t>(head.n_cells), true);
    if (where.empty() || where == "all") {
      if (!classifier_.card().where.empty())
        warn(head.name + ": the model was trained on cells with " + classifier_.card().where + " alone, and is asked about all.");
      return chosen;
    }
    try {
      chosen = matching_rows(head.obs, where);
    } catch (const UsageError& error) {
      if (!request_.where.empty()) throw;
      throw UsageError({.where = head.path.string(),
                        .found = "no way to choose the cells the model was trained on (" + where + "): " + error.complaint().found,
                        .expected = "the same kind of cells",
                        .advice = "name them with --where in this file's words, or say --where all"});
    }
    if (const auto left_out = std::count(chosen.begin(), chosen.end(), false); left_out > 0)
      warn(fmt::format("{}: {} not meant by \"{}\" and left out.", head.name, counted(left_out, "cell"), where));
    return chosen;
  }

  // A gene of the net counts by the variance the model saw in it: missing a silent gene loses nothing.
  void check_genes(const SourceHead& head, const GeneMatch& match) {
    const Preparation& p = classifier_.card().preparation;
    const auto weight = [&p](std::size_t g) { return p.mean[g] != 0 ? p.sd[g] * p.sd[g] : 0; };
    double all = 0, found = 0;
    std::int64_t n_found = 0;
    bool any_mitochondrial = false;
    for (std::size_t g = 0; g < p.sd.size(); ++g) all += weight(g);
    for (const std::int32_t g : match.target) {
      if (g < 0) continue;
      any_mitochondrial = any_mitochondrial || mitochondrial_[g];
      if (column_[g] < 0) continue;
      ++n_found;
      found += weight(static_cast<std::size_t>(column_[g]));
    }
    const double overlap = all > 0 ? found / all : 0;
    if (overlap < request_.min_overlap) refuse_overlap(head, n_found, overlap);
    if (result_.matched_by.empty() || overlap < result_.overlap) {
      result_.overlap = overlap;
      result_.n_genes_found = n_found;
      result_.matched_by = match.by;
    }
    if (n_found < p.genes.size())
      warn(
          fmt::format("{}: {} of the model's {} genes are not there and count as zero; those found ({:.1f} %) have {:.1f} % of the "
                      "variance.",
                      head.name, with_commas(p.genes.size() - n_found), with_commas(p.genes.size()),
                      100 * static_cast<double>(n_found) / static_cast<double>(p.genes.size()), 100 * overlap));
    if (match.by == "symbol") warn(head.name + ": genes are matched by symbol, because the ids of the model are not there.");
    if (!any_mitochondrial && std::find(mitochondrial_.begin(), mitochondrial_.end(), true) != mitochondrial_.end())
      warn(head.name + ": no mitochondrial gene of the model is there, so no cell fails its mitochondrial bound.");
  }

  [[noreturn]] void refuse_overlap(const SourceHead& head, std::int64_t n_found, double overlap) const {
    const GeneList& wanted = classifier_.card().preparation.genes;
    const GeneNaming own = naming_of(head.genes), models = naming_of(wanted);
    const std::string found = n_found == 0 ? std::string("none of the model's") : with_commas(n_found) + " of the model's";
    std::string expected = fmt::format("at least {:.0f} %", 100 * request_.min_overlap);
    std::string advice = fmt::format("check that the file names genes like '{}'{}, or lower --min-overlap knowingly", wanted.ids[0],
                                     wanted.symbols[0] == wanted.ids[0] ? "" : " (" + wanted.symbols[0] + ")");
    if (own != models) {
      expected += fmt::format(" (the file has {} such as {}, the model {} such as {})", gene_naming_name(own), head.genes.ids[0],
                              gene_naming_name(models), wanted.ids[0]);
      advice = "give a table of Ensembl ids and symbols with --gene-map, for example a features.tsv of 10x";
    }
    throw DataError(
        {.where = head.path.string(),
         .found = fmt::format("{} {} genes ({:.1f} %), with {:.0f} % of their variance", found, with_commas(wanted.size()),
                              100 * static_cast<double>(n_found) / static_cast<double>(wanted.size()), 100 * overlap),
         .expected = std::move(expected),
         .advice = std::move(advice)});
  }

  void warn_of_units() {
    const ModelCard& card = classifier_.card();
    for (const auto& unit : result_.units)
      if (!unit.why_not.empty()) warn("'" + unit.unit + "' is not called: " + unit.why_not + ".");
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
  FamiliarUnits familiar_;
  PredictResult result_;
  std::vector<std::int32_t> column_;  // [genes of the cohort] which gene of the net
  std::vector<bool> mitochondrial_;   // [genes of the cohort]
  std::vector<std::int32_t> mitochondrial_numbers_;
  std::vector<float> totals_;  // of the cells that pass
  std::optional<PredictedObs> annotated_;
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
