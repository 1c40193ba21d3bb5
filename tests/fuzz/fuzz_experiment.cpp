// Experiment files: TOML and what is made of it. Refused in one way only, and what is accepted is written and read as the same.

#include <cellverdict/run/experiment.h>

#include "line_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  try {
    for (const auto& experiment : read_experiments({.file = file.path(), .sets = {}, .variant = "all"})) {
      const std::string text = experiment_to_toml(experiment);
      const MemoryFile again(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
      const auto same = read_experiments({.file = again.path(), .sets = {}, .variant = ""});
      require(same.size() == 1 && experiment_to_toml(same[0]) == text);
    }
  } catch (const UsageError&) {
  }
  return 0;
}
