#pragma once
// What the numbers in a matrix are. Counts can be normalised; values that already are must not be again.

#include <cellverdict/table/csr.h>
#include <cellverdict/table/genes.h>

#include <cstdint>
#include <string>

namespace cellverdict {

enum class ValueState { counts, fractional_counts, log1p, scaled };
std::string value_state_name(ValueState state);

// Judged from some hundred cells:
//   any negative value                                                     → scaled
//   all whole                                                              → counts
//   not whole and no value above 14 = ln(1 + 10⁶), or every row of expm1(x) sums to the same total within 1 % → log1p
//   else                                                                   → fractional_counts (ambient-corrected, estimated)
ValueState detect_value_state(const CsrBlock& cells);

// Throws DataError for what must not be normalised again (log1p, scaled) and for fractional counts under counts = "strict".
// Gives a sentence to warn with for fractional counts otherwise, "" for counts.
std::string check_value_state(ValueState state, const std::string& file, bool strict);

// Watches the values of a source as its blocks come by.
class ValueWatch {
 public:
  ValueWatch(std::string file, bool strict) : file_(std::move(file)), strict_(strict) {}
  // As check_value_state for what was seen so far: throws, or gives a sentence to warn with, once. Whole counts and then fractions
  // are fractional counts, never logarithms.
  std::string see(const CsrBlock& cells);

 private:
  std::string file_;
  bool strict_;
  bool judged_ = false;
  ValueState state_ = ValueState::counts;
};

// Throws DataError naming file, cell and gene of the first negative value.
void refuse_negative(const CsrRow& counts, const std::string& file, std::string_view cell, const GeneList& genes);

}  // namespace cellverdict
