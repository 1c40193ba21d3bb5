#pragma once
// The table of verbs, in the order of the work. To add one: write cli/<verb>.cpp with its function, declare it here, add a row in
// verbs.cpp.

#include <span>
#include <string>
#include <vector>

namespace cellverdict {

struct Verb {
  const char* group;
  const char* name;
  const char* one_line;
  // Words after the verb; throws Error or HelpRequested.
  void (*run)(const std::vector<std::string>& words);
};
std::span<const Verb> verbs();

// The overview that `cellverdict` and `cellverdict help` print; and docs/CLI.md.
std::string overview();
std::string manual_markdown();
// Every key of the experiment file, for the terminal.
std::string experiment_help();

void inspect_verb(const std::vector<std::string>& words);
void init_verb(const std::vector<std::string>& words);
void simulate_verb(const std::vector<std::string>& words);
void prepare_verb(const std::vector<std::string>& words);
void train_verb(const std::vector<std::string>& words);
void evaluate_verb(const std::vector<std::string>& words);
void report_verb(const std::vector<std::string>& words);
void run_verb(const std::vector<std::string>& words);
void explain_verb(const std::vector<std::string>& words);
void predict_verb(const std::vector<std::string>& words);
void convert_verb(const std::vector<std::string>& words);
void tokenise_verb(const std::vector<std::string>& words);
void space_verb(const std::vector<std::string>& words);

}  // namespace cellverdict
