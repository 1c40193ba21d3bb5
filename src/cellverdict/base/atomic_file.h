#pragma once
// Outputs appear whole or not at all: write under a temporary name beside the target, fsync, rename.

#include <filesystem>
#include <string_view>
#include <vector>

namespace cellverdict {

// A file (or folder) that comes into being at commit(); without it the temporary is removed, and folders made for it that are
// empty.
//   AtomicPath out("model.json");  write_to(out.temporary());  out.commit();
class AtomicPath {
 public:
  // Creates missing parent folders, and takes away what killed processes of this machine left of the same target. Throws InputError
  // when the folder cannot be written.
  explicit AtomicPath(std::filesystem::path target);
  ~AtomicPath();
  AtomicPath(const AtomicPath&) = delete;
  AtomicPath& operator=(const AtomicPath&) = delete;

  const std::filesystem::path& temporary() const { return temporary_; }
  // Flushes to disk and renames over the target (a target folder that exists is replaced). Throws InputError (disk full, …).
  void commit();

 private:
  std::filesystem::path target_, temporary_;
  std::vector<std::filesystem::path> made_;  // parent folders that were missing, deepest first
  bool committed_ = false;
};

// A whole small file at once. Throws InputError.
void write_file(const std::filesystem::path& target, std::string_view text);
// Throws InputError naming the file when it is missing or unreadable.
std::string read_file(const std::filesystem::path& path);

}  // namespace cellverdict
