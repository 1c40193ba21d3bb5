#pragma once
// Writing bytes to files, and what is said when they do not go there.

#include <cstdint>
#include <filesystem>

namespace cellverdict {

// Writes all of it at a place of an open file, however often the system takes a part only. False when it cannot; errno says why.
bool write_all_at(int file, std::int64_t place, const void* bytes, std::int64_t n);

// Throws the InputError of a file that could not be written, for the reason in errno.
[[noreturn]] void refuse_unwritten(const std::filesystem::path& path);

}  // namespace cellverdict
