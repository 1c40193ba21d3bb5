#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/train/bert_config_file.h>
#include <cellverdict/train/bert_int8_folder.h>
#include <cellverdict/train/tensors.h>

#include <cstring>

namespace cellverdict {

namespace {

constexpr const char* kInt8WeightsFile = "model.int8.safetensors";
constexpr const char* kNotTogether = "the file is damaged, or not that of this config.json: round the net again";

using NamedShapes = std::map<std::string, std::vector<std::int64_t>>;

void add_linear(NamedShapes& shapes, const std::string& name, std::int64_t out, std::int64_t in) {
  shapes[name + ".weight"] = {out, in};
  shapes[name + ".bias"] = {out};
}

void add_norm(NamedShapes& shapes, const std::string& name, std::int64_t width) {
  shapes[name + ".weight"] = shapes[name + ".bias"] = {width};
}

NamedShapes shapes_of(const BertConfig& c) {
  const std::int64_t width = c.width;
  NamedShapes shapes = {{"bert.embeddings.word_embeddings.weight", {c.vocabulary, width}},
                        {"bert.embeddings.position_embeddings.weight", {c.positions, width}},
                        {"bert.embeddings.token_type_embeddings.weight", {c.token_types, width}}};
  add_norm(shapes, "bert.embeddings.LayerNorm", width);
  for (std::int64_t number = 0; number < c.all_layers(); ++number) {
    const std::string here = "bert.encoder.layer." + std::to_string(number) + ".";
    for (const char* name : {"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"})
      add_linear(shapes, here + name, width, width);
    add_linear(shapes, here + "intermediate.dense", c.feed_forward, width);
    add_linear(shapes, here + "output.dense", width, c.feed_forward);
    add_norm(shapes, here + "attention.output.LayerNorm", width);
    add_norm(shapes, here + "output.LayerNorm", width);
  }
  if (c.task == BertTask::sequence) add_linear(shapes, "bert.pooler.dense", width, width);
  if (c.task != BertTask::masked) add_linear(shapes, "classifier", std::ssize(c.labels), width);
  if (c.task == BertTask::masked) {
    add_linear(shapes, "cls.predictions.transform.dense", width, width);
    add_norm(shapes, "cls.predictions.transform.LayerNorm", width);
    shapes["cls.predictions.bias"] = {c.vocabulary};
  }
  return shapes;
}

template <class Number>
std::vector<Number> numbers_of(const NamedTensor& tensor) {
  std::vector<Number> out(tensor.data().size() / sizeof(Number));
  std::memcpy(out.data(), tensor.data().data(), out.size() * sizeof(Number));
  return out;
}

template <class Number>
NamedTensor view_numbers(const std::string& name, const std::string& dtype, const std::vector<std::int64_t>& shape,
                         const std::vector<Number>& numbers) {
  return {.name = name,
          .dtype = dtype,
          .shape = shape,
          .bytes = {},
          .elsewhere = {reinterpret_cast<const std::byte*>(numbers.data()), numbers.size() * sizeof(Number)}};
}

const NamedTensor& wanted(const Safetensors& in, const std::string& name, const std::string& dtype,
                          const std::vector<std::int64_t>& shape, const std::string& file) {
  const NamedTensor* found = in.find(name);
  if (found == nullptr || found->shape != shape) refuse_shape(file, name, found, shape, kNotTogether);
  if (found->dtype != dtype)
    throw InputError(
        {.where = file + " tensor '" + name + "'", .found = "type " + found->dtype, .expected = dtype, .advice = kNotTogether});
  return *found;
}

}  // namespace

bool has_int8_bert(const std::filesystem::path& folder) {
  return std::filesystem::exists(folder / kInt8WeightsFile);
}

void write_int8_bert(const std::filesystem::path& folder, const Int8Bert& net) {
  Safetensors out{.metadata = {{"format", "cellverdict int8"}}};
  for (const auto& [name, rows] : net.weights().rounded) {
    out.tensors.push_back(view_numbers(name, "I8", {rows.rows, rows.columns}, rows.values));
    out.tensors.push_back(view_numbers(name + ".scale", "F32", {rows.rows}, rows.scales));
  }
  for (const auto& [name, values] : net.weights().plain) out.tensors.push_back(view_of(name, values));
  write_safetensors(folder / kInt8WeightsFile, out);
  write_file(folder / "config.json", bert_config_text(net.config()));
}

Int8Bert open_int8_bert(const std::filesystem::path& folder) {
  const BertConfig config = read_bert_config(folder / "config.json");
  const std::string file = (folder / kInt8WeightsFile).string();
  const Safetensors in = read_safetensors(file);
  Int8Weights weights;
  std::size_t n_used = 0;
  for (const auto& [name, shape] : shapes_of(config)) {
    if (!rounded_in_int8(name)) {
      weights.plain[name] = from_named(wanted(in, name, "F32", shape, file));
      n_used += 1;
      continue;
    }
    weights.rounded[name] = {.rows = shape[0],
                             .columns = shape[1],
                             .values = numbers_of<std::int8_t>(wanted(in, name, "I8", shape, file)),
                             .scales = numbers_of<float>(wanted(in, name + ".scale", "F32", {shape[0]}, file))};
    n_used += 2;
  }
  if (n_used != in.tensors.size())
    throw InputError({.where = file,
                      .found = std::to_string(in.tensors.size()) + " tensors",
                      .expected = std::to_string(n_used),
                      .advice = kNotTogether});
  return {config, std::move(weights)};
}

}  // namespace cellverdict
