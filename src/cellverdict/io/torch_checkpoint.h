#pragma once
// What torch.save wrote of a state_dict (pytorch_model.bin, model.pt): a zip of stored members, data.pkl beside one member for each
// storage. Gives the same as read_safetensors, so that a reader of weights need not know where they come from. Reads the pickle as
// data alone (pickle_data.h): a checkpoint that names anything but tensors is refused by that name.

#include <cellverdict/io/safetensors.h>

#include <filesystem>

namespace cellverdict {

// Tensors sorted by name, row-major whatever their strides were; no metadata. Takes the file's size, and a second copy of tensors
// that share one storage. Throws InputError: not a zip, truncated, compressed, a storage missing or too short, a name given twice,
// an entry that is no tensor, saved by torch before 1.6.
Safetensors read_torch_checkpoint(const std::filesystem::path& file);

}  // namespace cellverdict
