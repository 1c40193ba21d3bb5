#pragma once
// What the numbers in a matrix are. Counts can be normalised; values that already are must not be again. Told from the values
// alone: what a file says of itself (uns/log1p) is left behind by some programs and missing from others.

#include <cellverdict/prepare/options.h>
#include <cellverdict/table/csr.h>
#include <cellverdict/table/genes.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cellverdict {

enum class ValueState {
  counts,
  fractional_counts,  // corrected for ambient RNA, or estimated
  normalised,         // each cell brought to one total (CPM, TPM, normalize_total), no logarithm
  log1p,              // a logarithm of 1 + x, to any base
  square_roots,
  scaled,  // some are negative
};
std::string value_state_name(ValueState state);
// Throws InputError naming `where` for a name that is none of these.
ValueState value_state_named(const std::string& name, const std::string& where);

struct ValueJudgement {
  ValueState state = ValueState::counts;
  bool proven = false;  // told by more than the size of the values
};

// Judged from some hundred cells. The values of one cell that were counts are whole multiples of its smallest, once what was done
// to them is undone: for which of x, eˣ - 1, 2ˣ - 1, 10ˣ - 1 and x² this holds tells what was done. Where it holds for none (values
// that never were counts, such as TPM) the totals of the cells tell, equal after the same undoing; then the size of the values:
// logarithms stay below 14 = ln(1 + 10⁶).
ValueJudgement judge_values(const CsrBlock& cells);
ValueState detect_value_state(const CsrBlock& cells);

// Throws DataError for what must not be normalised again (logarithms, roots, negative values) and, when strict, for all that is not
// whole. Gives a sentence to warn with for other values that are not whole, "" for counts. `at_hand`: the other matrices of the
// file
// ("raw", "layers/counts"), for the advice.
std::string check_value_state(ValueState state, const std::string& file, bool strict, const std::vector<std::string>& at_hand = {});

// Throws DataError when cells in the state `found` are put to a model that learned from another. Both kinds of counts are alike.
void check_same_state(ValueState learned_from, ValueState found, const std::string& file,
                      const std::vector<std::string>& at_hand = {});

// Watches the values of a source as its blocks come by.
class ValueWatch {
 public:
  // `counts` as [prepare] says.
  ValueWatch(std::string file, std::string counts, std::vector<std::string> at_hand = {})
      : file_(std::move(file)), at_hand_(std::move(at_hand)), counts_(std::move(counts)) {}
  // With counts = "any" logarithms are taken as they are where neither a sum nor a log follows.
  ValueWatch(std::string file, const PrepareOptions& options, std::vector<std::string> at_hand = {})
      : ValueWatch(std::move(file),
                   options.counts == "any" && (options.target_sum != 0 || options.log1p) ? "accept" : options.counts,
                   std::move(at_hand)) {}
  // As check_value_state for what was seen so far: throws, or gives a sentence to warn with, once. Whole counts and then fractions
  // are fractional counts, unless the fractions are proven to be something else: then the file mixes two kinds, and is refused.
  // Trusted values are counts whatever they look like.
  std::string see(const CsrBlock& cells);
  ValueState state() const { return state_; }

 private:
  std::string file_;
  std::vector<std::string> at_hand_;
  std::string counts_;
  bool judged_ = false;
  ValueState state_ = ValueState::counts;
};

// Throws DataError naming file, cell and gene of the first negative value.
void refuse_negative(const CsrRow& counts, const std::string& file, std::string_view cell, const GeneList& genes);

}  // namespace cellverdict
