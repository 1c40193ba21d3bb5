#pragma once
// A BERT of 8-bit numbers in a folder: config.json as of any BERT, and model.int8.safetensors, which holds for each rounded matrix
// NAME (I8 [rows, columns]) and NAME.scale (F32 [rows]), and all others as they are. Not a format of transformers.

#include <cellverdict/nets/bert_int8.h>

#include <filesystem>

namespace cellverdict {

void write_int8_bert(const std::filesystem::path& folder, const Int8Bert& net);
// Throws InputError, which names the first tensor that is missing, misshapen or unknown.
Int8Bert open_int8_bert(const std::filesystem::path& folder);
// Is there one?
bool has_int8_bert(const std::filesystem::path& folder);

}  // namespace cellverdict
