#include <cellverdict/io/unpacked_file.h>

#include <cellverdict/base/error.h>
#include <cellverdict/io/text_bytes.h>

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// In the folder for temporary files ($TMPDIR), under a name that is nobody else's.
class NamedCopy {
 public:
  explicit NamedCopy(const InputBytes& input) : input_(input), path_(folder() / "cellverdict-XXXXXX") {
    TextBytes bytes(input);
    std::string name = path_.string();
    descriptor_ = ::mkstemp(name.data());
    if (descriptor_ < 0) refuse();
    path_ = name;
    std::vector<char> block(std::size_t{1} << 20);
    for (std::size_t n = 0; (n = bytes.read(block.data(), block.size())) > 0;) write(block.data(), n);
    if (bytes.problem().empty()) return;
    remove();
    throw InputError({.where = input.shown.string(),
                      .found = bytes.problem(),
                      .expected = "a whole file",
                      .advice = "copy or download it again"});
  }
  ~NamedCopy() { remove(); }
  NamedCopy(const NamedCopy&) = delete;
  NamedCopy& operator=(const NamedCopy&) = delete;

  const fs::path& path() const { return path_; }

 private:
  static fs::path folder() {
    std::error_code failure;
    fs::path path = fs::temp_directory_path(failure);
    if (failure) throw InputError({.where = "TMPDIR", .found = failure.message(), .expected = "a folder for temporary files"});
    return path;
  }

  void write(const char* bytes, std::size_t n) {
    while (n > 0) {
      const auto written = ::write(descriptor_, bytes, n);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) refuse();
      bytes += written;
      n -= static_cast<std::size_t>(written);
    }
  }

  void remove() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(path_.c_str());
    descriptor_ = -1;
  }

  [[noreturn]] void refuse() {
    const std::string reason = std::strerror(errno);
    remove();
    throw InputError({.where = path_.parent_path().string(),
                      .found = reason,
                      .expected = "room for a copy of " + input_.shown.string(),
                      .advice = "set TMPDIR to a folder with more room"});
  }

  const InputBytes& input_;
  fs::path path_;
  int descriptor_ = -1;
};

// Runs `action`; its complaints about the copy speak of the input.
template <class Action>
auto speaking_of(const fs::path& copy, const fs::path& shown, const Action& action) {
  try {
    return action();
  } catch (const InputError& error) {
    Complaint complaint = error.complaint();
    for (std::string* text : {&complaint.where, &complaint.found, &complaint.expected, &complaint.advice})
      if (const std::size_t at = text->find(copy.string()); at != std::string::npos)
        text->replace(at, copy.string().size(), shown.string());
    throw InputError(complaint);
  }
}

class UnpackedSource : public CellSource {
 public:
  UnpackedSource(const InputBytes& input, const std::string& name, const std::vector<std::string>& notes,
                 const std::function<std::unique_ptr<CellSource>(const fs::path&)>& open)
      : shown_(input.shown) {
    const NamedCopy copy(input);
    copy_ = copy.path();
    source_ = speaking_of(copy_, shown_, [&] { return open(copy_); });
    head_ = source_->head();
    head_.name = name;
    head_.path = input.shown;
    head_.files = {input.file};
    head_.notes.insert(head_.notes.end(), notes.begin(), notes.end());
    if (head_.read_names) head_.read_names = about_input(std::move(head_.read_names));
  }

  const SourceHead& head() const override { return head_; }
  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    return speaking_of(copy_, shown_, [&] { return source_->read_block(max_rows, block); });
  }
  void rewind() override { source_->rewind(); }
  Column read_obs_column(const std::string& name) const override {
    return speaking_of(copy_, shown_, [&] { return source_->read_obs_column(name); });
  }
  ColumnPieces open_obs_column(const std::string& name) const override {
    ColumnPieces pieces = speaking_of(copy_, shown_, [&] { return source_->open_obs_column(name); });
    pieces.codes = about_input(std::move(pieces.codes));
    pieces.texts = about_input(std::move(pieces.texts));
    pieces.numbers = about_input(std::move(pieces.numbers));
    pieces.levels = about_input(std::move(pieces.levels));
    return pieces;
  }

 private:
  template <class Result, class... Given>
  std::function<Result(Given...)> about_input(std::function<Result(Given...)> read) const {
    if (!read) return read;
    return [read = std::move(read), copy = copy_, shown = shown_](Given... given) {
      return speaking_of(copy, shown, [&] { return read(given...); });
    };
  }

  fs::path copy_, shown_;  // the copy has lost its name
  std::unique_ptr<CellSource> source_;
  SourceHead head_;
};

}  // namespace

std::unique_ptr<CellSource> open_unpacked(const InputBytes& input, const std::string& name, const std::vector<std::string>& notes,
                                          const std::function<std::unique_ptr<CellSource>(const fs::path& copy)>& open) {
  return std::make_unique<UnpackedSource>(input, name, notes, open);
}

}  // namespace cellverdict
