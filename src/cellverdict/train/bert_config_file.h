#pragma once
// config.json of a BERT as Hugging Face writes it, and the shapes that Geneformer was published in. Torch-free.

#include <cellverdict/nets/bert_config.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

// "V1-10M", "V2-104M" or "V2-316M" (Theodoris et al. 2023; Chen et al. 2024), as a masked language model. Throws UsageError.
BertConfig bert_preset(const std::string& name);
const std::vector<std::string>& bert_preset_names();

// What is not said has transformers' default. Throws InputError, in one sentence, for another kind of model and for what this one
// cannot do: other activations, relative positions, a decoder.
BertConfig read_bert_config(const std::filesystem::path& file);
// With architectures, id2label, label2id and problem_type, as transformers reads it.
std::string bert_config_text(const BertConfig& config);

// "none", "first:2", "last:2", joined by commas, also with "embeddings": "first:2,embeddings". Throws UsageError.
BertFreeze parse_bert_freeze(const std::string& text);

}  // namespace cellverdict
