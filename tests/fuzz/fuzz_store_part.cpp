// NNN_<source>.part.json: refused in one way only; what is accepted is written and read as the same.

#include <cellverdict/prepare/part.h>

#include <string>

#include "json_mutator.h"
#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const std::string text(reinterpret_cast<const char*>(bytes), n);
  return allow_refusal([&] {
    const Part part = part_from_json(text, "a.part.json");
    require(part.n_cells >= 0 && part.n_rows >= 0 && part.shard_bytes >= 0);
    const std::string written = part_to_json(part);
    require(part_to_json(part_from_json(written, "again")) == written);
  });
}
