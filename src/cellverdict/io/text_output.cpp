#include <cellverdict/base/file_write.h>
#include <cellverdict/io/gzip_output.h>
#include <cellverdict/io/text_output.h>

#include <cstdio>
#include <optional>
#include <string>

namespace cellverdict {

namespace fs = std::filesystem;

struct TextOutput::State {
  State(const fs::path& path, fs::path name, TextPacking packing) : shown(std::move(name)) {
    if (packing == TextPacking::gzip) {
      gzip.emplace(path, shown);
    } else {
      plain.reset(std::fopen(path.c_str(), "wb"));
      if (!plain) refuse_unwritten(shown);
    }
  }
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  fs::path shown;
  std::optional<GzipOutput> gzip;
  std::unique_ptr<std::FILE, Close> plain;
};

TextOutput::TextOutput(const fs::path& path, fs::path shown, TextPacking packing)
    : state_(std::make_unique<State>(path, std::move(shown), packing)) {}

TextOutput::~TextOutput() = default;
TextOutput::TextOutput(TextOutput&&) noexcept = default;

void TextOutput::write(std::string_view text) {
  if (state_->gzip) return state_->gzip->write(text);
  if (std::fwrite(text.data(), 1, text.size(), state_->plain.get()) != text.size()) refuse_unwritten(state_->shown);
}

void TextOutput::finish() {
  if (state_->gzip) return state_->gzip->finish();
  if (std::fclose(state_->plain.release()) != 0) refuse_unwritten(state_->shown);
}

}  // namespace cellverdict
