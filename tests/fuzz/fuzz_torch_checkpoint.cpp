// Checkpoints of torch: the bytes are a zip as they are when they begin like one, otherwise the data.pkl of one that is made around
// them with two storages. No more is given than the file holds four times.

#include <cellverdict/io/torch_checkpoint.h>

#include <array>
#include <string>

#include "memory_file.h"

using namespace cellverdict;
using namespace cellverdict::fuzzing;

namespace {

std::uint32_t checksum(const std::string& bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

class Zip {
 public:
  void add(const std::string& name, const std::string& bytes) {
    const auto offset = static_cast<std::uint32_t>(out_.size());
    std::string common;
    for (const std::uint32_t field : {20U, 0U, 0U, 0U, 0U}) append(common, field, 2);
    append(common, checksum(bytes), 4);
    append(common, static_cast<std::uint32_t>(bytes.size()), 4);
    append(common, static_cast<std::uint32_t>(bytes.size()), 4);
    append(common, static_cast<std::uint32_t>(name.size()), 2);
    append(common, 0, 2);
    out_ += "PK\x03\x04" + common + name + bytes;
    std::string rest;
    append(rest, 0, 2);
    append(rest, 0, 2);
    append(rest, 0, 2);
    append(rest, 0, 4);
    append(rest, offset, 4);
    directory_ += "PK\x01\x02";
    append(directory_, 20, 2);
    directory_ += common + rest + name;
    ++n_;
  }
  std::string take() {
    const auto begin = static_cast<std::uint32_t>(out_.size());
    std::string end = "PK\x05\x06";
    append(end, 0, 4);
    append(end, n_, 2);
    append(end, n_, 2);
    append(end, static_cast<std::uint32_t>(directory_.size()), 4);
    append(end, begin, 4);
    append(end, 0, 2);
    return out_ + directory_ + end;
  }

 private:
  static void append(std::string& out, std::uint32_t number, int n) {
    for (int i = 0; i < n; ++i) out += static_cast<char>(number >> 8 * i & 0xFF);
  }
  std::string out_, directory_;
  std::uint32_t n_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  std::string whole(reinterpret_cast<const char*>(bytes), n);
  if (!whole.starts_with("PK")) {
    Zip zip;
    zip.add("a/data.pkl", whole);
    zip.add("a/data/0", std::string(24, 'x'));
    zip.add("a/data/1", std::string(8, 'y'));
    whole = zip.take();
  }
  const MemoryFile file(reinterpret_cast<const std::uint8_t*>(whole.data()), whole.size());
  return allow_refusal([&] {
    const Safetensors read = read_torch_checkpoint(file.path());
    std::size_t n_bytes = 0;
    for (const auto& tensor : read.tensors) n_bytes += tensor.bytes.size();
    require(n_bytes <= 4 * whole.size());
  });
}
