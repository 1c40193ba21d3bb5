#include <cellverdict/io/torch_checkpoint.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/pickle_data.h>

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<std::byte>;

constexpr const char* kAgain = "copy or download it again";
// Tensors may share a storage (tied weights); more than this is no model but an attack on the memory.
constexpr std::int64_t kMostCopies = 4;

[[noreturn]] void refuse(const fs::path& file, const std::string& place, std::string found, std::string expected,
                         std::string advice) {
  throw InputError({file.string() + (place.empty() ? "" : " " + place), std::move(found), std::move(expected), std::move(advice)});
}

struct StorageType {
  const char* dtype;
  std::int64_t n_bytes;
};

StorageType type_of(const std::string& storage) {
  static const std::map<std::string, StorageType> kTypes = {
      {"torch.FloatStorage", {"F32", 4}}, {"torch.DoubleStorage", {"F64", 8}},    {"torch.HalfStorage", {"F16", 2}},
      {"torch.LongStorage", {"I64", 8}},  {"torch.BFloat16Storage", {"BF16", 2}}, {"torch.IntStorage", {"I32", 4}},
      {"torch.ShortStorage", {"I16", 2}}, {"torch.CharStorage", {"I8", 1}},       {"torch.ByteStorage", {"U8", 1}},
      {"torch.BoolStorage", {"BOOL", 1}}};
  return kTypes.at(storage);  // the pickle's reader knows no other
}

// "data/0" of "archive/data/0": torch puts everything into one folder whose name is anything.
std::string member_name(const std::string& path) {
  const auto slash = path.find('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

void check_head(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  char head[16] = {};
  stream.read(head, sizeof(head));
  const std::string_view given(head, static_cast<std::size_t>(stream.gcount()));
  if (!fs::exists(file) || given.empty())
    refuse(file, "", fs::exists(file) ? "a file that is empty or cannot be read" : "nothing at this path", "a checkpoint of torch",
           "check the path");
  constexpr std::string_view kOldMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
  if (given.starts_with(kOldMagic))
    refuse(file, "", "a checkpoint of torch before 1.6", "the zip that torch writes since then",
           "load it in Python and save it again: torch.save(torch.load(FILE), FILE)");
  if (given.starts_with("version https:"))
    refuse(file, "", "a Git-LFS pointer in place of the file", "", "fetch it with `git lfs pull`");
  if (!given.starts_with("PK")) refuse(file, "", "a file that is not a zip", "a checkpoint of torch", "check the path");
}

std::map<std::string, Bytes> read_members(const fs::path& file) {
  check_head(file);
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), &archive_read_free);
  archive_read_support_format_zip_seekable(reader.get());
  const auto complain = [&] {
    const char* reason = archive_error_string(reader.get());
    refuse(file, "", std::string("a truncated or damaged zip (") + (reason != nullptr ? reason : "damage") + ")",
           "a checkpoint of torch", kAgain);
  };
  if (archive_read_open_filename(reader.get(), file.c_str(), 1 << 20) != ARCHIVE_OK) complain();
  auto room = static_cast<std::int64_t>(fs::file_size(file));
  std::map<std::string, Bytes> out;
  for (archive_entry* entry = nullptr;;) {
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) complain();
    const char* path = archive_entry_pathname(entry);
    const std::int64_t size = archive_entry_size(entry);
    if (path == nullptr || size < 0) complain();
    room -= size;
    if (room < 0) refuse(file, path, "a compressed member", "stored ones, as torch.save writes", "save the weights again");
    Bytes bytes(static_cast<std::size_t>(size));
    if (archive_read_data(reader.get(), bytes.data(), bytes.size()) != size) complain();
    if (!out.emplace(member_name(path), std::move(bytes)).second) refuse(file, path, "a member given twice", "one", kAgain);
  }
  return out;
}

// A tensor of the pickle: (storage, offset, shape, strides, …).
struct Reference {
  std::string name;
  std::string storage;  // "data/0"
  StorageType type;
  std::int64_t offset = 0, n_elements = 1;  // in elements
  std::vector<std::int64_t> shape, strides;
};

std::vector<std::int64_t> whole_numbers(const fs::path& file, const std::string& name, PickleValue tuple) {
  std::vector<std::int64_t> out;
  if (tuple.kind() != PickleKind::tuple) refuse(file, name, name_of(tuple.kind()), "a tuple of sizes", kAgain);
  for (std::int64_t i = 0; i < tuple.size(); ++i) {
    if (tuple.item(i).kind() != PickleKind::integer || tuple.item(i).integer() < 0)
      refuse(file, name, "a size or stride that is no count", "whole numbers", kAgain);
    out.push_back(tuple.item(i).integer());
  }
  return out;
}

Reference make_reference(const fs::path& file, const std::string& name, PickleValue tensor) {
  if (tensor.item(0).kind() != PickleKind::storage || tensor.item(1).kind() != PickleKind::integer)
    refuse(file, name, "a tensor without its storage", "one as torch.save writes", kAgain);
  Reference out{.name = name,
                .storage = "data/" + tensor.item(0).item(1).text(),
                .type = type_of(tensor.item(0).item(0).text()),
                .offset = tensor.item(1).integer(),
                .shape = whole_numbers(file, name, tensor.item(2)),
                .strides = whole_numbers(file, name, tensor.item(3))};
  if (out.shape.size() != out.strides.size()) refuse(file, name, "more sizes than strides", "as many", kAgain);
  for (const std::int64_t n : out.shape)
    if (__builtin_mul_overflow(out.n_elements, n, &out.n_elements))
      refuse(file, name, "a shape beyond all memory", "a tensor", kAgain);
  return out;
}

// Bytes of the tensor, after checking that the storage holds all it points at.
std::int64_t check_reference(const fs::path& file, const Reference& tensor, const std::map<std::string, Bytes>& members) {
  const auto place = members.find(tensor.storage);
  if (place == members.end()) refuse(file, tensor.name, "no member " + tensor.storage, "the storage of this tensor", kAgain);
  const std::int64_t n_stored = static_cast<std::int64_t>(place->second.size()) / tensor.type.n_bytes;
  std::int64_t last = tensor.offset;
  bool overflow = tensor.offset < 0;
  for (std::size_t d = 0; d < tensor.shape.size() && tensor.n_elements > 0; ++d) {
    std::int64_t reach = 0;
    overflow = overflow || __builtin_mul_overflow(tensor.shape[d] - 1, tensor.strides[d], &reach) ||
               __builtin_add_overflow(last, reach, &last);
  }
  if (tensor.n_elements > 0 && (overflow || last >= n_stored || tensor.n_elements > n_stored))
    refuse(file, tensor.name, "a storage of " + counted(n_stored, "element"),
           "all of a tensor of " + with_commas(tensor.n_elements), kAgain);
  return tensor.n_elements * tensor.type.n_bytes;
}

// The elements in row-major order.
Bytes gather(const Reference& tensor, const Bytes& storage) {
  const std::int64_t width = tensor.type.n_bytes;
  Bytes out(static_cast<std::size_t>(tensor.n_elements * width));
  std::vector<std::int64_t> place(tensor.shape.size(), 0);
  std::int64_t from = tensor.offset;
  for (std::int64_t i = 0; i < tensor.n_elements; ++i) {
    std::memcpy(out.data() + i * width, storage.data() + from * width, static_cast<std::size_t>(width));
    for (std::size_t d = tensor.shape.size(); d-- > 0;) {
      from += tensor.strides[d];
      if (++place[d] < tensor.shape[d]) break;
      from -= tensor.strides[d] * tensor.shape[d];
      place[d] = 0;
    }
  }
  return out;
}

bool is_row_major(const Reference& tensor) {
  std::int64_t stride = 1;
  for (std::size_t d = tensor.shape.size(); d-- > 0; stride *= tensor.shape[d])
    if (tensor.shape[d] != 1 && tensor.strides[d] != stride) return false;
  return true;
}

Bytes copy_of(const Reference& tensor, const Bytes& storage) {
  if (tensor.n_elements == 0) return {};
  if (!is_row_major(tensor)) return gather(tensor, storage);
  const auto* begin = storage.data() + tensor.offset * tensor.type.n_bytes;
  return {begin, begin + tensor.n_elements * tensor.type.n_bytes};
}

std::vector<Reference> references_in(const fs::path& file, PickleValue root) {
  if (root.kind() != PickleKind::dict)
    refuse(file, "", name_of(root.kind()), "a state_dict: a dict of names to tensors", "save model.state_dict()");
  std::vector<Reference> out;
  for (std::int64_t i = 0; i < root.size(); ++i) {
    if (root.key(i).kind() != PickleKind::text)
      refuse(file, "", name_of(root.key(i).kind()) + " as a name", "text", "save model.state_dict()");
    const std::string& name = root.key(i).text();
    if (root.value(i).kind() != PickleKind::tensor)
      refuse(file, name, name_of(root.value(i).kind()), "a tensor", "save model.state_dict() alone");
    out.push_back(make_reference(file, name, root.value(i)));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != out.end()) refuse(file, twice->name, "a tensor given twice", "one", kAgain);
  return out;
}

}  // namespace

Safetensors read_torch_checkpoint(const fs::path& file) {
  std::map<std::string, Bytes> members = read_members(file);
  if (!members.contains("data.pkl"))
    refuse(file, "", "a zip without data.pkl", "a checkpoint of torch",
           members.contains("constants.pkl") ? "save model.state_dict(), not a scripted model" : "check the path");
  if (const auto order = members.find("byteorder"); order != members.end() && order->second.size() == 3)
    refuse(file, "", "numbers in big-endian order", "little-endian", "save the weights again on this machine");
  const Pickle pickle = read_pickle(members["data.pkl"], file.string() + " data.pkl");
  const std::vector<Reference> references = references_in(file, pickle.root());
  std::map<std::string, std::int64_t> n_left;  // tensors still to be made of a storage
  std::int64_t n_bytes = 0;
  const std::int64_t most = kMostCopies * static_cast<std::int64_t>(fs::file_size(file));
  for (const auto& tensor : references) {
    ++n_left[tensor.storage];
    n_bytes += check_reference(file, tensor, members);
    if (n_bytes > most)
      refuse(file, tensor.name, "tensors of more than four times the file's size", "storages used once or twice",
             "do not trust this file");
  }
  Safetensors out;
  for (const auto& tensor : references) {
    Bytes& storage = members[tensor.storage];
    const bool last = --n_left[tensor.storage] == 0;
    const bool whole = is_row_major(tensor) && static_cast<std::int64_t>(storage.size()) == tensor.n_elements * tensor.type.n_bytes;
    out.tensors.push_back(
        {tensor.name, tensor.type.dtype, tensor.shape, whole && last ? std::move(storage) : copy_of(tensor, storage), {}});
    if (last) storage = {};
  }
  return out;
}

}  // namespace cellverdict
