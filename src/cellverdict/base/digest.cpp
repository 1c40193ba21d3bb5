#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

namespace cellverdict {

namespace {

class Sha256 {
 public:
  Sha256() : state_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(state_.get(), EVP_sha256(), nullptr); }
  void update(const void* bytes, std::size_t n) { EVP_DigestUpdate(state_.get(), bytes, n); }
  std::string hex() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(state_.get(), digest.data(), nullptr);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest) {
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state_;
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes.data(), bytes.size());
  return digest.hex();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw InputError(
        {.where = path.string(), .found = std::strerror(errno), .expected = "a readable file", .advice = "check the path"});
  Sha256 digest;
  std::vector<char> block(1 << 20);
  while (stream) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.update(block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad())  // a folder opens like a file and fails only here
    throw InputError({.where = path.string(),
                      .found = std::filesystem::is_directory(path) ? "a folder" : std::strerror(errno),
                      .expected = "a readable file",
                      .advice = "check the path"});
  return digest.hex();
}

void refuse_changed(const std::string& where) {
  throw InputError({.where = where,
                    .found = "other contents than when it was opened",
                    .expected = "a file that nobody writes to while it is read",
                    .advice = "run again when it is complete"});
}

const std::string& FileDigests::of(const std::filesystem::path& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  const auto changed = std::filesystem::last_write_time(path, failure);
  Known& known = known_[path];
  if (known.digest.empty() || failure || known.size != size || known.changed != changed)
    known = {size, changed, sha256_of_file(path)};
  return known.digest;
}

}  // namespace cellverdict
