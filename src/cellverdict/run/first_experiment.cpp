#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/value.h>
#include <cellverdict/run/first_experiment.h>
#include <cellverdict/split/cohort.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

namespace cellverdict {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The first column whose lower-case name is one of the words (whole names first, then parts), and that `fits`.
template <class Fits>
std::optional<std::string> column_named(const Inspection& inspection, const std::vector<std::string>& words, Fits fits) {
  for (const bool whole : {true, false})
    for (const auto& word : words)
      for (const auto& column : inspection.columns) {
        const std::string name = lower(column.name);
        if ((whole ? name == word : name.find(word) != std::string::npos) && fits(column)) return column.name;
      }
  return std::nullopt;
}

bool is_control(const std::string& value) {
  static const std::set<std::string> kNames = {"control",  "ctrl",      "normal",     "healthy",   "wt",
                                               "wildtype", "wild type", "unaffected", "untreated", "none",
                                               "0",        "false",     "no",         "reference", "hc"};
  return kNames.contains(lower(value));
}

// Units of each label within each value of a column.
std::map<std::string, std::map<std::string, std::set<std::string>>> units_by(const Frame& obs, const std::string& column,
                                                                             const std::string& label, const std::string& unit) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> table;
  const Column &c = obs.column(column, "init"), &l = obs.column(label, "init"), &u = obs.column(unit, "init");
  for (std::int64_t i = 0; i < c.size(); ++i)
    if (!c.missing(i) && !l.missing(i)) table[c.text(i)][l.text(i)].insert(u.text(i));
  return table;
}

struct Guess {
  std::string label, unit, donor, positive, by;
  std::vector<std::string> matched_values;  // of `by`, with every class
  std::size_t fewest_donors = 0;            // of a class
};

Guess guess_roles(const Inspection& inspection) {
  Guess guess;
  const auto few = [](const InspectedColumn& c) { return c.values.size() >= 2 && c.values.size() <= 20; };
  const auto several = [](const InspectedColumn& c) { return c.values.size() >= 2; };
  const auto label = column_named(
      inspection,
      {"disease", "diagnosis", "condition", "genotype", "phenotype", "status", "stim", "group_id", "group", "treatment", "label"},
      few);
  if (!label)
    throw DataError({.where = "obs columns",
                     .found = listed(
                         [&] {
                           std::vector<std::string> names;
                           for (const auto& c : inspection.columns) names.push_back(c.name);
                           return names;
                         }(),
                         20),
                     .expected = "one with 2 to 20 values that could be the label",
                     .advice = "give a sample sheet with a label column, or write the experiment file by hand"});
  guess.label = *label;
  guess.donor =
      column_named(inspection, {"donor_id", "donor", "patient_id", "patient", "individual", "subject", "participant", "person"},
                   several)
          .value_or("");
  guess.unit = column_named(inspection, {"library", "library_id", "sample_id", "sample", "orig.ident", "gsm"}, [&](const auto& c) {
                 return several(c) && c.name != guess.label;
               }).value_or("");
  if (guess.unit.empty()) guess.unit = guess.donor.empty() ? "library" : guess.donor;
  if (guess.donor.empty()) guess.donor = guess.unit;

  const auto classes = distinct_values(inspection.obs.column(guess.label, "init"));
  if (classes.size() == 2) guess.positive = is_control(classes[1]) ? classes[0] : classes[1];
  const auto of_donor = units_by(inspection.obs, guess.label, guess.label, guess.donor);
  guess.fewest_donors = SIZE_MAX;
  for (const auto& [name, labels] : of_donor) guess.fewest_donors = std::min(guess.fewest_donors, labels.begin()->second.size());

  for (const auto& column : inspection.columns) {
    if (column.name == guess.label || column.name == guess.unit || column.values.size() < 2 || column.values.size() > 50) continue;
    std::vector<std::string> complete;
    bool whole_units = true;
    std::map<std::string, std::string> of_unit;
    for (const auto& [value, labels] : units_by(inspection.obs, column.name, guess.label, guess.unit)) {
      if (labels.size() == classes.size()) complete.push_back(value);
      for (const auto& [name, units] : labels)
        for (const auto& unit : units) whole_units = whole_units && of_unit.emplace(unit, value).first->second == value;
    }
    sort_labels(complete);
    if (whole_units && complete.size() >= 2 && complete.size() > guess.matched_values.size()) {
      guess.by = column.name;
      guess.matched_values = complete;
    }
  }
  return guess;
}

std::string quoted(const std::string& text) {
  return Value{text, {}}.text();
}

std::string split_section(const Guess& guess, std::vector<std::string>& notes) {
  if (guess.fewest_donors >= 3)
    return fmt::format(
        "[split]\nscheme = \"group\"           # whole donors are held out: people the model has never seen\nby     = {}\n",
        quoted(guess.donor));
  if (guess.matched_values.size() >= 2) {
    notes.push_back(fmt::format(
        "Too few donors per class to hold people out at random; '{}' {} have every class, so the split is matched on them.",
        guess.by, listed(guess.matched_values)));
    std::string text =
        fmt::format("[split]\nscheme = \"matched\"         # both classes within the held-out {0}\nby     = {1}\ntest   = {2}\n",
                    guess.by, quoted(guess.by), quoted(guess.matched_values.back()));
    text += guess.matched_values.size() >= 3 ? fmt::format("validation = {}\n", quoted(guess.matched_values.front()))
                                             : "# no validation: too few values with every class\n";
    return text;
  }
  notes.push_back("Too few donors per class for a validation side: donors are split into training and test alone.");
  return fmt::format("[split]\nscheme = \"group\"\nby     = {}\ntest_fraction = 0.3\nvalidation_fraction = 0\n",
                     quoted(guess.donor));
}

}  // namespace

FirstExperiment guess_experiment(const Inspection& inspection, const std::vector<std::string>& files, const std::string& gene_map) {
  const Guess guess = guess_roles(inspection);
  FirstExperiment result;
  std::string& text = result.toml;
  text = "# A first version, guessed from the data: look at every line marked `guess` before you trust a number.\n\n[data]\n";
  if (!data_of(files).sources.empty()) {
    text += "sources = " + quoted(files[0]) + "\n";
  } else {
    ValueList list;
    for (const auto& file : files) list.push_back({file, {}});
    text += "files = " + Value{std::move(list), {}}.text() + "\n";
  }
  if (!gene_map.empty()) text += "gene_map = " + quoted(gene_map) + "\n";
  text += fmt::format("label = {}   # guess: the column to predict\n", quoted(guess.label));
  text += fmt::format("unit  = {}   # guess: never split; the level of every statement\n", quoted(guess.unit));
  text += fmt::format("donor = {}   # guess: the person\n", quoted(guess.donor));
  if (!guess.positive.empty()) text += fmt::format("positive = {}   # guess: the class the AUC is of\n", quoted(guess.positive));
  text += "\n" + split_section(guess, result.notes);
  text +=
      "\n[prepare]\nmin_genes = 200\nmax_genes = 6000\nmax_mito_percent = 20\nmax_cells = 3000           # per unit\ngenes = { "
      "select = \"variance\", n = 1000 }\n";
  text += "\n[model]\nkind = \"mlp\"\n\n[train]\nepochs = 40\npatience = 8\nseed = 42\n";
  result.notes.insert(result.notes.begin(), fmt::format("label '{}', unit '{}', donor '{}' are guesses from column names.",
                                                        guess.label, guess.unit, guess.donor));
  for (const auto& warning : inspection.warnings) result.notes.push_back(warning);
  return result;
}

}  // namespace cellverdict
