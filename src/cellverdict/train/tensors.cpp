#include <cellverdict/base/error.h>
#include <cellverdict/train/tensors.h>

#include <cstring>

namespace cellverdict {

namespace {

const std::vector<std::pair<std::string, torch::ScalarType>> kTensorTypes = {{"F32", torch::kFloat32}, {"F64", torch::kFloat64},
                                                                             {"I64", torch::kInt64},   {"U8", torch::kUInt8},
                                                                             {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16}};

std::string shape_text(torch::IntArrayRef shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void restore_one(torch::Tensor& target, const std::string& name, const Safetensors& in, const std::string& where) {
  const NamedTensor* found = in.find(name);
  if (found == nullptr || torch::IntArrayRef(found->shape) != target.sizes()) refuse_shape(where, name, found, target.sizes());
  const torch::NoGradGuard no_gradient;
  target.copy_(from_named(*found));
}

}  // namespace

void refuse_shape(const std::string& where, const std::string& name, const NamedTensor* found, torch::IntArrayRef expected,
                  const std::string& advice) {
  throw InputError({.where = where + " tensor '" + name + "'",
                    .found = found == nullptr ? "nothing" : "shape " + shape_text(found->shape),
                    .expected = "shape " + shape_text(expected),
                    .advice = advice});
}

NamedTensor view_of(const std::string& name, const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().cpu().contiguous();
  NamedTensor named{.name = name, .shape = plain.sizes().vec()};
  for (const auto& [text, type] : kTensorTypes)
    if (plain.scalar_type() == type) named.dtype = text;
  if (named.dtype.empty())
    throw InternalError(
        {.where = "tensor '" + name + "'", .found = torch::toString(plain.scalar_type()), .expected = "float or integer"});
  named.elsewhere = {static_cast<const std::byte*>(plain.const_data_ptr()), plain.nbytes()};
  if (plain.const_data_ptr() != tensor.const_data_ptr()) {  // a copy that ends here
    named.bytes.assign(named.elsewhere.begin(), named.elsewhere.end());
    named.elsewhere = {};
  }
  return named;
}

NamedTensor to_named(const std::string& name, const torch::Tensor& tensor) {
  NamedTensor named = view_of(name, tensor);
  if (named.bytes.empty()) named.bytes.assign(named.elsewhere.begin(), named.elsewhere.end());
  named.elsewhere = {};
  return named;
}

torch::Tensor from_named(const NamedTensor& named) {
  for (const auto& [text, type] : kTensorTypes) {
    if (named.dtype != text) continue;
    torch::Tensor tensor = torch::empty(named.shape, type);
    if (tensor.nbytes() > 0) std::memcpy(tensor.mutable_data_ptr(), named.bytes.data(), tensor.nbytes());
    return tensor;
  }
  throw InputError({.where = "tensor '" + named.name + "'",
                    .found = "type " + named.dtype,
                    .expected = "F32, F64, F16, BF16, I64 or U8",
                    .advice = "the file was not written by cellverdict"});
}

void collect_tensors(const torch::nn::Module& module, const std::string& prefix, Safetensors& out) {
  for (const auto& item : module.named_parameters()) out.tensors.push_back(to_named(prefix + item.key(), item.value()));
  for (const auto& item : module.named_buffers()) out.tensors.push_back(to_named(prefix + item.key(), item.value()));
}

void view_tensors(const torch::nn::Module& module, const std::string& prefix, Safetensors& out) {
  for (const auto& item : module.named_parameters()) out.tensors.push_back(view_of(prefix + item.key(), item.value()));
  for (const auto& item : module.named_buffers()) out.tensors.push_back(view_of(prefix + item.key(), item.value()));
}

void restore_tensors(torch::nn::Module& module, const std::string& prefix, const Safetensors& in, const std::string& where) {
  for (auto& item : module.named_parameters()) restore_one(item.value(), prefix + item.key(), in, where);
  for (auto& item : module.named_buffers()) restore_one(item.value(), prefix + item.key(), in, where);
}

}  // namespace cellverdict
