// One chunk of LZF; the first byte says how much room there is.

#include <cellverdict/io/hdf5_lzf.h>

#include <vector>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n == 0) return 0;
  std::vector<std::uint8_t> out(bytes[0]);
  const std::vector<std::uint8_t> packed(bytes + 1, bytes + n);
  require(unpack_lzf(packed, out) <= static_cast<std::int64_t>(out.size()));
  return 0;
}
