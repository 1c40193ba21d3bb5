#include <cellverdict/base/version.h>
#include <cellverdict/cli/arguments.h>
#include <cellverdict/cli/verbs.h>
#include <cellverdict/run/experiment.h>
#include <cellverdict/simulate/options.h>

#include <fmt/format.h>

#include <array>

namespace cellverdict {

namespace {

constexpr std::array kVerbs = {
    Verb{"Look", "inspect", "what is in files: cells, genes, kind of values, label × batch", inspect_verb},
    Verb{"Look", "init", "write a first experiment file by looking at the data", init_verb},
    Verb{"Look", "simulate", "make a study with known truth", simulate_verb},
    Verb{"Learn", "run", "from an experiment file to a report", run_verb},
    Verb{"Learn", "prepare", "… only the store of counts and the split", prepare_verb},
    Verb{"Learn", "train", "… up to the trained model", train_verb},
    Verb{"Learn", "evaluate", "… up to the numbers on the held-out side", evaluate_verb},
    Verb{"Learn", "report", "draw the report of one or several run folders anew", report_verb},
    Verb{"Use", "explain", "which genes of which cells made a net of bags say what it said", explain_verb},
    Verb{"Use", "predict", "what a saved model says of a stranger's cells", predict_verb},
    Verb{"Use", "space", "how units lie in an embedding: neighbours, subgroups, severity, response", space_verb},
    Verb{"Use", "convert", "a matrix from one file format into another", convert_verb},
    Verb{"Use", "tokenise", "rank-value tokens of Geneformer's dictionaries", tokenise_verb},
};

template <class Options>
std::string option_rows(const OptionTable<Options>& table) {
  const Options defaults;
  std::string text;
  for (const auto& entry : table.entries()) {
    const std::string allowed = entry.allowed.choices.empty() && !entry.allowed.least ? "" : entry.allowed.described();
    text += fmt::format("| `{}` | `{}` | {} | {} |\n", entry.name, entry.write(defaults).text(), entry.help, allowed);
  }
  return text;
}

template <class Options>
std::string section(const OptionTable<Options>& table) {
  return fmt::format("\n### [{}]\n\n| key | default | meaning | allowed |\n|---|---|---|---|\n{}", table.section(),
                     option_rows(table));
}

// "  epochs    most passes over the training cells (at least 1; default 40)"; defaults that are empty are not shown.
template <class Options>
std::string section_text(const OptionTable<Options>& table) {
  const Options defaults;
  std::string text = "\n[" + table.section() + "]\n";
  for (const auto& entry : table.entries()) {
    const bool limited = !entry.allowed.choices.empty() || entry.allowed.least;
    std::string more = limited ? entry.allowed.described() : "";
    const std::string value = entry.write(defaults).text();
    if (value != "\"\"" && value != "[]" && value != "{  }") more += (more.empty() ? "default " : "; default ") + value;
    text += fmt::format("  {:<20} {}{}\n", entry.name, entry.help, more.empty() ? "" : " (" + more + ")");
  }
  return text;
}

}  // namespace

std::span<const Verb> verbs() {
  return kVerbs;
}

std::string overview() {
  std::string text =
      fmt::format("cellverdict {}: can disease be read from expression, in people the model has never seen?\n\n", version());
  std::string group;
  for (const auto& verb : kVerbs) {
    if (group != verb.group) text += (group.empty() ? "" : "\n") + std::string(verb.group) + "\n";
    group = verb.group;
    text += fmt::format("  {:<10} {}\n", verb.name, verb.one_line);
  }
  return text +
         "\n`cellverdict help VERB` shows complete commands and every option, `cellverdict help experiment` every key of an\n"
         "experiment file. Results go to stdout, all else to stderr.\n"
         "Exit codes: 0 done · 1 the input did not allow it · 2 wrong usage or configuration · 70 a bug in cellverdict · 130 "
         "interrupted.\n";
}

std::string experiment_help() {
  return "The experiment file says which measurements, which label, what counts as one independent observation, how to split and\n"
         "which model. `cellverdict init` writes a first one by looking at the data. It is TOML: a [section], below it one\n"
         "`key = value` a line. `--set section.key=value` sets a key over the file's. The label, the unit and the data (sources "
         "or\n"
         "files) have no default; all else has.\n"
         "An obs column holds one value for each cell: a column of the file's own annotations, or of the sample sheet.\n" +
         section_text(data_options()) + section_text(split_options()) + section_text(prepare_options()) +
         section_text(model_options()) + section_text(train_options()) + section_text(evaluate_options()) +
         "\nSchemes of [split]: `group` holds out whole donors (or values of `by`); `matched` holds out values of `by` that have "
         "every\n"
         "class, such as a day; `lists` holds out the values named; `random-units` draws units; `random-cells` has cells of one\n"
         "library on both sides and is marked optimistic wherever its numbers are shown.\n"
         "\n[[variant]]\n  Any number of them: name = \"…\" and set = { \"split.test\" = 19, … }, keys that differ from the "
         "file's.\n"
         "\n[sweep]\n  mode = \"grid\" (every combination) or \"one-at-a-time\" (the file's own setting, then each value alone); "
         "set = { \"model.width\" = [128, 512], … }: keys "
         "of "
         "[model] and\n  [train], prepare.genes, prepare.scale, prepare.min_cells_per_gene. Ranked on the validation side alone, "
         "in every fold "
         "anew.\n  The weight of an extra head is \"model.head.LABEL.weight\". A variant's own sweep: set = { \"sweep.set\" = { … "
         "} }.\n";
}

std::string manual_markdown() {
  std::string text =
      "# The command line\n\nMade by `make docs` from the program's own help; do not edit.\n\n```\n" + overview() + "```\n";
  for (const auto& verb : kVerbs) {
    text += fmt::format("\n## cellverdict {}\n\n```\n", verb.name);
    try {
      verb.run({"--help"});
    } catch (const HelpRequested& help) {
      text += help.text;
    }
    text += "```\n";
  }
  text += "\n## The experiment file\n\nTOML; every key can be set with `--set section.key=value`. Unknown keys are errors.\n";
  text += section(data_options()) + section(split_options()) + section(prepare_options()) + section(model_options()) +
          section(train_options()) + section(evaluate_options());
  return text;
}

}  // namespace cellverdict
