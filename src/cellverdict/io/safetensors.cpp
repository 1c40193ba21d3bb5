#include <cellverdict/io/safetensors.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>

namespace cellverdict {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "the container is little-endian and written as memory stands");

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestHeader = 100'000'000;  // the reference implementation's bound
constexpr std::uint64_t kPadding = 8;

struct Placed {
  NamedTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

std::int64_t bytes_of(const std::string& dtype) {
  static const std::map<std::string, std::int64_t> kBytes = {{"F64", 8}, {"I64", 8}, {"U64", 8},  {"F32", 4},     {"I32", 4},
                                                             {"U32", 4}, {"F16", 2}, {"BF16", 2}, {"I16", 2},     {"U16", 2},
                                                             {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  const auto place = kBytes.find(dtype);
  return place == kBytes.end() ? 0 : place->second;
}

// Bytes of a tensor of this shape; -1 when that is no number.
std::int64_t bytes_of(const std::string& dtype, const std::vector<std::int64_t>& shape) {
  std::int64_t bytes = bytes_of(dtype);
  for (const std::int64_t length : shape)
    if (length < 0 || __builtin_mul_overflow(bytes, length, &bytes)) return -1;
  return bytes;
}

[[noreturn]] void refuse(const fs::path& path, const std::string& tensor, std::string found, std::string expected = {}) {
  throw InputError({.where = path.string() + (tensor.empty() ? "" : " " + tensor),
                    .found = std::move(found),
                    .expected = std::move(expected),
                    .advice = "the file is damaged or not a safetensors file"});
}

// The library's own reader keeps the last of two equal keys; which of two tensors is meant nobody can know.
Json parse_header(const fs::path& path, const std::string& text) {
  std::vector<std::set<std::string>> open;
  bool repeated = false;
  const auto look = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key) repeated |= !open.back().insert(value.get<std::string>()).second;
    return true;
  };
  Json header = Json::parse(text, look, false);
  if (header.is_discarded() || !header.is_object()) refuse(path, "", "a header that is not a JSON object");
  if (repeated) refuse(path, "", "a name given twice in the header", "distinct names");
  return header;
}

std::map<std::string, std::string> read_metadata(const fs::path& path, const Json& json) {
  if (!json.is_object()) refuse(path, "__metadata__", "something else than a map", "a map of text to text");
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) refuse(path, "__metadata__ " + key, "a value that is no text", "text");
    out[key] = value.get<std::string>();
  }
  return out;
}

Placed read_entry(const fs::path& path, const std::string& name, const Json& json) {
  const auto is_number = [](const Json& value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() <= std::uint64_t{1} << 62;
  };
  const auto all_numbers = [&](const char* key) {
    return json.contains(key) && json[key].is_array() && std::all_of(json[key].begin(), json[key].end(), is_number);
  };
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json["dtype"].is_string() || !all_numbers("shape") ||
      !all_numbers("data_offsets") || json["data_offsets"].size() != 2)
    refuse(path, name, "another description", "dtype, shape and data_offsets");
  Placed out;
  out.tensor.name = name;
  out.tensor.dtype = json["dtype"].get<std::string>();
  out.tensor.shape = json["shape"].get<std::vector<std::int64_t>>();
  out.begin = json["data_offsets"][0].get<std::uint64_t>();
  out.end = json["data_offsets"][1].get<std::uint64_t>();
  if (bytes_of(out.tensor.dtype) == 0) refuse(path, name, "dtype " + out.tensor.dtype, "one of the format's types");
  const std::int64_t bytes = bytes_of(out.tensor.dtype, out.tensor.shape);
  if (bytes < 0 || out.end < out.begin || out.end - out.begin != static_cast<std::uint64_t>(bytes))
    refuse(path, name, "offsets " + std::to_string(out.begin) + " to " + std::to_string(out.end),
           bytes < 0 ? "a possible shape" : std::to_string(bytes) + " bytes, as its shape says");
  return out;
}

void check_tensor(const fs::path& path, const NamedTensor& tensor) {
  const std::int64_t bytes = bytes_of(tensor.dtype, tensor.shape);
  if (bytes_of(tensor.dtype) == 0 || bytes != static_cast<std::int64_t>(tensor.data().size()) || tensor.name == "__metadata__")
    throw InternalError({.where = path.string() + " " + tensor.name,
                         .found = tensor.dtype + " of " + std::to_string(tensor.data().size()) + " bytes",
                         .expected = std::to_string(bytes) + " bytes"});
}

std::string make_header(const fs::path& path, const std::vector<const NamedTensor*>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t place = 0;
  for (const NamedTensor* tensor : tensors) {
    check_tensor(path, *tensor);
    if (header.contains(tensor->name)) throw InternalError({.where = path.string(), .found = "tensor " + tensor->name + " twice"});
    const std::uint64_t end = place + tensor->data().size();
    header[tensor->name] = {{"dtype", tensor->dtype}, {"shape", tensor->shape}, {"data_offsets", {place, end}}};
    place = end;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((kPadding - text.size() % kPadding) % kPadding, ' ');
  return text;
}

}  // namespace

const NamedTensor* Safetensors::find(const std::string& name) const {
  for (const auto& tensor : tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

void keep_copies(Safetensors& contents) {
  for (auto& tensor : contents.tensors) {
    if (tensor.elsewhere.empty()) continue;
    tensor.bytes.assign(tensor.elsewhere.begin(), tensor.elsewhere.end());
    tensor.elsewhere = {};
  }
}

void write_safetensors(const fs::path& path, const Safetensors& contents) {
  std::vector<const NamedTensor*> tensors;
  for (const auto& tensor : contents.tensors) tensors.push_back(&tensor);
  std::sort(tensors.begin(), tensors.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  const std::string header = make_header(path, tensors, contents.metadata);
  const std::uint64_t length = header.size();
  AtomicPath out(path);
  {
    std::ofstream stream(out.temporary(), std::ios::binary);
    stream.write(reinterpret_cast<const char*>(&length), sizeof(length));
    stream.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const NamedTensor* tensor : tensors)
      stream.write(reinterpret_cast<const char*>(tensor->data().data()), static_cast<std::streamsize>(tensor->data().size()));
    stream.close();
    if (!stream)
      throw InputError({.where = path.string(),
                        .found = std::strerror(errno),
                        .expected = "to write it",
                        .advice = "free space or choose another folder"});
  }
  out.commit();
}

Safetensors read_safetensors(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::error_code failure;
  const std::uint64_t size = fs::file_size(path, failure);
  if (!stream || failure)
    throw InputError({.where = path.string(),
                      .found = fs::exists(path) ? "a file that cannot be read" : "nothing at this path",
                      .expected = "a .safetensors file",
                      .advice = "check the path"});
  std::uint64_t length = 0;
  if (size < sizeof(length)) refuse(path, "", "a file of " + std::to_string(size) + " bytes", "a header");
  stream.read(reinterpret_cast<char*>(&length), sizeof(length));
  if (length > kLargestHeader || length > size - sizeof(length))
    refuse(path, "", "a header of " + std::to_string(length) + " bytes in a file of " + std::to_string(size), "a header that fits");
  std::string text(length, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(length));
  const Json header = parse_header(path, text);
  Safetensors out;
  std::vector<Placed> placed;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") {
      out.metadata = read_metadata(path, json);
    } else {
      placed.push_back(read_entry(path, name, json));
    }
  }
  // In the file's order they must follow one another without gap or overlap, and fill it.
  std::sort(placed.begin(), placed.end(),
            [](const auto& a, const auto& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  const std::uint64_t n_data = size - sizeof(length) - length;
  std::uint64_t place = 0;
  for (const auto& entry : placed) {
    if (entry.begin != place) refuse(path, entry.tensor.name, "data at " + std::to_string(entry.begin), std::to_string(place));
    place = entry.end;
    if (place > n_data) break;
  }
  if (place != n_data) refuse(path, "", std::to_string(n_data) + " bytes of data", std::to_string(place) + ", as the header says");
  for (auto& entry : placed) {
    entry.tensor.bytes.resize(entry.end - entry.begin);
    stream.read(reinterpret_cast<char*>(entry.tensor.bytes.data()), static_cast<std::streamsize>(entry.tensor.bytes.size()));
    out.tensors.push_back(std::move(entry.tensor));
  }
  if (!stream) refuse(path, "", "a file that cannot be read to its end");
  std::sort(out.tensors.begin(), out.tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace cellverdict
