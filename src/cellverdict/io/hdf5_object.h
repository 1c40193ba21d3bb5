#pragma once
// Reading side of libhdf5: groups, datasets and attributes of one file with plain C++ types. Everything that speaks to libhdf5
// while reading stands in the .cpp; the h5ad readers see no identifier, no status and no foreign header.
// Must never: trust a size it has not compared with the bytes that are really in the file.

#include <cellverdict/table/names.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

struct Hdf5TextPlace;

// An open identifier of libhdf5 and the function that closes it.
class Hdf5Handle {
 public:
  using Closer = int (*)(std::int64_t);
  Hdf5Handle() = default;
  Hdf5Handle(std::int64_t id, Closer close) : id_(id), close_(close) {}
  ~Hdf5Handle() { reset(); }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = -1; }
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = other.id_;
      close_ = other.close_;
      other.id_ = -1;
    }
    return *this;
  }
  std::int64_t id() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  // False when libhdf5 could not close it (a file whose last bytes did not reach the disk).
  bool reset() {
    const bool closed = id_ < 0 || close_(id_) >= 0;
    id_ = -1;
    return closed;
  }

 private:
  std::int64_t id_ = -1;
  Closer close_ = nullptr;
};

// What the elements of a dataset are.
enum class Hdf5Kind { whole, real, boolean, text, compound, other };

// A group or dataset. Throws InputError with file and inner path ("a.h5ad obs/donor").
class Hdf5Object {
 public:
  // Tells a Git-LFS pointer, a truncated and a foreign file apart, each in one sentence.
  static Hdf5Object open_file(const std::filesystem::path& path);

  // `child` may hold slashes. `cache_bytes`: room for the unpacked chunks of a dataset that is read in pieces.
  bool has(const std::string& child) const;
  Hdf5Object open(const std::string& child, std::int64_t cache_bytes = 0) const;

  std::vector<std::string> children() const;  // sorted by name

  bool is_group() const { return group_; }
  std::string where() const;
  const std::string& inner() const { return inner_; }
  const std::filesystem::path& file() const;

  // Fields of a compound dataset, the tables of anndata before 0.7; each is read like a dataset of its own.
  std::vector<std::string> fields() const;
  Hdf5Object field(const std::string& name) const;
  Hdf5Object root() const;

  // Attributes; nothing when absent or of another type.
  bool has_attribute(const std::string& name) const;
  std::optional<std::string> text_attribute(const std::string& name) const;
  std::optional<std::vector<std::string>> text_list_attribute(const std::string& name) const;
  std::optional<std::vector<std::int64_t>> whole_attribute(const std::string& name) const;
  // What a reference in an attribute points at; nothing when it points nowhere.
  std::optional<Hdf5Object> referenced(const std::string& name) const;

  // Datasets.
  Hdf5Kind kind() const { return kind_; }
  int element_bytes() const { return element_bytes_; }
  bool is_signed() const { return signed_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::int64_t rows() const { return shape_.empty() ? 0 : shape_.front(); }
  std::int64_t chunk_rows() const { return chunk_.empty() ? 0 : chunk_.front(); }
  std::int64_t chunk_columns() const { return chunk_.size() < 2 ? 0 : chunk_[1]; }
  std::int64_t chunk_bytes() const;
  // Place of the elements in the file when they lie in one piece, unpacked and in this machine's byte order.
  std::optional<std::int64_t> offset_in_file() const;

  // Rows [first, first + count) of a vector or matrix, converted to T (float, double, std::int32_t, std::int64_t).
  template <class T>
  void read(std::int64_t first, std::int64_t count, T* out) const;
  template <class T>
  std::vector<T> read_all() const;
  // Columns [first, first + count) of every row of a matrix: out [rows, count], row-major.
  void read_columns(std::int64_t first, std::int64_t count, float* out) const;
  Names read_text() const;                  // a vector (also one of shape n × 1), or a scalar as a vector of one
  std::vector<char> read_booleans() const;  // 0 or 1; HDF5 booleans or bytes
  // Elements [first, first + count) of a vector of either.
  Names read_text(std::int64_t first, std::int64_t count) const;
  std::vector<char> read_booleans(std::int64_t first, std::int64_t count) const;

  // For the storage side of this room (hdf5_storage.cpp) alone: libhdf5's numbers of the object and its file.
  std::int64_t id() const { return handle_.id(); }
  std::int64_t file_id() const;
  std::int64_t file_bytes() const;

  [[noreturn]] void refuse(std::string found, std::string expected = {}, std::string advice = {}) const;

 private:
  struct File;
  Hdf5Object(std::shared_ptr<const File> file, Hdf5Handle handle, std::string inner, std::int64_t cache_bytes);
  void describe_dataset();
  void describe_type(std::int64_t type);
  Hdf5Handle element_type() const;                // of the dataset, or of the field
  Hdf5Handle in_memory(std::int64_t type) const;  // an element of that type, or a record with the field alone
  void check_size() const;
  [[noreturn]] void refuse_values() const;
  Hdf5Handle open_attribute(const std::string& name) const;
  void check_piece(std::int64_t first, std::int64_t count) const;
  std::int64_t text_budget() const;
  Names read_text_of(const Hdf5TextPlace& place) const;

  std::shared_ptr<const File> file_;
  Hdf5Handle handle_;
  std::string inner_;
  std::string field_;  // of a compound dataset; empty: the whole dataset
  bool group_ = false, signed_ = false;
  Hdf5Kind kind_ = Hdf5Kind::other;
  int element_bytes_ = 0;
  std::vector<std::int64_t> shape_, chunk_;
};

// The innermost complaint of libhdf5, for the end of a sentence; empty when it has none.
std::string hdf5_reason();
// Keeps libhdf5 from printing its errors.
void silence_hdf5();

}  // namespace cellverdict
