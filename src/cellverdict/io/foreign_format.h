#pragma once
// What people give that is not read, named by its content so that the refusal can say how to get at the counts.

#include <filesystem>

namespace cellverdict {

// Throws InputError when a file or folder is known to be of a format that is not read: a Zarr store, an object of R, a pickle, a
// part of a 10x matrix, …; returns for all else.
void refuse_foreign(const std::filesystem::path& path);

}  // namespace cellverdict
