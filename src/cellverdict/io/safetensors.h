#pragma once
// Hugging Face's safetensors container: little-endian tensors behind a JSON header. Files appear whole or not at all.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct NamedTensor {
  std::string name;
  std::string dtype;  // "F32", "F64", "I64", "U8"
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;          // row-major, little-endian
  std::span<const std::byte> elsewhere;  // or someone else's memory, to be written without a copy

  std::span<const std::byte> data() const { return elsewhere.empty() ? bytes : elsewhere; }
};

struct Safetensors {
  std::vector<NamedTensor> tensors;  // sorted by name in the file
  std::map<std::string, std::string> metadata;

  const NamedTensor* find(const std::string& name) const;
};

// Copies what lies elsewhere, so that it may change.
void keep_copies(Safetensors& contents);

void write_safetensors(const std::filesystem::path& path, const Safetensors& contents);
// Every offset is checked against the file's size before anything is allocated. Throws InputError.
Safetensors read_safetensors(const std::filesystem::path& path);

}  // namespace cellverdict
