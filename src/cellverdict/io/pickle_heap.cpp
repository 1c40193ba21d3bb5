// What a pickle may ask for by name: see pickle_data.h. Nothing here looks a name up: each is compared with the list and answered
// by this file alone.

#include <cellverdict/io/pickle_heap.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace cellverdict {

namespace {

using Nodes = std::vector<std::uint32_t>;

constexpr std::array kScalars = {"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"};
constexpr std::array kSets = {"builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset"};
constexpr std::array kBytes = {"builtins.bytes", "__builtin__.bytes"};
constexpr const char* kDtype = "numpy.dtype";
constexpr std::array kDtypes = {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "f4", "f8"};
constexpr const char* kOrderedDict = "collections.OrderedDict";
constexpr const char* kEncode = "_codecs.encode";  // how bytes are written by protocols 0 to 2
constexpr const char* kTensor = "torch._utils._rebuild_tensor_v2";
constexpr const char* kParameter = "torch._utils._rebuild_parameter";
constexpr std::array kStorages = {"torch.FloatStorage", "torch.DoubleStorage", "torch.HalfStorage",  "torch.BFloat16Storage",
                                  "torch.LongStorage",  "torch.IntStorage",    "torch.ShortStorage", "torch.CharStorage",
                                  "torch.ByteStorage",  "torch.BoolStorage"};

template <class List>
bool holds(const List& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_known(const std::string& name) {
  return holds(kScalars, name) || holds(kSets, name) || holds(kBytes, name) || holds(kStorages, name) || name == kDtype ||
         name == kOrderedDict || name == kEncode || name == kTensor || name == kParameter;
}

// As it may be shown: names come from the file.
std::string shown(std::string name) {
  constexpr std::size_t kMost = 80;
  if (name.size() > kMost) name = name.substr(0, kMost) + "...";
  for (char& c : name)
    if (c < ' ' || c > '~') c = '?';
  return name;
}

template <class T>
T value_of(std::string bytes, bool swapped) {
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  T out;
  std::memcpy(&out, bytes.data(), sizeof(T));
  return out;
}

}  // namespace

PickleHeap::PickleHeap(std::string where, std::size_t n_bytes, const PickleLimits& limits)
    : where_(std::move(where)), most_values_(limits.n_values), most_text_(4 * n_bytes + (std::size_t{1} << 20)) {}

void PickleHeap::refuse(std::string found, std::string expected, std::string advice) const {
  throw InputError({where_, std::move(found), std::move(expected), std::move(advice)});
}

void PickleHeap::refuse_damaged(const std::string& what) const {
  refuse("a damaged pickle (" + what + ")", "a whole one", "copy or download it again");
}

void PickleHeap::charge_values(std::size_t n) {
  n_values_ += static_cast<std::int64_t>(n);
  if (n_values_ > most_values_)
    refuse("a pickle of more than " + with_commas(most_values_) + " values", "a dictionary or a list of tensors",
           "check that this is the file meant");
}

void PickleHeap::charge_text(std::size_t n) {
  n_text_ += n;
  if (n_text_ > most_text_)
    refuse("a pickle that unfolds to more than four times its size", "plain data", "do not trust this file");
}

std::uint32_t PickleHeap::add(PickleKind kind, std::int64_t integer) {
  charge_values(1);
  contents_->nodes.push_back({.kind = kind, .integer = integer});
  return static_cast<std::uint32_t>(contents_->nodes.size() - 1);
}

std::uint32_t PickleHeap::add_real(double real) {
  const std::uint32_t node = add(PickleKind::real);
  contents_->nodes[node].real = real;
  return node;
}

std::uint32_t PickleHeap::add_text(PickleKind kind, std::string text) {
  charge_text(text.size());
  const std::uint32_t node = add(kind);
  contents_->nodes[node].place = contents_->texts.size();
  contents_->texts.push_back(std::move(text));
  return node;
}

std::uint32_t PickleHeap::add_items(PickleKind kind, Nodes items) {
  charge_values(items.size());
  const std::uint32_t node = add(kind);
  contents_->nodes[node].place = contents_->children.size();
  contents_->children.push_back(std::move(items));
  return node;
}

std::uint32_t PickleHeap::add_function(const std::string& module, const std::string& name) {
  const std::string dotted = module + "." + name;
  if (!is_known(dotted))
    refuse("the name of a function or class, " + shown(dotted), "numbers, texts and tensors alone",
           "opening such a pickle in Python runs code, and it is not read here: save plain values");
  return add_text(PickleKind::function, dotted);
}

std::uint32_t PickleHeap::add_storage(std::uint32_t persistent_id) {
  const auto complain = [&] { refuse_damaged("a reference to something else than a storage of a tensor"); };
  if (!is(persistent_id, PickleKind::tuple)) complain();
  const Nodes parts = items(persistent_id);
  if (parts.size() != 5 || !is(parts[0], PickleKind::text) || text(parts[0]) != "storage" || !is(parts[1], PickleKind::function) ||
      !holds(kStorages, text(parts[1])) || !is(parts[2], PickleKind::text) || !is(parts[3], PickleKind::text) ||
      !is(parts[4], PickleKind::integer))
    complain();
  return add_items(PickleKind::storage, {parts.begin() + 1, parts.end()});
}

std::uint32_t PickleHeap::call(std::uint32_t function, std::uint32_t arguments) {
  if (!is(function, PickleKind::function) || !is(arguments, PickleKind::tuple))
    refuse_damaged("a call of something that is no function");
  const std::string name = text(function);
  const Nodes given = items(arguments);
  charge_values(given.size());
  if (holds(kScalars, name)) return call_scalar(given);
  if (holds(kSets, name)) return call_set(given);
  if (holds(kBytes, name) && given.empty()) return add_text(PickleKind::bytes, "");
  if (name == kDtype) return call_dtype(given);
  if (name == kOrderedDict) return call_ordered_dict(given);
  if (name == kEncode) return call_encode(given);
  if (name == kTensor && given.size() >= 4) return add_items(PickleKind::tensor, given);
  if (name == kParameter && !given.empty()) return given[0];
  refuse_damaged(name + " with other arguments than its own");
}

std::uint32_t PickleHeap::call_scalar(const Nodes& arguments) {
  if (arguments.size() != 2 || !is(arguments[0], PickleKind::dtype) ||
      !(is(arguments[1], PickleKind::bytes) || is(arguments[1], PickleKind::text)))
    refuse_damaged("a scalar of numpy without its bytes");
  std::string dtype = text(arguments[0]);
  const std::string bytes = text(arguments[1]);
  const bool swapped = dtype[0] == '>';
  if (swapped) dtype.erase(0, 1);
  if (bytes.size() != static_cast<std::size_t>(dtype[1] - '0')) refuse_damaged("a scalar of numpy of another size than its type's");
  const auto whole = [&](auto kind) { return add(PickleKind::integer, value_of<decltype(kind)>(bytes, swapped)); };
  if (dtype == "i1") return whole(std::int8_t{});
  if (dtype == "i2") return whole(std::int16_t{});
  if (dtype == "i4") return whole(std::int32_t{});
  if (dtype == "i8") return whole(std::int64_t{});
  if (dtype == "u1") return whole(std::uint8_t{});
  if (dtype == "u2") return whole(std::uint16_t{});
  if (dtype == "u4") return whole(std::uint32_t{});
  if (dtype == "f4") return add_real(static_cast<double>(value_of<float>(bytes, swapped)));
  return add_real(value_of<double>(bytes, swapped));
}

std::uint32_t PickleHeap::call_dtype(const Nodes& arguments) {
  if (arguments.empty() || !is(arguments[0], PickleKind::text)) refuse_damaged("a dtype of numpy without its name");
  const std::string name = text(arguments[0]);
  if (!holds(kDtypes, name))
    refuse("a value of numpy's type " + shown(name), "a whole number or one of 32 or 64 bits (f4, f8)",
           "save plain Python numbers");
  return add_text(PickleKind::dtype, name);
}

// OrderedDict() or, of Python 2, OrderedDict([[key, value], …]).
std::uint32_t PickleHeap::call_ordered_dict(const Nodes& arguments) {
  Nodes pairs;
  if (!arguments.empty()) {
    if (arguments.size() != 1 || !is(arguments[0], PickleKind::list)) refuse_damaged("an OrderedDict of something else than pairs");
    for (const std::uint32_t pair : items(arguments[0])) {
      if (!(is(pair, PickleKind::list) || is(pair, PickleKind::tuple)) || items(pair).size() != 2)
        refuse_damaged("an OrderedDict of something else than pairs");
      pairs.insert(pairs.end(), items(pair).begin(), items(pair).end());
      charge_values(2);
    }
  }
  return add_items(PickleKind::dict, std::move(pairs));
}

std::uint32_t PickleHeap::call_set(const Nodes& arguments) {
  if (arguments.empty()) return add_items(PickleKind::set, {});
  if (arguments.size() != 1 || !(is(arguments[0], PickleKind::list) || is(arguments[0], PickleKind::tuple)))
    refuse_damaged("a set of something else than a list");
  charge_values(items(arguments[0]).size());
  return add_items(PickleKind::set, items(arguments[0]));
}

// Bytes as protocols 0 to 2 write them: a text whose characters are the bytes.
std::uint32_t PickleHeap::call_encode(const Nodes& arguments) {
  if (arguments.size() != 2 || !is(arguments[0], PickleKind::text) || !is(arguments[1], PickleKind::text) ||
      (text(arguments[1]) != "latin1" && text(arguments[1]) != "latin-1"))
    refuse_damaged("bytes in an encoding other than latin1");
  const std::string& utf8 = text(arguments[0]);
  charge_text(utf8.size());
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    if (first < 0x80) {
      bytes += utf8[i];
    } else if (first <= 0xC3 && i + 1 < utf8.size()) {
      bytes += static_cast<char>(((first & 0x03) << 6) | (static_cast<unsigned char>(utf8[++i]) & 0x3F));
    } else {
      refuse_damaged("bytes in an encoding other than latin1");
    }
  }
  return add_text(PickleKind::bytes, std::move(bytes));
}

void PickleHeap::build(std::uint32_t target, std::uint32_t state) {
  // Attributes that torch hangs on a dictionary (versions of modules) or a parameter say nothing of the values.
  if (is(target, PickleKind::dict) || is(target, PickleKind::tensor)) return;
  if (!is(target, PickleKind::dtype) || !is(state, PickleKind::tuple) || items(state).size() < 2 ||
      !is(items(state)[1], PickleKind::text))
    refuse_damaged("a state for something that has none");
  const std::string& order = text(items(state)[1]);
  std::string& name = contents_->texts[contents_->nodes[target].place];
  if (order == ">" && name[0] != '>') name = ">" + name;
}

std::shared_ptr<const PickleContents> PickleHeap::take(std::uint32_t root) {
  contents_->root = root;
  return std::move(contents_);
}

}  // namespace cellverdict
