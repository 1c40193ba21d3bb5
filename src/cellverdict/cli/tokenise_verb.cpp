#include <cellverdict/base/error.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/tokenise.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

std::string as_text(const TokeniseResult& result, const std::string& output) {
  std::string text =
      fmt::format("{} cells, {} tokens (at most {} a cell) of dictionary {}: {} of its {} genes are in the data → {}\n",
                  with_commas(result.n_cells), with_commas(result.n_tokens), with_commas(result.length), result.version,
                  with_commas(result.n_found), with_commas(result.n_genes), output);
  if (result.n_left_out > 0) text += counted(result.n_left_out, "cell") + " left out\n";
  return text;
}

std::string as_json(const TokeniseResult& result, const std::string& output) {
  return nlohmann::ordered_json{{"output", output},
                                {"dictionary", result.version},
                                {"length", result.length},
                                {"n_cells", result.n_cells},
                                {"n_cells_left_out", result.n_left_out},
                                {"n_cells_empty", result.n_empty},
                                {"n_cells_full", result.n_cropped},
                                {"n_genes", result.n_genes},
                                {"n_genes_found", result.n_found},
                                {"n_tokens", result.n_tokens},
                                {"notes", result.notes}}
             .dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace

void tokenise_verb(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  std::string dictionary, output, where, layer, genome, gene_map, size = "all";
  std::int64_t length = 0;
  TokeniseRequest request;
  CommonOptions common;
  Arguments arguments("tokenise",
                      "Ranks the genes of each cell as Geneformer's tokens do: counts over the cell's size over the gene's median, "
                      "highest first.\nWrites an .h5ad whose X holds the rank of each gene of the dictionary in each cell; the "
                      "annotations of the cells are kept.",
                      {"cellverdict tokenise data.h5ad --dictionary gene_dictionaries_30m --out tokens.h5ad",
                       "cellverdict tokenise samples.csv --dictionary dictionaries --size n_counts --out tokens.h5ad"});
  arguments.positional("FILE", files, "files, folders, or one sample sheet (.csv, .tsv)");
  arguments.option("--dictionary", dictionary,
                   "folder with token_dictionary* and gene_median_dictionary* (and gene_name_id_dict*, ensembl_mapping_dict*) as "
                   ".json, .tsv or .pkl");
  arguments.option("--out", output, "the .h5ad to write");
  arguments.option("--length", length, "most tokens of a cell, specials among them (0: 2,048 for V1, 4,096 for V2)");
  arguments.option("--size", size,
                   "a cell's size: the sum over \"all\" its genes, over the \"panel\" of the dictionary, or an obs column");
  arguments.option("--where", where, "which cells, for example cell_type == 'monocyte' (default: all)");
  arguments.flag("--every-cell", request.every_cell, "keep cells whose obs column filter_pass is not 1");
  arguments.flag("--as-they-are", request.as_they_are, "rank values that do not look like raw counts too");
  arguments.option("--layer", layer, "h5ad and loom: X, raw or the name of a layer (default: the one that holds counts)");
  arguments.option("--genome", genome, "10x HDF5: the genome to read");
  arguments.option("--gene-map", gene_map, "a table of Ensembl ids and symbols, for files that name genes by symbol");
  arguments.flag("--gzip", request.gzip, "write a smaller file, more slowly");
  add_common_options(arguments, common);
  arguments.parse(words);
  for (const auto& [name, given] : {std::pair{"--dictionary", &dictionary}, std::pair{"--out", &output}})
    if (given->empty())
      throw UsageError({.where = "cellverdict tokenise",
                        .found = std::string("no ") + name,
                        .expected = "one",
                        .advice = "see `cellverdict help tokenise`"});
  request.data = data_of(files);
  request.data.where = where;
  request.data.layer = layer;
  request.data.genome = genome;
  request.data.gene_map = gene_map;
  request.dictionary = dictionary;
  request.output = output;
  request.length = length;
  request.size = size;
  const RunContext context = make_context("tokenise", common);
  const Stopwatch watch;
  const TokeniseResult result = tokenise_files(context, request);
  for (const auto& note : result.notes) context.log("note: " + note);
  print_result(common.json ? as_json(result, output) : as_text(result, output));
  log_resources(context, watch);
}

}  // namespace cellverdict
