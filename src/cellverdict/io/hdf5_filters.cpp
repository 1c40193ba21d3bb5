#include <cellverdict/io/hdf5_filters.h>

#include <cellverdict/base/run_context.h>
#include <cellverdict/io/hdf5_lzf.h>

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace cellverdict {

// libdeflate and ISA-L take the same time on the indices of real matrices; libdeflate is a quarter faster on the counts.
struct Hdf5Unpacker::Deflate {
  libdeflate_decompressor* state = libdeflate_alloc_decompressor();
  Deflate() {
    if (state == nullptr) throw std::bad_alloc();
  }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
  ~Deflate() { libdeflate_free_decompressor(state); }
};

namespace {

using Bytes = std::span<const std::uint8_t>;
using Kind = Hdf5Filter::Kind;

constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kKeptScratch = std::size_t{16} << 20;  // a larger one is given back after use

bool compresses(const Hdf5Filter& filter) {
  return filter.kind == Kind::deflate || filter.kind == Kind::lzf;
}

// The checksum as HDF5 has it: Fletcher's over big-endian pairs of bytes. 360 sums fit 32 bits before they must be folded.
std::uint32_t fletcher32(Bytes bytes) {
  std::uint32_t first = 0, second = 0;
  const auto fold = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  std::size_t i = 0;
  const std::size_t whole = bytes.size() & ~std::size_t{1};
  while (i < whole) {
    for (const std::size_t end = std::min(whole, i + 720); i < end; i += 2)
      second += first += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    first = fold(first);
    second = fold(second);
  }
  if (whole < bytes.size()) {
    second += first += static_cast<std::uint32_t>(bytes.back() << 8);
    first = fold(first);
    second = fold(second);
  }
  return fold(second) << 16 | fold(first);
}

bool checksum_matches(Bytes bytes, Bytes stored) {
  const std::uint32_t found = stored[0] | stored[1] << 8 | stored[2] << 16 | static_cast<std::uint32_t>(stored[3]) << 24;
  const std::uint32_t sum = fletcher32(bytes);
  // HDF5 before 1.6.3 stored it with the bytes of each half swapped, which libhdf5 still takes.
  return found == sum || found == ((sum & 0x00ff00ff) << 8 | (sum >> 8 & 0x00ff00ff));
}

template <std::size_t kBytes>
void interleave(const std::uint8_t* from, std::size_t n, std::uint8_t* out) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t b = 0; b < kBytes; ++b) out[i * kBytes + b] = from[b * n + i];
}

// Shuffle stores the first byte of every element, then the second of every element, …; bytes left over stand at the end as is.
void unshuffle(std::size_t element_bytes, Bytes from, std::uint8_t* out) {
  const std::size_t n = element_bytes == 0 ? 0 : from.size() / element_bytes;
  if (element_bytes == 2)
    interleave<2>(from.data(), n, out);
  else if (element_bytes == 4)
    interleave<4>(from.data(), n, out);
  else if (element_bytes == 8)
    interleave<8>(from.data(), n, out);
  else
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t b = 0; b < element_bytes; ++b) out[i * element_bytes + b] = from[b * n + i];
  const std::size_t done = n * element_bytes;
  std::copy(from.begin() + static_cast<std::ptrdiff_t>(done), from.end(), out + done);
}

std::string bytes_in_place_of(std::size_t found, std::size_t expected) {
  return counted(static_cast<std::int64_t>(found), "byte") + " in place of " + with_commas(static_cast<std::int64_t>(expected));
}

void give_back_large(std::vector<std::uint8_t>& scratch) {
  if (scratch.capacity() > kKeptScratch) std::vector<std::uint8_t>().swap(scratch);
}

}  // namespace

Hdf5Unpacker::Hdf5Unpacker() : deflate_(std::make_unique<Deflate>()) {}
Hdf5Unpacker::~Hdf5Unpacker() = default;
Hdf5Unpacker::Hdf5Unpacker(Hdf5Unpacker&&) noexcept = default;

bool Hdf5Unpacker::can_unpack(const std::vector<Hdf5Filter>& filters) {
  return std::count_if(filters.begin(), filters.end(), compresses) <= 1;
}

std::optional<std::string> Hdf5Unpacker::expand(Kind kind, Bytes packed, std::span<std::uint8_t> out) {
  if (kind == Kind::lzf) {
    const std::int64_t n = unpack_lzf(packed, out);
    return n == static_cast<std::int64_t>(out.size()) ? std::nullopt : std::optional<std::string>("damaged lzf");
  }
  std::size_t n = 0;
  switch (libdeflate_zlib_decompress(deflate_->state, packed.data(), packed.size(), out.data(), out.size(), &n)) {
    case LIBDEFLATE_SUCCESS:
      if (n == out.size()) return std::nullopt;
      return bytes_in_place_of(n, out.size());
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return "more than " + counted(static_cast<std::int64_t>(out.size()), "byte");
    default:
      return "damaged gzip";
  }
}

std::optional<std::string> Hdf5Unpacker::unpack(const std::vector<Hdf5Filter>& filters, std::uint32_t skipped, Bytes packed,
                                                std::span<std::uint8_t> out) {
  std::vector<Hdf5Filter> applied;
  std::size_t most = out.size();  // what the bytes are before they are compressed
  for (std::size_t i = 0; i < filters.size(); ++i)
    if (i >= 32 || (skipped >> i & 1) == 0) applied.push_back(filters[i]);
  for (const auto& filter : applied) {
    if (compresses(filter)) break;
    if (filter.kind == Kind::fletcher32) most += kChecksumBytes;
  }
  Bytes now = packed;
  while (!applied.empty()) {
    const Hdf5Filter filter = applied.back();
    applied.pop_back();
    if (filter.kind == Kind::fletcher32) {
      if (now.size() < kChecksumBytes) return bytes_in_place_of(now.size(), out.size() + kChecksumBytes);
      const Bytes stored = now.last(kChecksumBytes);
      now = now.first(now.size() - kChecksumBytes);
      if (!checksum_matches(now, stored)) return "a checksum that does not match";
      continue;
    }
    const bool compressed = compresses(filter);
    const std::size_t size = compressed ? most : now.size();
    std::span<std::uint8_t> to = out;
    if (!applied.empty() || size != out.size()) {
      auto& scratch = now.data() == first_.data() ? second_ : first_;  // never the one that is read from
      scratch.resize(size);
      to = scratch;
    }
    if (compressed) {
      if (auto problem = expand(filter.kind, now, to)) return problem;
    } else {
      unshuffle(filter.element_bytes, now, to.data());
    }
    now = to;
  }
  if (now.size() != out.size()) return bytes_in_place_of(now.size(), out.size());
  if (now.data() != out.data()) std::memcpy(out.data(), now.data(), out.size());
  give_back_large(first_);
  give_back_large(second_);
  return std::nullopt;
}

}  // namespace cellverdict
