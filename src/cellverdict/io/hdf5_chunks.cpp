#include <cellverdict/io/hdf5_chunks.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/fetch_and_work.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace cellverdict {

namespace {

using Layout = Hdf5Storage::Layout;

constexpr std::int64_t kPieceBytes = std::int64_t{1} << 20;  // of a contiguous dataset, read at a time

// A chunk, or a piece of a contiguous dataset, of one of the ranges.
struct Piece {
  const Hdf5Range* range;
  std::int64_t row, column, rows, columns;  // the part of the dataset it holds; a chunk at the edge reaches beyond the dataset
};

// What a thread needs to itself.
struct Desk {
  Hdf5Unpacker unpacker;
  std::vector<std::uint8_t> bytes;
};

}  // namespace

Hdf5Chunks::Hdf5Chunks(Hdf5Object dataset, std::int64_t memory_bytes) : object_(std::move(dataset)), memory_bytes_(memory_bytes) {
  if (object_.is_group() || (object_.kind() != Hdf5Kind::whole && object_.kind() != Hdf5Kind::real))
    object_.refuse(object_.is_group() ? "a group" : "values that are not numbers", "numbers");
  storage_ = describe_storage(object_);
  width_ = object_.shape().size() == 2 ? object_.shape()[1] : 1;
}

class Hdf5Reading {
 public:
  explicit Hdf5Reading(int threads) : threads_(threads) {}

  void plan(const Hdf5Range& range) {
    const Hdf5Chunks& from = *range.from;
    if (range.first < 0 || range.count < 0 || range.first > from.rows() || range.count > from.rows() - range.first)
      from.object_.refuse("too few values", std::to_string(range.first + range.count));
    if (range.count == 0 || from.width_ == 0) return;
    if (from.storage_.layout == Layout::contiguous)
      plan_contiguous(range);
    else if (from.storage_.layout == Layout::chunked)
      plan_chunks(range);
    else
      read_by_libhdf5(range);
  }

  void run() {
    if (pieces_.empty()) return;
    FetchAndWork task;
    task.threads = static_cast<int>(std::min<std::int64_t>(static_cast<std::int64_t>(pieces_.size()), std::max(threads_, 1)));
    desks_.resize(static_cast<std::size_t>(task.threads));
    stored_.resize(static_cast<std::size_t>(task.slots()));
    task.fetch = [&](std::int64_t item, int slot) { fetch(pieces_[item], stored_[slot]); };
    task.work = [&](std::int64_t item, int slot, int thread) {
      std::visit([&](auto* out) { work(pieces_[item], stored_[slot], desks_[thread], out); }, pieces_[item].range->out);
    };
    fetch_and_work(static_cast<std::int64_t>(pieces_.size()), task);
    for (const auto& [from, row] : newly_kept_) from->kept_row_ = row;
  }

 private:
  static void read_by_libhdf5(const Hdf5Range& range) {
    const Hdf5Chunks& from = *range.from;
    try {
      std::visit([&](auto* out) { from.object_.read(range.first, range.count, out); }, range.out);
    } catch (const InputError&) {
      if (!from.storage_.missing_filter) throw;
      from.object_.refuse("values packed with " + *from.storage_.missing_filter + ", which is not installed",
                          "gzip, lzf or no compression",
                          "write the file again with compression=\"gzip\", or set HDF5_PLUGIN_PATH to the folder of that plugin");
    }
  }

  void plan_contiguous(const Hdf5Range& range) {
    const std::int64_t width = range.from->width_;
    const std::int64_t rows = std::max<std::int64_t>(kPieceBytes / (width * range.from->storage_.number.bytes), 1);
    for (std::int64_t row = range.first; row < range.first + range.count; row += rows)
      pieces_.push_back({&range, row, 0, std::min(rows, range.first + range.count - row), width});
  }

  void plan_chunks(const Hdf5Range& range) {
    Hdf5Chunks& from = *range.from;
    const Hdf5Storage& storage = from.storage_;
    const std::int64_t end = range.first + range.count;
    std::int64_t row = range.first / storage.chunk_rows * storage.chunk_rows;
    if (from.kept_row_ == row) {
      const Piece kept{&range, row, 0, storage.chunk_rows, storage.chunk_columns};
      std::visit([&](auto* out) { place(kept, from.kept_.data(), out); }, range.out);
      row += storage.chunk_rows;
    }
    for (; row < end; row += storage.chunk_rows) {
      for (std::int64_t column = 0; column < from.width_; column += storage.chunk_columns)
        pieces_.push_back({&range, row, column, storage.chunk_rows, storage.chunk_columns});
      if (storage.chunk_columns >= from.width_ && row + storage.chunk_rows > end && end < from.rows()) {
        from.kept_row_ = -1;
        newly_kept_.emplace_back(&from, row);
      }
    }
    // For each thread four packed chunks wait; one is unpacked, perhaps through another buffer.
    threads_ = static_cast<int>(std::clamp<std::int64_t>(
        from.memory_bytes_ / (6 * std::max<std::int64_t>(from.object_.chunk_bytes(), 1)), 1, std::max(threads_, 1)));
  }

  // Runs in the calling thread.
  void fetch(const Piece& piece, Hdf5StoredChunk& stored) const {
    const Hdf5Chunks& from = *piece.range->from;
    if (from.storage_.layout != Layout::chunked) return;
    if (const auto problem = read_stored_chunk(from.object_, piece.row, piece.column, stored)) refuse(piece, *problem);
  }

  template <class T>
  void work(const Piece& piece, const Hdf5StoredChunk& stored, Desk& desk, T* out) const {
    Hdf5Chunks& from = *piece.range->from;
    const Hdf5Storage& storage = from.storage_;
    const auto n_bytes = static_cast<std::size_t>(piece.rows * piece.columns * storage.number.bytes);
    // Straight into `out` when nothing of it is to be left out, converted or moved.
    const bool whole = piece.row >= piece.range->first && piece.row + piece.rows <= piece.range->first + piece.range->count;
    if (whole && piece.columns == from.width_ && is_native<T>(storage.number)) {
      fill(piece, stored, desk, {reinterpret_cast<std::uint8_t*>(out + (piece.row - piece.range->first) * from.width_), n_bytes});
      return;
    }
    auto& bytes = std::find(newly_kept_.begin(), newly_kept_.end(), std::pair{&from, piece.row}) != newly_kept_.end() ? from.kept_
                                                                                                                      : desk.bytes;
    bytes.resize(n_bytes);
    fill(piece, stored, desk, bytes);
    place(piece, bytes.data(), out);
  }

  // The bytes of a piece as they would stand in an uncompressed file.
  void fill(const Piece& piece, const Hdf5StoredChunk& stored, Desk& desk, std::span<std::uint8_t> out) const {
    const Hdf5Storage& storage = piece.range->from->storage_;
    if (storage.layout == Layout::contiguous) {
      read_bytes(piece, out);
    } else if (stored.absent) {
      for (std::size_t at = 0; at < out.size(); at += storage.fill.size())
        std::copy(storage.fill.begin(), storage.fill.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (const auto problem = desk.unpacker.unpack(storage.filters, stored.skipped, stored.bytes, out)) {
      refuse(piece, "hold " + *problem);
    }
  }

  void read_bytes(const Piece& piece, std::span<std::uint8_t> out) const {
    const Hdf5Chunks& from = *piece.range->from;
    std::int64_t at = from.storage_.offset + piece.row * from.width_ * from.storage_.number.bytes;
    while (!out.empty()) {
      const ssize_t n = ::pread(from.storage_.descriptor, out.data(), out.size(), at);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        refuse(piece, n == 0 ? "lie beyond the end of the file" : std::string("cannot be read (") + std::strerror(errno) + ")");
      out = out.subspan(static_cast<std::size_t>(n));
      at += n;
    }
  }

  // What the range wants of an unpacked piece, converted into its place.
  template <class T>
  static void place(const Piece& piece, const std::uint8_t* bytes, T* out) {
    const Hdf5Chunks& from = *piece.range->from;
    const Hdf5Number& number = from.storage_.number;
    const std::int64_t first = std::max(piece.row, piece.range->first);
    const std::int64_t end = std::min(piece.row + piece.rows, piece.range->first + piece.range->count);
    const std::int64_t columns = std::min(piece.columns, from.width_ - piece.column);
    const auto in_piece = [&](std::int64_t row) { return bytes + (row - piece.row) * piece.columns * number.bytes; };
    const auto in_out = [&](std::int64_t row) { return out + (row - piece.range->first) * from.width_ + piece.column; };
    if (piece.columns == from.width_) {
      convert_numbers(number, in_piece(first), (end - first) * columns, in_out(first));
      return;
    }
    for (std::int64_t row = first; row < end; ++row) convert_numbers(number, in_piece(row), columns, in_out(row));
  }

  [[noreturn]] static void refuse(const Piece& piece, const std::string& problem) {
    const Hdf5Object& object = piece.range->from->object_;
    const auto span = [](std::int64_t first, std::int64_t n, std::int64_t length) {
      return with_commas(first) + " to " + with_commas(std::min(first + n, length) - 1);
    };
    std::string place = "elements " + span(piece.row, piece.rows, object.rows());
    if (object.shape().size() == 2)
      place = "rows " + span(piece.row, piece.rows, object.rows()) + ", columns " +
              span(piece.column, piece.columns, object.shape()[1]);
    object.refuse(place + " that " + problem, "", "the file is damaged; copy or download it again");
  }

  int threads_;
  std::vector<Piece> pieces_;
  std::vector<std::pair<Hdf5Chunks*, std::int64_t>> newly_kept_;
  std::vector<Desk> desks_;
  std::vector<Hdf5StoredChunk> stored_;
};

void read_ranges(std::initializer_list<Hdf5Range> ranges, int threads) {
  Hdf5Reading reading(threads);
  for (const auto& range : ranges) reading.plan(range);
  reading.run();
}

}  // namespace cellverdict
