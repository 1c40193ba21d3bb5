#include <cellverdict/io/gzip_output.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/file_write.h>

#include <isa-l/igzip_lib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;

}  // namespace

struct GzipOutput::State {
  explicit State(const fs::path& path) : file(std::fopen(path.c_str(), "wb"), &std::fclose) {}
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file;
  std::vector<std::uint8_t> level_buffer = std::vector<std::uint8_t>(ISAL_DEF_LVL1_DEFAULT);
  std::vector<std::uint8_t> output = std::vector<std::uint8_t>(kBlock);
  std::string pending;  // input not compressed yet, at most one block
  isal_zstream stream;
};

GzipOutput::GzipOutput(const fs::path& path, fs::path shown) : shown_(std::move(shown)), state_(std::make_unique<State>(path)) {
  if (!state_->file) refuse_unwritten(shown_);
  auto& stream = state_->stream;
  isal_deflate_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.level = 1;
  stream.level_buf = state_->level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(state_->level_buffer.size());
}

GzipOutput::~GzipOutput() = default;

// Compresses what is pending until all of it is taken; at last until the stream has ended.
void GzipOutput::pump(bool last) {
  auto& stream = state_->stream;
  stream.next_in = reinterpret_cast<std::uint8_t*>(state_->pending.data());
  stream.avail_in = static_cast<std::uint32_t>(state_->pending.size());
  stream.end_of_stream = last ? 1 : 0;
  do {
    stream.next_out = state_->output.data();
    stream.avail_out = static_cast<std::uint32_t>(state_->output.size());
    if (isal_deflate(&stream) != COMP_OK) throw InternalError({.where = shown_.string(), .found = "a failure to compress"});
    const std::size_t n = state_->output.size() - stream.avail_out;
    if (std::fwrite(state_->output.data(), 1, n, state_->file.get()) != n) refuse_unwritten(shown_);
  } while (last ? stream.internal_state.state != ZSTATE_END : stream.avail_in > 0 || stream.avail_out == 0);
  state_->pending.clear();
}

// The compressor's output depends on where its input is cut: always at whole blocks, however the text came.
void GzipOutput::write(std::string_view text) {
  auto& pending = state_->pending;
  while (!text.empty()) {
    const std::size_t n = std::min(text.size(), kBlock - pending.size());
    pending.append(text.substr(0, n));
    text.remove_prefix(n);
    if (pending.size() == kBlock) pump(false);
  }
}

void GzipOutput::finish() {
  pump(true);
  if (std::fflush(state_->file.get()) != 0 || ::fsync(::fileno(state_->file.get())) != 0) refuse_unwritten(shown_);
  if (std::fclose(state_->file.release()) != 0) refuse_unwritten(shown_);
}

}  // namespace cellverdict
