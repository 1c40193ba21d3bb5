#pragma once
// The members of a SplitSummary as they stand in JSON (evaluation.json, model.json), for the reader and writer of json_fields.h.

#include <cellverdict/base/json_fields.h>
#include <cellverdict/split/side.h>

#include <algorithm>

namespace cellverdict {

template <class Io>
void fields(Io& io, Same<SplitUnit> auto& unit) {
  io("unit", unit.unit);
  io("donors", unit.donors);
  io("label", unit.label);
  io("stratum", unit.stratum);
  std::string side(side_name(unit.side));
  io("side", side);
  if constexpr (Io::kReads) {
    const auto found = std::find(kSideNames.begin(), kSideNames.end(), side);
    if (found == kSideNames.end()) io.at("side").refuse("'" + side + "'", "train, validation, test or unused");
    unit.side = static_cast<Side>(found - kSideNames.begin());
  }
  io("n_cells", unit.n_cells);
}

template <class Io>
void fields(Io& io, Same<SplitSummary> auto& split) {
  io("scheme", split.scheme);
  io("by", split.by);
  io("optimistic", split.optimistic);
  io("fold", split.fold);
  io("n_folds", split.n_folds);
  io("held_out", split.held_out);
  io("has_validation", split.has_validation);
  io("classes", split.classes);
  io("units", split.units);
  io("notes", split.notes);
}

}  // namespace cellverdict
