#include <cellverdict/base/error.h>
#include <cellverdict/encode/minibatches.h>
#include <cellverdict/train/graph_cells.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace cellverdict {

namespace {

constexpr const char* kNames = "graph_cells.names";
constexpr const char* kLatents = "graph_cells.latents";

}  // namespace

void GraphCells::append_all(CsrBlock& out) const {
  const auto width = static_cast<std::size_t>(n_latents);
  for (std::size_t i = 0; i < names.size(); ++i) append_full_row(std::span(latents).subspan(i * width, width), out);
}

GraphCells graph_cells_of(const CellView& view, std::vector<float> latents, std::int64_t n_latents) {
  return {.names = graph_names(view), .latents = std::move(latents), .n_latents = n_latents};
}

std::vector<std::string> graph_names(const CellView& view) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < view.n_cells(); ++i) names.push_back(graph_name(view.unit(i), view.cell(i)));
  return names;
}

std::vector<std::int64_t> places_in_graph(const GraphCells& known, const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, std::int64_t> place;
  for (std::int64_t i = 0; i < known.n_cells(); ++i) place.emplace(known.names[i], i);
  std::vector<std::int64_t> out;
  std::int64_t next = known.n_cells();
  for (const auto& name : names) {
    const auto found = place.find(name);
    out.push_back(found == place.end() ? next++ : found->second);
  }
  return out;
}

void collect_graph_cells(const GraphCells& cells, Safetensors& out) {
  std::string names;
  for (const auto& name : cells.names) names += name + "\n";
  NamedTensor text{.name = kNames, .dtype = "U8", .shape = {std::ssize(names)}, .bytes = {}, .elsewhere = {}};
  text.bytes.resize(names.size());
  std::memcpy(text.bytes.data(), names.data(), names.size());
  out.tensors.push_back(std::move(text));
  NamedTensor numbers{.name = kLatents, .dtype = "F32", .shape = {cells.n_cells(), cells.n_latents}, .bytes = {}, .elsewhere = {}};
  numbers.bytes.resize(cells.latents.size() * sizeof(float));
  std::memcpy(numbers.bytes.data(), cells.latents.data(), numbers.bytes.size());
  out.tensors.push_back(std::move(numbers));
}

GraphCells restore_graph_cells(const Safetensors& in, std::int64_t n_latents, const std::string& where) {
  const NamedTensor *names = in.find(kNames), *numbers = in.find(kLatents);
  GraphCells cells{.names = {}, .latents = {}, .n_latents = n_latents};
  if (names != nullptr) {
    const std::string text(reinterpret_cast<const char*>(names->data().data()), names->data().size());
    for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      cells.names.push_back(text.substr(begin, end - begin));
  }
  if (numbers == nullptr || numbers->dtype != "F32" || numbers->shape != std::vector<std::int64_t>{cells.n_cells(), n_latents})
    throw InputError({.where = where + " " + kLatents,
                      .found = numbers == nullptr ? "no such tensor" : "another number of cells or latent numbers than named",
                      .expected = counted(cells.n_cells(), "cell") + " × " + std::to_string(n_latents) + " of float32",
                      .advice = "the weights are damaged or of another model: train again"});
  cells.latents.resize(numbers->data().size() / sizeof(float));
  std::memcpy(cells.latents.data(), numbers->data().data(), numbers->data().size());
  return cells;
}

}  // namespace cellverdict
