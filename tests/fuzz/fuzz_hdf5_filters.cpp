// One chunk of HDF5 behind filters: the first byte says how large it is, the next three which filters were applied (two bits each,
// then the size of an element), the fourth which of them were skipped.

#include <cellverdict/io/hdf5_filters.h>

#include <vector>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n < 5) return 0;
  std::vector<Hdf5Filter> filters;
  for (std::size_t i = 1; i < 4; ++i)
    filters.push_back(
        {.kind = static_cast<Hdf5Filter::Kind>(bytes[i] % 4), .element_bytes = static_cast<std::size_t>(bytes[i] / 4 % 17)});
  if (!Hdf5Unpacker::can_unpack(filters)) return 0;
  std::vector<std::uint8_t> out(bytes[0]);
  const std::vector<std::uint8_t> packed(bytes + 5, bytes + n);
  Hdf5Unpacker unpacker;
  const auto problem = unpacker.unpack(filters, bytes[4], packed, out);
  require(!problem || !problem->empty());
  // The second time, with what the first has left behind, is like the first.
  std::vector<std::uint8_t> again(bytes[0]);
  require(unpacker.unpack(filters, bytes[4], packed, again) == problem && (problem || again == out));
  return 0;
}
