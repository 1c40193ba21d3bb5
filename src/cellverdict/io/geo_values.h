#pragma once
// A dense matrix of measurements, samples × probes, and how it is made from the lines of a table, probes × samples. Arrays measure
// every probe in every sample: here, and only here, the matrix is held whole.
// Must never: hold it twice; take a missing value for zero.

#include <cellverdict/table/names.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

struct ProbeMatrix {
  std::int64_t n_samples = 0, n_probes = 0;
  std::unique_ptr<float[]> values;  // [n_samples, n_probes]; missing: NaN
  std::int64_t n_missing = 0;

  std::span<const float> row(std::int64_t sample) const {
    return {values.get() + sample * n_probes, static_cast<std::size_t>(n_probes)};
  }
  std::span<float> row(std::int64_t sample) { return {values.get() + sample * n_probes, static_cast<std::size_t>(n_probes)}; }
};

// Reads the number at the beginning of [begin, end), up to a tab or the end, quoted or not; gives where it stopped. NaN for what
// stands for no value ("", NA, null, NaN); nullptr for anything else. Numbers are read as doubles, exactly, and rounded to float.
const char* read_value(const char* begin, const char* end, float& value);

// Takes the lines of a table from first to last and gives the matrix. Lines are parsed in batches, by `threads` threads.
class ProbeTableParser {
 public:
  // `place` names the line a batch begins at in errors: file and number of the line before the first.
  ProbeTableParser(std::string file, std::int64_t n_samples, int threads);
  ~ProbeTableParser();
  ProbeTableParser(const ProbeTableParser&) = delete;
  ProbeTableParser& operator=(const ProbeTableParser&) = delete;

  // Whole lines: a probe's name and n_samples values, separated by tabs, each with its line end (LF or CRLF). `first_line`: number
  // of the first. Throws InputError naming line and column for a ragged line or a value that is no number.
  void parse(std::string_view lines, std::int64_t first_line);

  std::int64_t n_probes() const;
  // What was parsed; the parser is empty afterwards.
  Names take_probes();
  ProbeMatrix take_matrix();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cellverdict
