#pragma once
// The bridge between named tensors in files and LibTorch's.

#include <cellverdict/io/safetensors.h>

#include <torch/torch.h>

#include <string>

namespace cellverdict {

NamedTensor to_named(const std::string& name, const torch::Tensor& tensor);
// Not a copy, where the tensor lies row-major in this machine's memory: valid while it stays as it is.
NamedTensor view_of(const std::string& name, const torch::Tensor& tensor);
torch::Tensor from_named(const NamedTensor& named);

// All parameters and buffers of a module, names prefixed.
void collect_tensors(const torch::nn::Module& module, const std::string& prefix, Safetensors& out);
void view_tensors(const torch::nn::Module& module, const std::string& prefix, Safetensors& out);
// A tensor of the file that is missing (null) or of another shape. Throws InputError.
[[noreturn]] void refuse_shape(const std::string& where, const std::string& name, const NamedTensor* found,
                               torch::IntArrayRef expected,
                               const std::string& advice = "weights and model.json do not belong together: train again");
// Copies into the module. Throws InputError when a tensor is missing or has another shape; `where` names the file.
void restore_tensors(torch::nn::Module& module, const std::string& prefix, const Safetensors& in, const std::string& where);

}  // namespace cellverdict
