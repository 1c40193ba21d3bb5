#include <cellverdict/base/scratch_file.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/file_write.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace cellverdict {

ScratchFile::ScratchFile(std::filesystem::path path) : path_(std::move(path)), named_(true) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file_ < 0) fail();
}

ScratchFile ScratchFile::unnamed(const std::filesystem::path& folder) {
  ScratchFile out;
  out.path_ = folder;
  std::string name = (folder / ".scratch-XXXXXX").string();
  out.file_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (out.file_ < 0) out.fail();
  ::unlink(name.c_str());
  return out;
}

ScratchFile::~ScratchFile() {
  release();
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept {
  *this = std::move(other);
}

ScratchFile& ScratchFile::operator=(ScratchFile&& other) noexcept {
  if (this == &other) return *this;
  release();
  path_ = std::exchange(other.path_, {});
  named_ = std::exchange(other.named_, false);
  file_ = std::exchange(other.file_, -1);
  size_ = std::exchange(other.size_, 0);
  mapped_size_ = std::exchange(other.mapped_size_, 0);
  mapped_ = std::exchange(other.mapped_, nullptr);
  return *this;
}

std::int64_t ScratchFile::reserve(std::int64_t bytes) {
  return std::exchange(size_, size_ + bytes);
}

void ScratchFile::write_at(std::int64_t place, const void* bytes, std::int64_t n) const {
  if (!write_all_at(file_, place, bytes, n)) fail();
}

void ScratchFile::begin_flush(std::int64_t place, std::int64_t n) const {
  ::sync_file_range(file_, place, n, SYNC_FILE_RANGE_WRITE);
}

std::filesystem::path ScratchFile::give_away() {
  close();
  named_ = false;
  return std::exchange(path_, {});
}

void ScratchFile::close() {
  if (file_ >= 0 && ::close(std::exchange(file_, -1)) != 0) fail();
}

std::byte* ScratchFile::bytes() {
  if (mapped_size_ == size_) return mapped_;
  unmap();
  if (file_ < 0 && named_) file_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  // Reserved room that nobody has written reads as zeros. Allocated now: a full disk is an error here and a crash later.
  const int problem = file_ < 0 ? errno : ::posix_fallocate(file_, 0, size_);
  if (problem != 0) {
    errno = problem;
    fail();
  }
  void* const all = ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (all == MAP_FAILED) fail();
  mapped_ = static_cast<std::byte*>(all);
  mapped_size_ = size_;
  return mapped_;
}

void ScratchFile::fail() const {
  throw InputError({.where = path_.string(),
                    .found = std::strerror(errno),
                    .expected = "space for temporary data",
                    .advice = "free space or choose another output folder"});
}

void ScratchFile::unmap() {
  if (mapped_ != nullptr) ::munmap(mapped_, static_cast<std::size_t>(mapped_size_));
  mapped_ = nullptr;
  mapped_size_ = 0;
}

void ScratchFile::release() {
  unmap();
  if (file_ >= 0) ::close(file_);
  if (!named_) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace cellverdict
