#pragma once
// What a model says of one side of a split: of a net of bags the mean over several drawings of cells.

#include <cellverdict/train/classifier.h>

#include <cstdint>
#include <vector>

namespace cellverdict {

struct PredictedSide {
  std::vector<HeadProbabilities> heads;  // [heads] of [cells, classes]; temperature not applied
  BagDraws draws;                        // of a net of bags
};
PredictedSide predict_side(const RunContext& context, const Classifier& classifier, const CellView& view, std::int64_t samplings);

}  // namespace cellverdict
