// Calls of single cells, and of their units by the mean over the cells that pass quality control.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/predict_answers.h>
#include <cellverdict/run/prediction_table.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

namespace cellverdict {

namespace {

class SingleCells : public CellAnswers {
 public:
  explicit SingleCells(const AnswerRequest& request)
      : r_(request),
        card_(request.classifier.card()),
        classes_(card_.heads[0].classes),
        together_(card_.model.kind == "graph"),
        out_(request.request.out),
        table_(out_.temporary(), std::ios::binary) {
    table_ << "cell\tunit";
    for (const auto& name : classes_) table_ << "\tp_" << name;
    table_ << "\tpredicted\tpasses_qc\n";
  }

  void see(const PreparedRows& cells) override {
    for (std::size_t k = 0; k < cells.rows.size(); ++k) {
      const std::int64_t row = cells.rows[k];
      asked_.push_back({.cell = std::string(cells.head.obs.index[row]),
                        .unit = cells.unit.text(row),
                        .file_row = cells.head.file_rows.empty() ? row : cells.head.file_rows[row],
                        .passes = cells.passes[k] != 0});
      add_profile(asked_.back(), cells, k);
    }
    if (together_) {
      r_.classifier.append_seen(r_.context, cells.prepared, seen_);
    } else {
      answer(r_.classifier.predict_block(r_.context, cells.prepared)[0]);
    }
  }

  void finish(PredictResult& result) override {
    if (together_ && !asked_.empty()) {
      std::vector<std::string> names;
      for (const auto& cell : asked_) names.push_back(graph_name(cell.unit, cell.cell));
      answer(r_.classifier.predict_together(r_.context, names, seen_)[0]);
    }
    table_.close();
    if (!table_)
      throw InputError({.where = r_.request.out.string(),
                        .found = std::strerror(errno),
                        .expected = "to write it",
                        .advice = "free space or choose another folder"});
    for (auto& [name, unit] : units_) {
      unit.answer.unit = name;
      for (double& p : unit.answer.probability) p /= static_cast<double>(unit.answer.n_passing);
      unit.answer.familiarity = familiarity_of(r_.familiar, unit.profile);
      call_unit(r_, unit.answer);
      result.units.push_back(std::move(unit.answer));
    }
    out_.commit();
  }

 private:
  struct Unit {
    PredictedUnit answer;
    ProfileSums profile;
  };
  struct AskedCell {
    std::string cell, unit;
    std::int64_t file_row = 0;
    bool passes = false;
  };

  // What is said of the asked cells, in their order.
  void answer(const HeadProbabilities& said) {
    const auto probability = calibrated(said, card_);
    const double* p = probability.data();
    for (const auto& asked : asked_) {
      table_ << asked.cell << '\t' << asked.unit;
      for (std::size_t c = 0; c < classes_.size(); ++c) table_ << fmt::format("\t{:.9g}", p[c]);
      table_ << '\t' << classes_[called_class(p, card_)] << '\t' << (asked.passes ? "yes" : "no") << '\n';
      if (r_.annotated != nullptr) r_.annotated->add(asked.file_row, p, called_class(p, card_), asked.passes);
      if (asked.passes)
        for (std::size_t c = 0; c < classes_.size(); ++c) units_[asked.unit].answer.probability[c] += p[c];
      p += classes_.size();
    }
    asked_.clear();
  }

  void add_profile(const AskedCell& asked, const PreparedRows& cells, std::size_t k) {
    Unit& unit = units_[asked.unit];
    ++unit.answer.n_cells;
    if (!asked.passes) return;
    ++unit.answer.n_passing;
    unit.answer.probability.resize(classes_.size());
    if (!r_.familiar.held_out.empty())
      unit.profile.add(cells.prepared.row(static_cast<std::int64_t>(k)), card_.preparation.genes.size());
  }

  AnswerRequest r_;
  const ModelCard& card_;
  const std::vector<std::string>& classes_;
  bool together_;                 // neighbours must be there to be asked
  std::vector<AskedCell> asked_;  // and not answered yet
  CsrBlock seen_;                 // of those, what the net sees, where they are answered together
  AtomicPath out_;
  std::ofstream table_;
  std::map<std::string, Unit> units_;
};

}  // namespace

std::unique_ptr<CellAnswers> answers_of_cells(const AnswerRequest& request) {
  return std::make_unique<SingleCells>(request);
}

}  // namespace cellverdict
