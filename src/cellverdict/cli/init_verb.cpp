#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/first_experiment.h>

#include <nlohmann/json.hpp>

#include <filesystem>

namespace cellverdict {

namespace fs = std::filesystem;

void init_verb(const std::vector<std::string>& words) {
  InspectOptions options;
  std::string out = "experiment.toml";
  CommonOptions common;
  Arguments arguments("init", "Write a first experiment file by looking at the data; every guess in it is marked.",
                      {"cellverdict init data.h5ad", "cellverdict init samples.csv -o lmna.toml"});
  arguments.positional("FILE", options.files, "files, 10x folders, folders of libraries, or one sample sheet");
  arguments.option("--out,-o", out, "where to write it; - for stdout");
  arguments.option("--gene-map", options.gene_map, "a table of Ensembl ids and symbols (TSV or CSV), for files with symbols only");
  add_common_options(arguments, common);
  arguments.parse(words);
  const RunContext context = make_context("init", common);
  if (out != "-" && fs::exists(out))
    throw UsageError(
        {.where = out, .found = "a file that is there already", .expected = "a new name", .advice = "choose another with -o"});

  const Inspection inspection = inspect_files(context, options);
  const auto seen_from_out = [&](const std::string& file) {
    return out == "-" ? file : fs::relative(file, fs::absolute(out).parent_path()).string();
  };
  std::vector<std::string> files;
  for (const auto& file : options.files) files.push_back(seen_from_out(file));
  const FirstExperiment first =
      guess_experiment(inspection, files, options.gene_map.empty() ? "" : seen_from_out(options.gene_map));
  for (const auto& note : first.notes) context.log("note      " + note);
  if (out == "-") return print_result(first.toml);
  write_file(out, first.toml);
  print_result(common.json ? nlohmann::ordered_json{{"file", out}, {"notes", first.notes}}.dump(
                                 1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                                 "\n"
                           : out + " written: look through it, then `cellverdict run " + out + "`\n");
}

}  // namespace cellverdict
