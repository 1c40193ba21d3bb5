#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>
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

// Empty when it was given up.
std::string digest_of_file(const std::filesystem::path& path, const std::atomic<bool>& given_up) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw InputError(
        {.where = path.string(), .found = std::strerror(errno), .expected = "a readable file", .advice = "check the path"});
  Sha256 digest;
  std::vector<char> block(1 << 20);
  while (stream && !given_up) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.update(block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad())  // a folder opens like a file and fails only here
    throw InputError({.where = path.string(),
                      .found = std::filesystem::is_directory(path) ? "a folder" : std::strerror(errno),
                      .expected = "a readable file",
                      .advice = "check the path"});
  return given_up ? "" : digest.hex();
}

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes.data(), bytes.size());
  return digest.hex();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  return digest_of_file(path, false);
}

void refuse_changed(const std::string& where) {
  throw InputError({.where = where,
                    .found = "other contents than when it was opened",
                    .expected = "a file that nobody writes to while it is read",
                    .advice = "run again when it is complete"});
}

FileStamp stamp_of(const std::filesystem::path& path) {
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(path, unreadable);
  if (unreadable) return {};
  const auto changed = std::filesystem::last_write_time(path, unreadable);
  return unreadable ? FileStamp{} : FileStamp{size, changed};
}

FileDigests::~FileDigests() {
  if (given_up_) *given_up_ = true;  // what is under way ends at its next block
}

void FileDigests::begin(std::vector<std::filesystem::path> paths) {
  take_begun();
  paths.erase(std::remove_if(paths.begin(), paths.end(), [this](const auto& path) { return known_.contains(path); }), paths.end());
  if (paths.empty()) return;
  const auto work = [paths = std::move(paths), &given_up = *given_up_] {
    Table found;
    for (const auto& path : paths) {
      const FileStamp stamp = stamp_of(path);
      if (!given_up) found[path] = {stamp, digest_of_file(path, given_up)};
    }
    return found;
  };
  try {
    begun_ = std::async(std::launch::async, work);
  } catch (const std::system_error&) {
    // No thread to be had: `of` reads the files itself.
  }
}

void FileDigests::take_begun() {
  if (!begun_.valid()) return;
  try {
    for (auto& [path, known] : begun_.get()) known_[path] = std::move(known);
  } catch (const InputError&) {
    // `of` meets the same file and says which.
  }
}

const std::string& FileDigests::of(const std::filesystem::path& path) {
  take_begun();
  const FileStamp stamp = stamp_of(path);
  Known& known = known_[path];
  if (known.digest.empty() || stamp == FileStamp{} || known.stamp != stamp) known = {stamp, sha256_of_file(path)};
  return known.digest;
}

}  // namespace cellverdict
