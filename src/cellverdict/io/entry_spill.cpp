#include <cellverdict/base/error.h>
#include <cellverdict/io/entry_spill.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace cellverdict {

namespace {

constexpr std::int64_t kEntry = sizeof(SpilledEntry);

[[noreturn]] void refuse(const std::string& what) {
  std::error_code ignored;
  throw InputError({.where = "a temporary file in " + std::filesystem::temp_directory_path(ignored).string(),
                    .found = std::string(std::strerror(errno)),
                    .expected = what,
                    .advice = "name a folder with more room in TMPDIR, or give more --memory"});
}

int open_unnamed_file() {
  std::error_code failure;
  std::string name = (std::filesystem::temp_directory_path(failure) / "cellverdict.XXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0) refuse("room for a matrix that does not fit the memory");
  ::unlink(name.c_str());
  return file;
}

}  // namespace

EntrySpill::EntrySpill(std::int64_t memory_bytes) : most_held_(std::max<std::int64_t>(memory_bytes / kEntry, 1024)) {}

EntrySpill::EntrySpill(EntrySpill&& other) noexcept
    : most_held_(other.most_held_), n_on_disk_(other.n_on_disk_), held_(std::move(other.held_)), file_(other.file_) {
  other.file_ = -1;
}

EntrySpill::~EntrySpill() {
  if (file_ >= 0) ::close(file_);
}

void EntrySpill::flush() {
  if (file_ < 0) file_ = open_unnamed_file();
  const char* bytes = reinterpret_cast<const char*>(held_.data());
  std::int64_t left = static_cast<std::int64_t>(held_.size()) * kEntry, place = n_on_disk_ * kEntry;
  while (left > 0) {
    const ssize_t n = ::pwrite(file_, bytes, static_cast<std::size_t>(left), place);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) refuse("to write what does not fit the memory");
    bytes += n;
    place += n;
    left -= n;
  }
  n_on_disk_ += static_cast<std::int64_t>(held_.size());
  held_.clear();
}

void EntrySpill::append(std::span<const SpilledEntry> entries) {
  held_.insert(held_.end(), entries.begin(), entries.end());
  if (static_cast<std::int64_t>(held_.size()) < most_held_) return;
  flush();
  // From now on only a buffer: the memory is wanted for reading.
  most_held_ = std::min<std::int64_t>(most_held_, std::int64_t{1} << 17);
  held_.shrink_to_fit();
}

void EntrySpill::read(std::int64_t first, std::int64_t count, std::vector<SpilledEntry>& out) const {
  if (first < 0 || count < 0 || first + count > size())
    throw InternalError({.where = "spilled entries", .found = std::to_string(first + count), .expected = std::to_string(size())});
  out.resize(static_cast<std::size_t>(count));
  const std::int64_t from_disk = std::clamp<std::int64_t>(n_on_disk_ - first, 0, count);
  char* bytes = reinterpret_cast<char*>(out.data());
  std::int64_t left = from_disk * kEntry, place = first * kEntry;
  while (left > 0) {
    const ssize_t n = ::pread(file_, bytes, static_cast<std::size_t>(left), place);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) refuse("to read back what was written there");
    bytes += n;
    place += n;
    left -= n;
  }
  const std::int64_t in_memory = first + from_disk - n_on_disk_;
  std::copy_n(held_.begin() + in_memory, count - from_disk, out.begin() + from_disk);
}

}  // namespace cellverdict
