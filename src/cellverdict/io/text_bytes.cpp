#include <cellverdict/io/text_bytes.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>

#include <isa-l/igzip_lib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace cellverdict {

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;
constexpr std::int64_t kWorthAThread = std::int64_t{1} << 20;  // bytes on disk
constexpr std::size_t kAhead = 8;                              // pieces

[[noreturn]] void refuse(const InputBytes& input, std::string found, std::string expected, std::string advice) {
  throw InputError({input.shown.string(), std::move(found), std::move(expected), std::move(advice)});
}

// The part of the file, as it lies there.
class RawBytes {
 public:
  explicit RawBytes(const InputBytes& input) : file_(std::fopen(input.file.c_str(), "rb"), &std::fclose), block_(kBlock) {
    const std::string reason = std::strerror(errno);
    struct stat status{};
    const bool folder = file_ && ::fstat(::fileno(file_.get()), &status) == 0 && S_ISDIR(status.st_mode);
    if (!file_ || folder) refuse(input, folder ? "a folder" : reason, "a readable file", "check the path");
    offset_ = input.offset;
    length_ = input.length;
    size_ = length_ >= 0 ? length_ : S_ISREG(status.st_mode) ? static_cast<std::int64_t>(status.st_size) : 0;
    rewind();
    if (n_ == 0 && problem_.empty()) refuse(input, "an empty file", "", "copy or download it again");
  }

  void rewind() {
    problem_.clear();
    left_ = length_;
    if (::fseeko(file_.get(), static_cast<off_t>(offset_), SEEK_SET) != 0 && offset_ != 0) problem_ = std::strerror(errno);
    fill();
  }

  // The next bytes; without any at the end, or when there is a problem.
  void fill() {
    const std::size_t want = left_ < 0 ? block_.size() : std::min(block_.size(), static_cast<std::size_t>(left_));
    n_ = want == 0 ? 0 : std::fread(block_.data(), 1, want, file_.get());
    place_ = 0;
    if (left_ >= 0) left_ -= static_cast<std::int64_t>(n_);
    if (n_ == 0 && std::ferror(file_.get()) != 0) problem_ = std::strerror(errno);
    if (n_ == 0 && left_ > 0 && problem_.empty()) problem_ = "the end of the archive";
  }

  std::uint8_t* begin() { return block_.data() + place_; }
  std::size_t left() const { return n_ - place_; }
  bool at_end() const { return n_ == 0; }
  void take(std::size_t bytes) { place_ += bytes; }
  std::int64_t size() const { return size_; }
  const std::string& problem() const { return problem_; }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::vector<std::uint8_t> block_;
  std::size_t n_ = 0, place_ = 0;
  std::int64_t offset_ = 0, length_ = -1, left_ = -1, size_ = 0;
  std::string problem_;
};

// The text itself.
class Inflated {
 public:
  explicit Inflated(const InputBytes& input) : raw_(input) { start(); }

  void rewind() {
    raw_.rewind();
    start();
  }

  std::size_t read(char* out, std::size_t room) {
    if (!gzip_) {
      if (raw_.left() == 0 && !raw_.at_end()) raw_.fill();
      note_problem();
      const std::size_t n = std::min(room, raw_.left());
      if (n > 0) std::memcpy(out, raw_.begin(), n);
      raw_.take(n);
      return n;
    }
    inflater_->next_out = reinterpret_cast<std::uint8_t*>(out);
    inflater_->avail_out = static_cast<std::uint32_t>(room);
    while (inflater_->avail_out > 0 && !finished_ && problem_.empty()) inflate_more();
    return room - inflater_->avail_out;
  }

  bool gzipped() const { return gzip_; }
  std::int64_t size_on_disk() const { return raw_.size(); }
  const std::string& problem() const { return problem_; }

 private:
  void start() {
    problem_.clear();
    note_problem();
    padding_ = finished_ = false;
    gzip_ = raw_.left() >= 2 && raw_.begin()[0] == 0x1f && raw_.begin()[1] == 0x8b;
    if (!gzip_) return;
    if (!inflater_) inflater_ = std::make_unique<inflate_state>();
    isal_inflate_init(inflater_.get());
    inflater_->crc_flag = ISAL_GZIP;
  }

  void note_problem() {
    if (!raw_.problem().empty()) problem_ = raw_.problem();
  }

  void inflate_more() {
    if (raw_.left() == 0 && !raw_.at_end()) raw_.fill();
    note_problem();
    if (inflater_->block_state == ISAL_BLOCK_FINISH) {
      next_member();
      if (finished_ || !problem_.empty()) return;
    }
    inflater_->next_in = raw_.begin();
    inflater_->avail_in = static_cast<std::uint32_t>(raw_.left());
    const std::uint32_t room = inflater_->avail_out;
    const int status = isal_inflate(inflater_.get());
    raw_.take(raw_.left() - inflater_->avail_in);
    if (status == ISAL_INCORRECT_CHECKSUM) {
      problem_ = "a gzip stream whose checksum is wrong";
    } else if (status < 0) {
      problem_ = "a damaged gzip stream";
    } else if (raw_.at_end() && inflater_->avail_out == room && inflater_->block_state != ISAL_BLOCK_FINISH) {
      problem_ = "a truncated gzip stream";
    }
  }

  // Members follow one another; zeros may pad the end.
  void next_member() {
    while (raw_.left() > 0 && padding_ && raw_.begin()[0] == 0) raw_.take(1);
    if (raw_.at_end()) {
      finished_ = true;
    } else if (raw_.left() > 0 && raw_.begin()[0] == 0) {
      padding_ = true;
    } else if (raw_.left() > 0 && (padding_ || raw_.begin()[0] != 0x1f)) {
      problem_ = "bytes after the end of the gzip stream";
    } else if (raw_.left() > 0) {
      isal_inflate_reset(inflater_.get());
      inflater_->crc_flag = ISAL_GZIP;
    }
  }

  RawBytes raw_;
  bool gzip_ = false, finished_ = false, padding_ = false;
  std::unique_ptr<inflate_state> inflater_;
  std::string problem_;
};

// A thread that inflates into a ring of pieces; a piece of no bytes is the end.
class Ahead {
 public:
  explicit Ahead(Inflated& text) : text_(text) {
    for (auto& piece : ring_) piece.bytes.resize(kBlock);
    thread_ = std::thread([this] { fill(); });
  }
  ~Ahead() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  std::size_t read(char* out, std::size_t room, std::string& problem) {
    if (place_ == n_) {
      std::unique_lock lock(mutex_);
      if (n_ > 0) {  // give the piece back that was read last
        ++taken_;
        n_ = place_ = 0;
        changed_.notify_all();
      }
      changed_.wait(lock, [&] { return filled_ > taken_; });
      n_ = ring_[taken_ % kAhead].n;
      place_ = 0;
      if (n_ == 0) problem = problem_;
    }
    const std::size_t n = std::min(room, n_ - place_);
    if (n > 0) std::memcpy(out, ring_[taken_ % kAhead].bytes.data() + place_, n);
    place_ += n;
    return n;
  }

 private:
  struct Piece {
    std::vector<char> bytes;
    std::size_t n = 0;
  };

  void fill() {
    for (bool more = true; more;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || filled_ - taken_ < kAhead; });
        if (stop_) return;
      }
      Piece& piece = ring_[filled_ % kAhead];
      piece.n = text_.read(piece.bytes.data(), piece.bytes.size());
      // What came before a problem is given first, so that it is said after the last good line.
      more = piece.n > 0;
      const std::lock_guard lock(mutex_);
      problem_ = text_.problem();
      ++filled_;
      changed_.notify_all();
    }
  }

  Inflated& text_;
  std::array<Piece, kAhead> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t filled_ = 0, taken_ = 0;  // pieces
  std::size_t n_ = 0, place_ = 0;       // of the piece being taken
  bool stop_ = false;
  std::string problem_;
  std::thread thread_;
};

}  // namespace

struct TextBytes::State {
  explicit State(InputBytes place) : input(std::move(place)), text(input) {}

  InputBytes input;
  Inflated text;
  std::string problem;
  bool begun = false;
  std::unique_ptr<Ahead> ahead;  // after `text`: its thread ends first
};

TextBytes::TextBytes(InputBytes input) : state_(std::make_unique<State>(std::move(input))) {}
TextBytes::~TextBytes() = default;
TextBytes::TextBytes(TextBytes&&) noexcept = default;
TextBytes& TextBytes::operator=(TextBytes&&) noexcept = default;

bool TextBytes::gzipped() const {
  return state_->text.gzipped();
}

const std::string& TextBytes::problem() const {
  return state_->problem;
}

void TextBytes::rewind() {
  state_->ahead.reset();
  state_->problem.clear();
  state_->begun = false;
  state_->text.rewind();
}

std::size_t TextBytes::read(char* out, std::size_t room) {
  State& state = *state_;
  if (!state.begun && state.text.gzipped() && state.text.size_on_disk() >= kWorthAThread && available_threads() > 1) {
    try {
      state.ahead = std::make_unique<Ahead>(state.text);
    } catch (const std::system_error&) {  // no thread is to be had: the calling one inflates
    }
  }
  state.begun = true;
  if (state.ahead) return state.ahead->read(out, room, state.problem);
  const std::size_t n = state.text.read(out, room);
  if (n == 0) state.problem = state.text.problem();
  return n;
}

}  // namespace cellverdict
