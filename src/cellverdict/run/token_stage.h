#pragma once
// What a net of kind "bert" needs before it is trained: counts as they are, and the dictionary that makes tokens of them.

#include <cellverdict/genes/token_dictionary.h>
#include <cellverdict/prepare/preparation.h>
#include <cellverdict/run/autoencoder_stage.h>
#include <cellverdict/run/experiment.h>
#include <cellverdict/split/split.h>

#include <filesystem>
#include <string>

namespace cellverdict {

// The net ranks counts of all genes itself. [prepare] is of the simple models beside it.
PrepareOptions counts_as_they_are(PrepareOptions options);
// The preparation of a model as simple models of cells and units need it: that of counts normalised and log1p.
Preparation for_simple_models(const ModelOptions& model, Preparation preparation);

// The experiment's options with folders as seen from where the program runs.
BertOptions with_whole_paths(const Experiment& experiment);
// [model.bert] dictionary, or the one that lies in the checkpoint's folder, or one made of these cells alone.
TokenDictionary obtain_dictionary(const RunContext& context, const Experiment& experiment, const TrainView& train);
// Where [model.bert] pretrain_epochs asks for it: pre-trained on the training side alone, in <run>/pretrained/<key>, for all
// variants that agree on it; gives the folder to go on from.
std::filesystem::path obtain_pretrained(const RunContext& context, const Experiment& experiment, const Split& split,
                                        const Preparation& preparation, const TokenDictionary& dictionary,
                                        const EncoderPlace& place);
// Of the files that [model.bert] names; "" for other kinds.
std::string token_files_key(const Experiment& experiment);

}  // namespace cellverdict
