#pragma once
// What is made of a stranger's cells once they are prepared: calls of cells and their units, or of units as bags of cells. Used by
// predict.cpp alone.

#include <cellverdict/evaluate/familiarity.h>
#include <cellverdict/run/predict.h>
#include <cellverdict/run/predicted_obs.h>
#include <cellverdict/table/cell_source.h>
#include <cellverdict/train/classifier.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

// Some cells of a source as the model takes them.
struct PreparedRows {
  const SourceHead& head;
  const Column& unit;
  std::vector<std::int64_t> rows = {};  // of the head
  std::vector<bool> passes = {};        // quality control
  CsrBlock prepared = {};               // [rows, genes of the net]
};

struct AnswerRequest {
  const RunContext& context;
  const PredictRequest& request;
  const Classifier& classifier;
  const FamiliarUnits& familiar;  // without held-out units: not known
  PredictedObs* annotated;        // null: no copy is written
};

class CellAnswers {
 public:
  virtual ~CellAnswers() = default;
  CellAnswers() = default;
  CellAnswers(const CellAnswers&) = delete;
  CellAnswers& operator=(const CellAnswers&) = delete;

  virtual void see(const PreparedRows& cells) = 0;
  // After the last cell: result.units in the order of their names; writes request.out.
  virtual void finish(PredictResult& result) = 0;
};

std::unique_ptr<CellAnswers> answers_of_cells(const AnswerRequest& request);
std::unique_ptr<CellAnswers> answers_of_bags(const AnswerRequest& request);

// The class called from unit.probability, or that none is; and why not.
void call_unit(const AnswerRequest& request, PredictedUnit& unit);

// One line a unit.
std::string units_as_tsv(const PredictResult& result);

}  // namespace cellverdict
