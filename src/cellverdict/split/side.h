#pragma once
// The sides of a split, and who ended up where, for people to read.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

enum class Side : std::uint8_t { train, validation, test, unused };

constexpr std::array<std::string_view, 4> kSideNames = {"train", "validation", "test", "unused"};
constexpr std::string_view side_name(Side side) {
  return kSideNames[static_cast<std::size_t>(side)];
}

// One unit on one side. Under `random-cells` a unit stands on several.
struct SplitUnit {
  std::string unit;
  std::vector<std::string> donors;  // of this entry's own cells: a pooled library has others in each class
  std::string label;
  std::string stratum;  // value of the split's `by` column (the day of a matched split); empty when there is none
  Side side = Side::unused;
  std::int64_t n_cells = 0;
};

// "a, b", to be read, never to be counted: a name may have a comma in it.
inline std::string donors_in_words(const SplitUnit& unit) {
  std::string text;
  for (const auto& donor : unit.donors) text += (text.empty() ? "" : ", ") + donor;
  return text;
}

struct SplitSummary {
  std::string scheme;                  // "matched"
  std::string by;                      // the column, when the scheme has one
  bool optimistic = false;             // cells of one donor on both sides
  std::int64_t fold = 0, n_folds = 0;  // of a cross-validation, from 1; both 0: a split that stands alone
  std::string held_out;                // the value of `by` that this fold tests, when it is one
  bool has_validation = true;
  std::vector<std::string> classes;
  std::vector<SplitUnit> units;    // sorted by side, class, unit
  std::vector<std::string> notes;  // anything assumed, one sentence each
};

// The words that go over every table and figure of an optimistic split.
inline constexpr std::string_view kOptimisticBanner = "cells of one donor on both sides: optimistic";

}  // namespace cellverdict
