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
        out_(request.request.out),
        table_(out_.temporary(), std::ios::binary) {
    table_ << "cell\tunit";
    for (const auto& name : classes_) table_ << "\tp_" << name;
    table_ << "\tpredicted\tpasses_qc\n";
  }

  void see(const PreparedRows& cells) override {
    const auto probability = calibrated(r_.classifier.predict_block(r_.context, cells.prepared)[0], card_);
    for (std::size_t k = 0; k < cells.rows.size(); ++k) {
      const double* p = probability.data() + k * classes_.size();
      const std::int64_t row = cells.rows[k];
      const std::string unit = cells.unit.text(row);
      table_ << cells.head.obs.index[row] << '\t' << unit;
      for (std::size_t c = 0; c < classes_.size(); ++c) table_ << fmt::format("\t{:.9g}", p[c]);
      table_ << '\t' << classes_[called_class(p, card_)] << '\t' << (cells.passes[k] ? "yes" : "no") << '\n';
      add(unit, p, cells, k);
      if (r_.annotated != nullptr)
        r_.annotated->add(cells.head.file_rows.empty() ? row : cells.head.file_rows[row], p, called_class(p, card_),
                          cells.passes[k]);
    }
  }

  void finish(PredictResult& result) override {
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

  void add(const std::string& name, const double* p, const PreparedRows& cells, std::size_t k) {
    Unit& unit = units_[name];
    ++unit.answer.n_cells;
    if (!cells.passes[k]) return;
    ++unit.answer.n_passing;
    unit.answer.probability.resize(classes_.size());
    for (std::size_t c = 0; c < classes_.size(); ++c) unit.answer.probability[c] += p[c];
    if (!r_.familiar.held_out.empty())
      unit.profile.add(cells.prepared.row(static_cast<std::int64_t>(k)), card_.preparation.genes.size());
  }

  AnswerRequest r_;
  const ModelCard& card_;
  const std::vector<std::string>& classes_;
  AtomicPath out_;
  std::ofstream table_;
  std::map<std::string, Unit> units_;
};

}  // namespace

std::unique_ptr<CellAnswers> answers_of_cells(const AnswerRequest& request) {
  return std::make_unique<SingleCells>(request);
}

}  // namespace cellverdict
