#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

#include "base/scratch_folder.h"

using namespace cellverdict;
namespace fs = std::filesystem;

namespace {

// No file may grow beyond `bytes` while this lives: to the writer it is what a full disk is, a write that fails half-way.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

void put(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("a file appears at commit and not before") {
  const ScratchFolder folder;
  AtomicPath out(folder / "model.json");
  put(out.temporary(), "whole");
  CHECK(out.temporary().parent_path() == (folder / "model.json").parent_path());  // or the rename would not be atomic
  CHECK_FALSE(fs::exists(folder / "model.json"));
  out.commit();
  CHECK(read_file(folder / "model.json") == "whole");
  CHECK(folder.n_entries() == 1);
}

TEST_CASE("without commit nothing is left behind and the old file stays") {
  const ScratchFolder folder;
  put(folder / "old.txt", "old");
  {
    AtomicPath out(folder / "old.txt");
    put(out.temporary(), "half");
  }
  {
    AtomicPath out(folder / "new");
    fs::create_directories(out.temporary() / "deep");
    put(out.temporary() / "deep/file", "half");
  }
  CHECK(folder.n_entries() == 1);
  CHECK(read_file(folder / "old.txt") == "old");
}

TEST_CASE("what a killed process left of a target goes away with the next attempt, what a living one writes stays") {
  const ScratchFolder folder;
  const auto name_of = [&](pid_t process) {
    std::string name = AtomicPath(folder / "store").temporary().filename().string();
    const std::string own = "part" + std::to_string(::getpid());
    return name.replace(name.find(own), own.size(), "part" + std::to_string(process));
  };
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);  // its number is nobody's now
  const std::string dead = name_of(child), living = name_of(::getppid());
  fs::create_directories(folder / dead / "deep");
  put(folder / dead / "deep/000.h5ad", "half");
  fs::create_directories(folder / living);
  put(folder / ".store.part12@another-machine", "half");
  put(folder / ".store.particulars", "a user's");
  put(folder / ".storehouse.part12", "of another target");
  const AtomicPath out(folder / "store");
  CHECK(folder.n_entries() == 4);
  CHECK_FALSE(fs::exists(folder / dead));
  CHECK(fs::exists(folder / living));
}

TEST_CASE("commit replaces an old file and an old folder whole") {
  const ScratchFolder folder;
  put(folder / "file", "old");
  write_file(folder / "file", "new");
  CHECK(read_file(folder / "file") == "new");

  fs::create_directory(folder / "run");
  put(folder / "run" / "stale", "old");
  AtomicPath out(folder / "run");
  fs::create_directory(out.temporary());
  put(out.temporary() / "fresh", "new");
  out.commit();
  CHECK_FALSE(fs::exists(folder / "run" / "stale"));
  CHECK(read_file(folder / "run" / "fresh") == "new");
  CHECK(folder.n_entries() == 2);
}

TEST_CASE("a file never takes the place of a folder") {
  const ScratchFolder folder;
  fs::create_directory(folder / "results");
  put(folder / "results" / "precious", "kept");
  CHECK_THROWS_AS(write_file(folder / "results", "text"), InputError);
  CHECK(read_file(folder / "results" / "precious") == "kept");
  CHECK(folder.n_entries() == 1);
}

TEST_CASE("missing parent folders are made") {
  const ScratchFolder folder;
  write_file(folder / "a/b/c.txt", "text");
  CHECK(read_file(folder / "a/b/c.txt") == "text");
}

TEST_CASE("a folder that cannot be written is refused before any work is done, and named") {
  const ScratchFolder folder;
  put(folder / "file", "not a folder");
  for (const fs::path& target : {folder / "file/model.json", fs::path("/proc/cellverdict/model.json")}) {
    try {
      const AtomicPath out(target);
      FAIL("no error for " << target);
    } catch (const InputError& error) {
      const std::string what = error.what();
      CHECK(what.starts_with(target.parent_path().string() + ": found a folder that cannot be written ("));
      CHECK(what.find("expected a writable folder for model.json") != std::string::npos);
    }
  }
}

TEST_CASE("a disk that fills up is an error that names the file, and leaves the old file and no debris") {
  const ScratchFolder folder;
  write_file(folder / "report.html", "old");
  std::string message;
  {
    const FileSizeLimit limit(64 << 10);
    try {
      write_file(folder / "report.html", std::string(1 << 20, 'x'));
    } catch (const InputError& error) {
      message = error.what();
    }
  }
  CHECK(message.find("report.html: found File too large") != std::string::npos);
  CHECK(read_file(folder / "report.html") == "old");
  CHECK(folder.n_entries() == 1);
}

TEST_CASE("commit of something never written is an error") {
  const ScratchFolder folder;
  AtomicPath out(folder / "never");
  CHECK_THROWS_AS(out.commit(), InputError);
  CHECK(folder.n_entries() == 0);
}

TEST_CASE("reading gives every byte, or says what is at the path instead") {
  const ScratchFolder folder;
  const std::string bytes("a\0\r\n\xff", 5);
  write_file(folder / "bytes", bytes);
  CHECK(read_file(folder / "bytes") == bytes);
  write_file(folder / "empty", "");
  CHECK(read_file(folder / "empty").empty());
  const auto complaint = [](const fs::path& path) -> std::string {
    try {
      read_file(path);
    } catch (const InputError& error) {
      return error.complaint().found;
    }
    return "";
  };
  CHECK(complaint(folder / "missing") == "nothing at this path");
  CHECK(complaint(folder / ".") == "a folder");
}
