#include <cellverdict/run/familiar_file.h>

#include <cellverdict/base/error.h>
#include <cellverdict/io/safetensors.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace cellverdict {

namespace {

constexpr const char* kFile = "familiar.safetensors";

template <class T>
NamedTensor tensor_of(const std::string& name, const std::string& dtype, std::vector<std::int64_t> shape,
                      const std::vector<T>& values) {
  NamedTensor tensor{
      .name = name, .dtype = dtype, .shape = std::move(shape), .bytes = std::vector<std::byte>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : where_(file.string()), contents_(read_safetensors(file)) {}

  template <class T>
  std::vector<T> values(const std::string& name, const std::string& dtype) const {
    const NamedTensor* tensor = contents_.find(name);
    if (tensor == nullptr || tensor->dtype != dtype || tensor->bytes.size() % sizeof(T) != 0) refuse("no list '" + name + "'");
    std::vector<T> out(tensor->bytes.size() / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), tensor->bytes.data(), tensor->bytes.size());
    if (!std::ranges::all_of(out, [](T x) { return std::isfinite(x); })) refuse("a value in '" + name + "' that is not a number");
    return out;
  }

  std::int64_t number(const std::string& name) const {
    const auto found = contents_.metadata.find(name);
    std::int64_t out = -1;
    if (found != contents_.metadata.end()) std::from_chars(found->second.data(), found->second.data() + found->second.size(), out);
    if (out < 0) refuse("no number '" + name + "'");
    return out;
  }

  [[noreturn]] void refuse(const std::string& found) const {
    throw InputError({.where = where_,
                      .found = found,
                      .expected = "the training units of this model",
                      .advice = "the file is damaged or of another model: train again"});
  }

 private:
  std::string where_;
  Safetensors contents_;
};

}  // namespace

void write_familiar_units(const std::filesystem::path& model, const FamiliarUnits& units) {
  Safetensors file;
  file.tensors.push_back(tensor_of("places", "F32", {units.n_units(), units.n_directions}, units.places));
  file.tensors.push_back(tensor_of("noise", "F64", {units.n_units()}, units.noise));
  file.tensors.push_back(tensor_of("held_out", "F64", {std::ssize(units.held_out)}, units.held_out));
  file.tensors.push_back(tensor_of("cell_variance", "F64", {1}, std::vector<double>{units.cell_variance}));
  file.metadata = {{"n_genes", std::to_string(units.n_genes)},
                   {"n_directions", std::to_string(units.n_directions)},
                   {"n_neighbours", std::to_string(units.n_neighbours)},
                   {"n_left_out", std::to_string(units.n_left_out)},
                   {"n_validation", std::to_string(units.n_validation)}};
  write_safetensors(model / kFile, file);
}

FamiliarUnits read_familiar_units(const std::filesystem::path& model, std::int64_t n_genes) {
  if (!std::filesystem::exists(model / kFile)) return {};
  const Reader reader(model / kFile);
  FamiliarUnits out{.n_genes = reader.number("n_genes"),
                    .n_directions = reader.number("n_directions"),
                    .n_neighbours = reader.number("n_neighbours"),
                    .places = reader.values<float>("places", "F32"),
                    .noise = reader.values<double>("noise", "F64"),
                    .held_out = reader.values<double>("held_out", "F64"),
                    .n_left_out = reader.number("n_left_out"),
                    .n_validation = reader.number("n_validation")};
  const auto variance = reader.values<double>("cell_variance", "F64");
  if (variance.size() != 1) reader.refuse("no variance of cells");
  out.cell_variance = variance[0];
  if (out.n_genes != n_genes) reader.refuse(std::to_string(out.n_genes) + " genes");
  if (out.n_directions == 0 || out.n_neighbours == 0 || std::ssize(out.places) / out.n_directions != out.n_units() ||
      std::ssize(out.places) % out.n_directions != 0)
    reader.refuse("lists of different length");
  if (!std::ranges::is_sorted(out.held_out)) reader.refuse("distances in no order");
  return out;
}

}  // namespace cellverdict
