// Calls of units as bags of cells. The prepared cells that pass quality control wait in a scratch file beside the target; one bag
// of them is in memory at a time, whatever the number of cells.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/scratch_file.h>
#include <cellverdict/encode/bags.h>
#include <cellverdict/explain/integrated_gradients.h>
#include <cellverdict/run/predict_answers.h>
#include <cellverdict/run/prediction_table.h>

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>

namespace cellverdict {

namespace {

// A path beside the target for what goes when its owner does.
std::filesystem::path beside(const std::filesystem::path& target) {
  std::filesystem::path path = target;
  path += ".cells-in-hand";
  return path;
}

class UnitBags : public CellAnswers {
 public:
  explicit UnitBags(const AnswerRequest& request)
      : r_(request),
        card_(request.classifier.card()),
        n_drawn_(request.request.cells < 0 ? card_.model.bag.cells : request.request.cells),
        out_(request.request.out),
        spool_(beside(out_.temporary())) {
    if (r_.request.out_cells.empty()) return;
    cells_out_.emplace(r_.request.out_cells);
    cells_table_.open(cells_out_->temporary(), std::ios::binary);
    cells_table_ << "cell\tunit\tattention\tdrawn\n";
  }

  void see(const PreparedRows& cells) override {
    for (std::size_t k = 0; k < cells.rows.size(); ++k) {
      Unit& unit = units_[cells.unit.text(cells.rows[k])];
      ++unit.answer.n_cells;
      const std::int64_t row = cells.head.file_rows.empty() ? cells.rows[k] : cells.head.file_rows[cells.rows[k]];
      if (r_.annotated != nullptr) (cells.passes[k] ? unit.file_rows : unit.failed_rows).push_back(row);
      if (!cells.passes[k]) continue;
      ++unit.answer.n_passing;
      const CsrRow cell = cells.prepared.row(static_cast<std::int64_t>(k));
      unit.cells.push_back({spool_.size(), std::ssize(cell.genes)});
      spool_.append(cell.genes.data(), static_cast<std::int64_t>(cell.genes.size_bytes()));
      spool_.append(cell.values.data(), static_cast<std::int64_t>(cell.values.size_bytes()));
      if (cells_out_) unit.names.push_back(cells.head.obs.index[cells.rows[k]]);
    }
  }

  void finish(PredictResult& result) override {
    result.n_draws = r_.request.draws;
    std::int64_t done = 0;
    for (auto& [name, unit] : units_) {
      if (r_.context.stopping())
        throw Interrupted(
            {.where = "predicting", .found = "an interrupt", .expected = "", .advice = "nothing was written; run again"});
      unit.answer.unit = name;
      if (!unit.cells.empty()) answer(name, unit);
      call_unit(r_, unit.answer);
      annotate(unit);
      result.units.push_back(std::move(unit.answer));
      r_.context.progress("bags", ++done, std::ssize(units_));
    }
    write_file(out_.temporary(), units_as_tsv(result));
    if (cells_out_) {
      cells_table_.close();
      if (!cells_table_)
        throw InputError({.where = r_.request.out_cells.string(),
                          .found = std::strerror(errno),
                          .expected = "to write it",
                          .advice = "free space or choose another folder"});
      cells_out_->commit();
    }
    out_.commit();
  }

 private:
  struct SpooledCell {
    std::int64_t at, n_entries;
  };
  struct Unit {
    PredictedUnit answer;
    std::vector<SpooledCell> cells;  // that pass, in the order of the files
    Names names;                     // of these, where they are asked for
    std::vector<std::int64_t> file_rows, failed_rows;
  };

  CsrRow read(const SpooledCell& cell) {
    const std::byte* bytes = spool_.bytes() + cell.at;
    const auto n = static_cast<std::size_t>(cell.n_entries);
    return {{reinterpret_cast<const std::int32_t*>(bytes), n}, {reinterpret_cast<const float*>(bytes) + n, n}};
  }

  void answer(const std::string& name, Unit& unit) {
    const std::int64_t n = std::ssize(unit.cells);
    Bags own{.unit = {name}, .label = {0}, .cells = {{}}};
    for (std::int64_t i = 0; i < n; ++i) own.cells[0].push_back(i);
    // Of a unit that has no more cells than are drawn, every drawing is the same.
    const std::int64_t n_draws = n_drawn_ > 0 && n > n_drawn_ ? r_.request.draws : 1;
    unit.answer.n_drawn = n_drawn_ > 0 ? std::min(n, n_drawn_) : n;
    std::vector<double> attention(cells_out_ ? static_cast<std::size_t>(n) : 0), drawn(attention.size());
    std::vector<std::vector<double>> said;
    CsrBlock bag;
    for (std::int64_t draw = 0; draw < n_draws; ++draw) {
      const auto cells = sample_bag(own, 0, n_drawn_, card_.train.seed, static_cast<int>(draw));
      bag.clear();
      for (const std::int64_t i : cells) {
        const CsrRow cell = read(unit.cells[i]);
        bag.indices.insert(bag.indices.end(), cell.genes.begin(), cell.genes.end());
        bag.values.insert(bag.values.end(), cell.values.begin(), cell.values.end());
        bag.end_row();
      }
      const auto probability = r_.classifier.predict_block(r_.context, bag)[0];
      said.emplace_back(probability.begin(), probability.begin() + std::ssize(card_.heads[0].classes));
      if (attention.empty()) continue;
      const auto weight = attention_of(r_.context, r_.classifier, bag);
      for (std::size_t k = 0; k < cells.size(); ++k) {
        ++drawn[cells[k]];
        if (!weight.empty()) attention[cells[k]] += weight[k];
      }
    }
    summarise(said, unit.answer);
    if (!r_.familiar.held_out.empty()) {
      ProfileSums profile;
      for (const auto& cell : unit.cells) profile.add(read(cell), card_.preparation.genes.size());
      unit.answer.familiarity = familiarity_of(r_.familiar, profile);
    }
    const bool weighs = card_.model.bag.aggregator != "transformer";
    for (std::size_t i = 0; i < attention.size(); ++i)
      cells_table_ << unit.names[static_cast<std::int64_t>(i)] << '\t' << name << '\t'
                   << (weighs && drawn[i] > 0 ? fmt::format("{:.9g}", attention[i] / drawn[i]) : "") << '\t' << drawn[i] << '\n';
  }

  // The mean over the drawings, calibrated as a whole, and how far single ones are from it.
  void summarise(const std::vector<std::vector<double>>& said, PredictedUnit& unit) const {
    const std::size_t n_classes = said[0].size();
    std::vector<double> mean(n_classes);
    for (const auto& p : said)
      for (std::size_t c = 0; c < n_classes; ++c) mean[c] += p[c] / static_cast<double>(said.size());
    unit.probability = calibrated(mean, card_);
    unit.spread.assign(n_classes, 0);
    if (said.size() < 2) return;
    std::vector<double> squares(n_classes), centre(n_classes);
    std::vector<std::vector<double>> each;
    for (const auto& p : said) each.push_back(calibrated(p, card_));
    for (const auto& p : each)
      for (std::size_t c = 0; c < n_classes; ++c) centre[c] += p[c] / static_cast<double>(said.size());
    for (const auto& p : each)
      for (std::size_t c = 0; c < n_classes; ++c) squares[c] += (p[c] - centre[c]) * (p[c] - centre[c]);
    for (std::size_t c = 0; c < n_classes; ++c) unit.spread[c] = std::sqrt(squares[c] / static_cast<double>(said.size() - 1));
  }

  // Every cell says what its unit was called.
  void annotate(const Unit& unit) {
    if (r_.annotated == nullptr || unit.answer.probability.empty()) return;
    const std::size_t called = called_class(unit.answer.probability.data(), card_);
    for (const std::int64_t row : unit.file_rows) r_.annotated->add(row, unit.answer.probability.data(), called, true);
    for (const std::int64_t row : unit.failed_rows) r_.annotated->add(row, unit.answer.probability.data(), called, false);
  }

  AnswerRequest r_;
  const ModelCard& card_;
  std::int64_t n_drawn_;  // of each unit; 0: all
  AtomicPath out_;
  std::optional<AtomicPath> cells_out_;
  std::ofstream cells_table_;
  ScratchFile spool_;
  std::map<std::string, Unit> units_;
};

}  // namespace

std::unique_ptr<CellAnswers> answers_of_bags(const AnswerRequest& request) {
  return std::make_unique<UnitBags>(request);
}

}  // namespace cellverdict
