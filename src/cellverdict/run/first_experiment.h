#pragma once
// `init`: a first experiment file, guessed from the names and shapes of the annotations. Every guess is marked as one.

#include <cellverdict/run/inspect.h>

#include <string>

namespace cellverdict {

struct FirstExperiment {
  std::string toml;
  std::vector<std::string> notes;  // what was guessed and what a person must look at
};

// Throws DataError when no column can be a label.
FirstExperiment guess_experiment(const Inspection& inspection, const std::vector<std::string>& files,
                                 const std::string& gene_map = {});

}  // namespace cellverdict
