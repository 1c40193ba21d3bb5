#include <cellverdict/base/file_write.h>

#include <cellverdict/base/error.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cellverdict {

bool write_all_at(int file, std::int64_t place, const void* bytes, std::int64_t n) {
  for (const char* next = static_cast<const char*>(bytes); n > 0;) {
    const ssize_t written = ::pwrite(file, next, static_cast<std::size_t>(n), place);
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = ENOSPC;  // no more was taken, and no reason given
    if (written <= 0) return false;
    next += written;
    place += written;
    n -= written;
  }
  return true;
}

void refuse_unwritten(const std::filesystem::path& path) {
  throw InputError({.where = path.string(),
                    .found = std::strerror(errno),
                    .expected = "to write it",
                    .advice = "free space or choose another folder"});
}

}  // namespace cellverdict
