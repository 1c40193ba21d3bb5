#pragma once
// The LZF compression of h5py, which libhdf5 alone cannot undo: anndata's write_h5ad(compression="lzf").

#include <cstddef>
#include <cstdint>
#include <span>

namespace cellverdict {

// Makes libhdf5 able to read such datasets. May be called any number of times.
void register_hdf5_lzf();

// Unpacks one chunk. Gives the number of bytes it holds, or -1 when it is damaged or does not fit `out`.
std::int64_t unpack_lzf(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out);

}  // namespace cellverdict
