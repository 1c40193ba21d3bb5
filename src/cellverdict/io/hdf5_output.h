#pragma once
// Writing side of libhdf5 in AnnData's words: groups and arrays with their encoding marks, text, numbers, codes.
// Same input, same bytes: no time stamps are kept. Throws InputError when the disk does not take it.

#include <cellverdict/io/hdf5_object.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cellverdict {

enum class Hdf5Element { float32, float64, uint8, uint16, int8, int16, int32, int64 };

// An array that is filled from front to back.
class Hdf5Array {
 public:
  // `values` must be of the memory type named by `element` (see Hdf5Group::array).
  void append(const void* values, std::int64_t count);
  std::int64_t filled() const { return filled_; }

 private:
  friend class Hdf5Group;
  Hdf5Handle handle_;
  Hdf5Element element_ = Hdf5Element::float32;
  std::int64_t filled_ = 0, length_ = 0;
  std::string where_;
};

class Hdf5Group {
 public:
  // `shown`: the name errors give the file, which is written under a temporary one. `alignment`: every object starts at a
  // multiple of it (1: anywhere).
  static Hdf5Group create_file(const std::filesystem::path& path, const std::filesystem::path& shown, std::int64_t alignment);
  static Hdf5Group reopen_file(const std::filesystem::path& path, const std::filesystem::path& shown);
  // Flushes and closes the file of this root group; throws when the last bytes do not reach it. Groups below must be gone.
  void close_file();

  // A group below this one, marked with its encoding (empty: no mark).
  Hdf5Group group(const std::string& name, const std::string& encoding, const std::string& version);
  void mark(const std::string& name, const std::string& value);
  void mark_list(const std::string& name, std::span<const std::string> values);
  void mark_whole(const std::string& name, std::span<const std::int64_t> values);
  void mark_boolean(const std::string& name, int value);

  // One piece, allocated at once, without fill; no encoding mark (parts of a sparse matrix have none).
  Hdf5Array array(const std::string& name, Hdf5Element element, std::int64_t length);
  void text(const std::string& name, const Names& values);
  void scalar_text(const std::string& name, const std::string& value);
  void numbers(const std::string& name, std::span<const double> values);
  void matrix(const std::string& name, std::span<const double> values, std::int64_t n_rows, std::int64_t n_columns);
  void codes(const std::string& name, std::span<const std::int32_t> values, Hdf5Element element);

 private:
  Hdf5Group() = default;
  Hdf5Handle dataset(const std::string& name, std::int64_t type, std::span<const std::int64_t> shape);
  void write_all(const Hdf5Handle& to, std::int64_t type, const void* values, const std::string& name) const;
  [[noreturn]] void refuse(const std::string& what) const;

  std::shared_ptr<Hdf5Handle> file_;
  Hdf5Handle handle_;
  std::string path_;
};

}  // namespace cellverdict
