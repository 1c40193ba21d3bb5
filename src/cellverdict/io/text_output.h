#pragma once
// A text file written front to back, plain or gzip.

#include <filesystem>
#include <memory>
#include <string_view>

namespace cellverdict {

enum class TextPacking { plain, gzip };

class TextOutput {
 public:
  // `shown`: the name errors give it, when it is written under a temporary one. Throws InputError when it cannot be made.
  TextOutput(const std::filesystem::path& path, std::filesystem::path shown, TextPacking packing);
  ~TextOutput();
  TextOutput(TextOutput&&) noexcept;

  void write(std::string_view text);
  // Flushes to disk. Without it the file is not whole.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cellverdict
