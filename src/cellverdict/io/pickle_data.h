#pragma once
// Python's pickles (protocols 0 to 5), read as data. A pickle is a program for a small stack machine; this machine knows a closed
// list of what it may build: none, bool, int, float, str, bytes, list, tuple, set, dict, OrderedDict, a scalar of numpy (whole
// numbers of up to 64 bits, f4, f8), and the tensors and storages of torch.save. A pickle that names anything else is refused by
// that name. Must never: look up, import or call anything that a file names; take more memory than its bytes and the limits allow.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace cellverdict {

enum class PickleKind { none, boolean, integer, real, text, bytes, list, tuple, set, dict, storage, tensor, function, dtype };

// "a dict", "text", …: for error messages.
std::string name_of(PickleKind kind);

struct PickleContents;

// One value. Holds as long as the Pickle it comes from. Values may contain themselves (a list in itself): whoever walks down must
// know how deep.
class PickleValue {
 public:
  PickleValue(const PickleContents* contents, std::uint32_t place) : contents_(contents), place_(place) {}

  PickleKind kind() const;
  bool boolean() const;
  std::int64_t integer() const;
  double real() const;
  const std::string& text() const;  // of text, bytes; the dotted name of a function ("torch.FloatStorage")
  // list, tuple, set: items; dict: pairs, in the file's order, keys as often as the file has them (Python keeps the last);
  // storage: type, key, device, n; tensor: storage, offset, shape, strides and what else the file says
  std::int64_t size() const;
  PickleValue item(std::int64_t i) const;   // list, tuple, set, storage, tensor
  PickleValue key(std::int64_t i) const;    // dict
  PickleValue value(std::int64_t i) const;  // dict

 private:
  PickleValue child(std::int64_t i) const;

  const PickleContents* contents_;
  std::uint32_t place_;
};

class Pickle {
 public:
  explicit Pickle(std::shared_ptr<const PickleContents> contents) : contents_(std::move(contents)) {}
  PickleValue root() const;

 private:
  std::shared_ptr<const PickleContents> contents_;
};

struct PickleLimits {
  std::int64_t n_bytes = std::int64_t{64} << 20;  // of the file; the largest of Geneformer's dictionaries has 4 MB
  std::int64_t n_values = 16'000'000;             // some 50 bytes each, and their texts
};

// `where` is what errors call it. Throws InputError: truncated, damaged, not a pickle, beyond the limits, naming what is not on
// the list.
Pickle read_pickle(std::span<const std::byte> bytes, const std::string& where, const PickleLimits& limits = {});
Pickle read_pickle(const std::filesystem::path& file, const PickleLimits& limits = {});

}  // namespace cellverdict
