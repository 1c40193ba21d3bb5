#pragma once
// The files of a token dictionary, as Geneformer publishes them (Python pickles) or as JSON or TSV: token_dictionary*,
// gene_median_dictionary*, and where they are there gene_name_id_dict* and ensembl_mapping_dict*.

#include <cellverdict/genes/token_dictionary.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace cellverdict {

// A dictionary of texts as it stands in a .json, .tsv or .pkl file; numbers are written out so that they come back as they were.
// Throws InputError: not such a dictionary, a key given twice.
std::vector<std::pair<std::string, std::string>> read_text_dictionary(const std::filesystem::path& file);

// Of several files of one kind that differ in format alone .json is taken before .tsv before .pkl. Throws InputError: no such file,
// several of different names, what make_token_dictionary refuses.
TokenDictionary read_token_dictionary(const std::filesystem::path& folder);

// token_dictionary_NAME.json and so on, which json.load gives as the dicts Geneformer works with. The folder is made.
void write_token_dictionary(const std::filesystem::path& folder, const TokenDictionary& dictionary, const std::string& name);

}  // namespace cellverdict
