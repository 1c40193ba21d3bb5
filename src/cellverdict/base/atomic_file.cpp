#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/file_write.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
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

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// "@HOST": a folder may be shared by machines, and a process id says something on its own machine alone.
std::string own_host() {
  std::string host = "@" + host_name();
  std::replace(host.begin(), host.end(), '/', '_');
  return host;
}

// Takes away what processes that were killed left beside the target: ".NAME.partPID@HOST" of this machine, of no living process.
void sweep(const fs::path& folder, const std::string& stem) {
  std::vector<fs::path> dead;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(stem)) continue;
    pid_t owner = 0;
    const char* const last = name.data() + name.size();
    const auto [rest, problem] = std::from_chars(name.data() + stem.size(), last, owner);
    if (problem != std::errc() || owner <= 0 || !std::string(rest, last).starts_with(own_host())) continue;
    if (::kill(owner, 0) != 0 && errno == ESRCH) dead.push_back(it->path());
  }
  for (const auto& path : dead) fs::remove_all(path, failure);
}

// Puts the finished folder in the place of an old one. At no moment is there neither, where the file system can exchange names.
void replace_folder(const fs::path& finished, const fs::path& target, std::error_code& failure) {
  std::error_code ignored;
  if (::renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(finished, ignored);  // now the old one
    return;
  }
  const fs::path aside = finished.string() + "-old";
  fs::remove_all(aside, ignored);
  fs::rename(target, aside, failure);
  if (failure) return;
  fs::rename(finished, target, failure);
  if (failure) {
    fs::rename(aside, target, ignored);
  } else {
    fs::remove_all(aside, ignored);
  }
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
  const std::string stem = "." + target_.filename().string() + ".part";
  sweep(folder, stem);
  temporary_ = folder / (stem + std::to_string(::getpid()) + own_host());
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
  if (fs::is_directory(target_)) {
    replace_folder(temporary_, target_, failure);
  } else {
    fs::rename(temporary_, target_, failure);
  }
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
    if (!stream) refuse_unwritten(target);
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
