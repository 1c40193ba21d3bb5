#pragma once
// A gzip file written front to back. No name and no time in its header: same text, same bytes.

#include <filesystem>
#include <memory>
#include <string_view>

namespace cellverdict {

class GzipOutput {
 public:
  // `shown`: the name errors give it, when it is written under a temporary one. Throws InputError when it cannot be made.
  GzipOutput(const std::filesystem::path& path, std::filesystem::path shown);
  ~GzipOutput();

  void write(std::string_view text);
  // Ends the stream and flushes to disk. Without it the file is not whole.
  void finish();

 private:
  struct State;
  void pump(bool last);

  std::filesystem::path shown_;
  std::unique_ptr<State> state_;
};

}  // namespace cellverdict
