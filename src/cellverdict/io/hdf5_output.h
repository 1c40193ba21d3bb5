#pragma once
// Writing side of libhdf5 in AnnData's words: groups and arrays with their encoding marks, text, numbers, codes.
// Same input, same bytes: no time stamps are kept. Throws InputError when the disk does not take it.

#include <cellverdict/io/hdf5_object.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

enum class Hdf5Packing { none, gzip };

enum class Hdf5Element { float32, float64, uint8, uint16, int8, int16, int32, int64 };

// An array that is filled from front to back.
class Hdf5Array {
 public:
  // `values` must be of the memory type named by `element` (see Hdf5Group::array).
  void append(const void* values, std::int64_t count);
  // The same at any place; what is written so does not count as filled.
  void write_at(std::int64_t first, const void* values, std::int64_t count);
  std::int64_t filled() const { return filled_; }
  // Where its first element lies in the file, for those who write the elements themselves once the file is closed; -1 when it has
  // none.
  std::int64_t offset() const;

 private:
  friend class Hdf5Group;
  Hdf5Handle handle_;
  Hdf5Element element_ = Hdf5Element::float32;
  std::int64_t filled_ = 0, length_ = 0;
  bool grows_ = false;
  std::string where_;
};

// A matrix in chunks that is filled by bands of columns.
class Hdf5Matrix {
 public:
  // `values`: [rows, count], row-major, of the memory type of `element`.
  void write_columns(std::int64_t first, std::int64_t count, const void* values);

 private:
  friend class Hdf5Group;
  Hdf5Handle handle_;
  Hdf5Element element_ = Hdf5Element::float32;
  std::int64_t n_rows_ = 0;
  std::string where_;
};

struct Hdf5MatrixShape {
  std::int64_t n_rows = 0, n_columns = 0, chunk = 64;  // chunks are squares
  Hdf5Packing packing = Hdf5Packing::gzip;
};

class Hdf5Group {
 public:
  template <class T>
  using FillOf = std::function<void(std::int64_t first, std::int64_t count, T* out)>;

  // `shown`: the name errors give the file, which is written under a temporary one. `alignment`: every object starts at a
  // multiple of it (1: anywhere).
  static Hdf5Group create_file(const std::filesystem::path& path, const std::filesystem::path& shown, std::int64_t alignment);
  static Hdf5Group reopen_file(const std::filesystem::path& path, const std::filesystem::path& shown);
  // Flushes and closes the file of this root group; throws when the last bytes do not reach it. Groups below must be gone.
  void close_file();

  // A group below this one, marked with its encoding (empty: no mark).
  Hdf5Group group(const std::string& name, const std::string& encoding, const std::string& version);
  // One that is there.
  Hdf5Group open_group(const std::string& name);
  bool has(const std::string& name) const;
  // Takes a child or an attribute away; nothing happens when there is none.
  void remove(const std::string& name);
  void remove_mark(const std::string& name);
  void mark(const std::string& name, const std::string& value);
  void mark_list(const std::string& name, std::span<const std::string> values);
  void mark_whole(const std::string& name, std::span<const std::int64_t> values);
  void mark_boolean(const std::string& name, int value);

  // One piece, allocated at once, without fill; no encoding mark (parts of a sparse matrix have none).
  Hdf5Array array(const std::string& name, Hdf5Element element, std::int64_t length);
  // The same in compressed chunks.
  Hdf5Array packed_array(const std::string& name, Hdf5Element element, std::int64_t length);
  // In chunks, as long as what is appended.
  Hdf5Array growing_array(const std::string& name, Hdf5Element element, Hdf5Packing packing);
  Hdf5Matrix empty_matrix(const std::string& name, Hdf5Element element, const Hdf5MatrixShape& shape);
  // Without AnnData's encoding mark, for other formats: text of variable length, text of one width, numbers.
  void plain_text(const std::string& name, const Names& values);
  void plain_scalar_text(const std::string& name, const std::string& value);
  void fixed_text(const std::string& name, const Names& values);
  void plain_numbers(const std::string& name, std::span<const double> values);
  void text(const std::string& name, const Names& values);
  void text(const std::string& name, std::int64_t n_values, const std::function<std::string(std::int64_t)>& value);
  void scalar_text(const std::string& name, const std::string& value);
  void numbers(const std::string& name, std::span<const double> values);
  // Made while they are written: `fill` gives the values [first, first + count).
  void numbers(const std::string& name, std::int64_t n_values, const FillOf<double>& fill);
  void codes(const std::string& name, Hdf5Element element, std::int64_t n_values, const FillOf<std::int32_t>& fill);
  void matrix(const std::string& name, std::span<const double> values, std::int64_t n_rows, std::int64_t n_columns);

 private:
  Hdf5Group() = default;
  Hdf5Handle dataset(const std::string& name, std::int64_t type, std::span<const std::int64_t> shape);
  Hdf5Handle write_text(const std::string& name, std::int64_t n_values, const std::function<std::string(std::int64_t)>& value);
  template <class T>
  void write_pieces(const std::string& name, Hdf5Element element, std::int64_t n_values, const FillOf<T>& fill);
  void write_all(const Hdf5Handle& to, std::int64_t type, const void* values, const std::string& name) const;
  [[noreturn]] void refuse(const std::string& what) const;

  std::shared_ptr<Hdf5Handle> file_;
  Hdf5Handle handle_;
  std::string path_;
};

}  // namespace cellverdict
