// Pickles of Python: refused in one way only, and every value that is given can be reached. Once as a file of its own, once as the
// data.pkl of a checkpoint.

#include <cellverdict/io/pickle_data.h>

#include <set>
#include <vector>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

namespace {

constexpr std::int64_t kMostValues = 10'000;

// Values may contain themselves: no deeper than this.
std::int64_t count(PickleValue value, int depth) {
  std::int64_t n = 1;
  switch (value.kind()) {
    case PickleKind::text:
    case PickleKind::bytes:
    case PickleKind::function:
    case PickleKind::dtype:
      return n + static_cast<std::int64_t>(value.text().size() > 0);
    case PickleKind::dict:
      for (std::int64_t i = 0; depth > 0 && i < value.size(); ++i)
        n += count(value.key(i), depth - 1) + count(value.value(i), depth - 1);
      return n;
    case PickleKind::list:
    case PickleKind::tuple:
    case PickleKind::set:
    case PickleKind::storage:
    case PickleKind::tensor:
      for (std::int64_t i = 0; depth > 0 && i < value.size(); ++i) n += count(value.item(i), depth - 1);
      return n;
    default:
      return n + static_cast<std::int64_t>(value.integer() != 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  return allow_refusal([&] {
    const Pickle pickle = read_pickle(std::as_bytes(std::span(bytes, n)), "fuzz.pkl", {.n_values = kMostValues});
    require(count(pickle.root(), 2) > 0);
  });
}
