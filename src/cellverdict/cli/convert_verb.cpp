#include <cellverdict/base/error.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/convert.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

std::string as_text(const ConvertResult& result, const std::string& output) {
  return fmt::format("{} cells × {} genes, {} values that are not zero: {} → {}, {}\n", with_commas(result.n_cells),
                     with_commas(result.n_genes), with_commas(result.n_nonzero), result.from, result.to, output);
}

std::string as_json(const ConvertResult& result, const std::string& output) {
  return nlohmann::ordered_json{{"output", output},
                                {"from", result.from},
                                {"to", result.to},
                                {"n_cells", result.n_cells},
                                {"n_genes", result.n_genes},
                                {"n_nonzero", result.n_nonzero},
                                {"n_cells_left_out", result.n_left_out},
                                {"notes", result.notes},
                                {"lost", result.lost}}
             .dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

std::string one_of_two(const std::string& option, const std::string& given, const char* first, const char* second) {
  if (given.empty() || given == first || given == second) return given;
  throw UsageError({.where = option, .found = "'" + given + "'", .expected = std::string(first) + " or " + second});
}

}  // namespace

void convert_verb(const std::vector<std::string>& words) {
  std::string input, output, write_into, gzip;
  ConvertRequest request;
  CommonOptions common;
  Arguments arguments(
      "convert",
      "One matrix from any format that is read into another. The name of OUTPUT says which: .h5ad, .h5 (10x HDF5), "
      ".loom, .csv or\n.tsv (also .gz), or a folder for a 10x matrix. What the format cannot hold is counted and said.",
      {"cellverdict convert GSM123_counts.csv.gz GSM123.h5ad",
       "cellverdict convert data.h5ad filtered_feature_bc_matrix --where \"donor == 'D1'\"",
       "cellverdict convert data.loom data.tsv.gz --genes-by-cells",
       "cellverdict convert raw_counts.loom with_counts.h5ad --write-into analysed.h5ad --as counts"});
  arguments.positional("INPUT", input, "a file, 10x folder, or prefix of its files");
  arguments.positional("OUTPUT", output, "the file or folder to write");
  arguments.option("--where", request.where, "which cells, for example cell_type == 'monocyte' (default: all)");
  arguments.option("--layer", request.layer, "h5ad and loom: X, raw or the name of a layer (default: the one that holds counts)");
  arguments.option("--genome", request.genome, "10x HDF5: the genome to read, and to write");
  arguments.option("--genes-are", request.genes_are, "tables of text: rows or columns of INPUT (default: told by their names)");
  arguments.flag("--genes-by-cells", request.genes_by_cells, ".csv and .tsv: one line a gene in place of one line a cell");
  arguments.option("--gzip", gzip, "yes or no (default: yes for 10x and .loom, no for .h5ad; tables say it by .gz)");
  arguments.option("--write-into", write_into,
                   "make OUTPUT a copy of this .h5ad with the matrix as a further layer; its cells and genes are found by name");
  arguments.option("--as", request.as, "name of that layer");
  add_common_options(arguments, common);
  arguments.parse(words);
  one_of_two("--genes-are", request.genes_are, "rows", "columns");
  if (!one_of_two("--gzip", gzip, "yes", "no").empty()) request.gzip = gzip == "yes";
  request.input = input;
  request.output = output;
  request.write_into = write_into;
  if (request.output.has_parent_path() && !request.output.has_filename())
    request.output = request.output.parent_path();  // "folder/"
  const RunContext context = make_context("convert", common);
  const Stopwatch watch;
  const ConvertResult result = convert_file(context, request);
  for (const auto& note : result.notes) context.log("note: " + note);
  if (result.n_left_out > 0) context.log(fmt::format("{} of the input left out", counted(result.n_left_out, "cell")));
  for (const auto& lost : result.lost) context.warn("not kept: " + lost);
  print_result(common.json ? as_json(result, output) : as_text(result, output));
  log_resources(context, watch);
}

}  // namespace cellverdict
