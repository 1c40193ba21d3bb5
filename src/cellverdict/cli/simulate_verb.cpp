#include <cellverdict/base/error.h>
#include <cellverdict/cli/terminal.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/toml_file.h>
#include <cellverdict/simulate/simulate.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

namespace {

// Every option of the table is a flag of its own: n_cells → --n-cells; `output` is --out here as for every verb.
void add_simulate_options(Arguments& arguments, SimulateOptions& options) {
  const SimulateOptions defaults;
  for (const auto& entry : simulate_options().entries()) {
    std::string flag = "--" + entry.name;
    std::replace(flag.begin(), flag.end(), '_', '-');
    if (entry.name == "output") flag = "--out,-o";
    arguments.option(
        flag, [&options, &entry, flag](const std::string& text) { entry.read(options, value_of_argument(text), flag); },
        entry.help + (entry.allowed.choices.empty() && entry.allowed.least ? " (" + entry.allowed.described() + ")" : ""),
        entry.write(defaults).text());
  }
}

}  // namespace

void simulate_verb(const std::vector<std::string>& words) {
  SimulateOptions options;
  CommonOptions common;
  Arguments arguments("simulate",
                      "Make a study with known truth: negative-binomial cells of several types, donors, days and batches.",
                      {"cellverdict simulate --design lmna --out demo/data",
                       "cellverdict simulate --n-donors 24 --n-cells 500 --effect 0.8 --confounding 0.5 --out cohort"});
  add_simulate_options(arguments, options);
  add_common_options(arguments, common);
  arguments.parse(words);
  const RunContext context = make_context("simulate", common);
  const Stopwatch watch;
  const SimulatedCohort made = simulate_cohort(context, options);
  for (const auto& note : made.notes) context.log("note      " + note);
  if (common.json) {
    print_result(nlohmann::ordered_json{{"data", made.data.string()},
                                        {"truth", made.truth.string()},
                                        {"n_cells", made.n_cells},
                                        {"n_genes", made.n_genes},
                                        {"n_nonzero", made.n_nonzero}}
                     .dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                 "\n");
  } else {
    print_result(fmt::format("{} cells × {} genes in {} libraries, {:.0f} genes a cell: {}\ntruth: {}\n", with_commas(made.n_cells),
                             with_commas(made.n_genes), made.n_libraries, made.mean_genes, made.data.string(),
                             made.truth.string()));
  }
  log_resources(context, watch);
}

}  // namespace cellverdict
