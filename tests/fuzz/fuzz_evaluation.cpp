// evaluation.json: refused in one way only; what is accepted is written and read as the same.

#include <cellverdict/evaluate/evaluation.h>

#include <string>

#include "json_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const std::string text(reinterpret_cast<const char*>(bytes), n);
  return allow_refusal([&] {
    const std::string written = evaluation_to_json(evaluation_from_json(text, "evaluation.json"));
    require(evaluation_to_json(evaluation_from_json(written, "again")) == written);
  });
}
