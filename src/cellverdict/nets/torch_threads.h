#pragma once
// Work of ours on LibTorch's own threads: after each of its operations they wait a while without sleeping, and would keep others
// from the cores.

#include <cstdint>
#include <functional>

namespace cellverdict {

// A DivideWork (base/parallel.h): [0, n) in `threads` parts.
void divide_as_torch(std::int64_t n, int threads, const std::function<void(std::int64_t, std::int64_t)>& work);

}  // namespace cellverdict
