// Safetensors: no more is given than the file holds. The first two bytes are the header's length, so that the fuzzer need not
// find eight that fit.

#include <cellverdict/io/safetensors.h>

#include <string>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n < 2) return 0;
  std::string whole(8, '\0');
  whole[0] = static_cast<char>(bytes[0]);
  whole[1] = static_cast<char>(bytes[1]);
  whole.append(reinterpret_cast<const char*>(bytes) + 2, n - 2);
  const MemoryFile file(reinterpret_cast<const std::uint8_t*>(whole.data()), whole.size());
  return allow_refusal([&] {
    const Safetensors read = read_safetensors(file.path());
    std::size_t n_bytes = 0;
    for (const auto& tensor : read.tensors) n_bytes += tensor.bytes.size();
    require(n_bytes <= n);
  });
}
