// Sample sheets: every row that is given has a path and all its labels.

#include <cellverdict/io/sample_sheet.h>

#include "line_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const MemoryFile file(bytes, n);
  return allow_refusal([&] {
    const SampleSheet sheet = read_sample_sheet(file.path());
    require(!sheet.paths.empty());
    require(static_cast<std::int64_t>(sheet.paths.size()) == sheet.labels.n_rows());
    for (const auto& column : sheet.labels.columns) require(column.size() == sheet.labels.n_rows());
  });
}
