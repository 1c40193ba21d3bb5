#include <cellverdict/base/error.h>
#include <cellverdict/prepare/spool.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

namespace cellverdict {

namespace {
constexpr std::size_t kWriteBuffer = std::size_t{1} << 20;
}  // namespace

struct RowSpool::File {
  explicit File(std::filesystem::path p) : path(std::move(p)), buffer(kWriteBuffer) {
    stream = std::fopen(path.c_str(), "we");
    if (stream == nullptr) fail();
    std::setvbuf(stream, buffer.data(), _IOFBF, buffer.size());
  }
  ~File() {
    if (mapped != nullptr) ::munmap(mapped, size);
    if (stream != nullptr) std::fclose(stream);
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  void write(const void* bytes, std::size_t n) {
    if (std::fwrite(bytes, 1, n, stream) != n) fail();
    size += n;
  }
  // A study may have more sources than a process may have open files.
  void close() {
    if (std::fclose(std::exchange(stream, nullptr)) != 0) fail();
    buffer = {};
  }
  const void* bytes() {
    if (mapped == nullptr) map();
    return mapped;
  }
  void map() {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail();
    void* const all = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    const int reason = errno;
    ::close(file);  // the mapping stays
    errno = reason;
    if (all == MAP_FAILED) fail();
    mapped = all;
  }
  [[noreturn]] void fail() const {
    throw InputError({.where = path.string(),
                      .found = std::strerror(errno),
                      .expected = "space for temporary rows of the store",
                      .advice = "free space or choose another output folder"});
  }

  std::filesystem::path path;
  std::vector<char> buffer;
  std::FILE* stream = nullptr;
  std::size_t size = 0;
  void* mapped = nullptr;
};

RowSpool::RowSpool(const std::filesystem::path& stem)
    : indices_(std::make_unique<File>(stem.string() + ".indices")), values_(std::make_unique<File>(stem.string() + ".values")) {}

RowSpool::~RowSpool() = default;

void RowSpool::append(const CsrRow& row) {
  indices_->write(row.genes.data(), row.genes.size_bytes());
  values_->write(row.values.data(), row.values.size_bytes());
  ends_.push_back(ends_.back() + static_cast<std::int64_t>(row.genes.size()));
  for (const float x : row.values) fits_16_bit_ = fits_16_bit_ && x == std::floor(x) && x >= 0 && x <= 65535;
}

void RowSpool::finish() {
  indices_->close();
  values_->close();
}

CsrRow RowSpool::row(std::int64_t i) const {
  const auto n = static_cast<std::size_t>(n_nonzero(i));
  if (n == 0) return {};
  return {{static_cast<const std::int32_t*>(indices_->bytes()) + ends_[i], n},
          {static_cast<const float*>(values_->bytes()) + ends_[i], n}};
}

}  // namespace cellverdict
