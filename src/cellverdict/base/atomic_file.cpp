#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

void sync_to_disk(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const int status = ::fsync(fd);
  const int reason = errno;
  ::close(fd);
  // Some file systems have no fsync for folders; only a failed write-back matters here.
  if (status != 0 && (reason == EIO || reason == ENOSPC || reason == EDQUOT))
    throw InputError({.where = path.string(),
                      .found = std::strerror(reason),
                      .expected = "a file on disk",
                      .advice = "free space or choose another folder"});
}

}  // namespace

AtomicPath::AtomicPath(fs::path target) : target_(std::move(target)) {
  const fs::path folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
  std::error_code failure;
  for (fs::path missing = folder; !missing.empty() && !fs::exists(missing, failure); missing = missing.parent_path())
    made_.push_back(missing);
  fs::create_directories(folder, failure);
  if (failure || ::access(folder.c_str(), W_OK) != 0)
    throw InputError(
        {.where = folder.string(),
         .found = "a folder that cannot be written (" + (failure ? failure.message() : std::string(std::strerror(errno))) + ")",
         .expected = "a writable folder for " + target_.filename().string(),
         .advice = "choose another output folder"});
  temporary_ = folder / ("." + target_.filename().string() + ".part" + std::to_string(::getpid()));
  fs::remove_all(temporary_, failure);
}

AtomicPath::~AtomicPath() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
  for (const auto& folder : made_) fs::remove(folder, ignored);  // takes empty ones alone
}

void AtomicPath::commit() {
  if (fs::is_directory(target_) && !fs::is_directory(temporary_))
    throw InputError({.where = target_.string(),
                      .found = "a folder",
                      .expected = "a place for a file of this name",
                      .advice = "choose another name or move the folder away"});
  if (fs::is_directory(temporary_))
    for (const auto& entry : fs::recursive_directory_iterator(temporary_)) sync_to_disk(entry.path());
  sync_to_disk(temporary_);
  std::error_code failure;
  if (fs::is_directory(target_)) fs::remove_all(target_, failure);
  if (!failure) fs::rename(temporary_, target_, failure);
  if (failure)
    throw InputError({.where = target_.string(),
                      .found = failure.message(),
                      .expected = "to put the finished file in place",
                      .advice = "check the folder's permissions and free space"});
  committed_ = true;
  sync_to_disk(target_.has_parent_path() ? target_.parent_path() : fs::path("."));  // the new name itself
}

void write_file(const fs::path& target, std::string_view text) {
  AtomicPath out(target);
  {
    std::ofstream stream(out.temporary(), std::ios::binary);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    stream.close();
    if (!stream)
      throw InputError({.where = target.string(),
                        .found = std::strerror(errno),
                        .expected = "to write it",
                        .advice = "free space or choose another folder"});
  }
  out.commit();
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || fs::is_directory(path))
    throw InputError({.where = path.string(),
                      .found = fs::is_directory(path) ? "a folder"
                               : fs::exists(path)     ? std::string(std::strerror(errno))
                                                      : "nothing at this path",
                      .expected = "a readable file",
                      .advice = "check the spelling"});
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

}  // namespace cellverdict
