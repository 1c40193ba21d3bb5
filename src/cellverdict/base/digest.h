#pragma once
// SHA-256 of inputs and configurations: what a run was made from, and whether a stage has to run again.

#include <filesystem>
#include <string>
#include <string_view>

namespace cellverdict {

// Lower-case hexadecimal.
std::string sha256(std::string_view bytes);
// Reads in blocks; throws InputError when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace cellverdict
