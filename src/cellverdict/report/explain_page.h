#pragma once
// The page of an explanation: what must be known first, the first genes, which types of cells speak for the class and in which
// units, known sets of genes, how far it can be trusted. And the page over explanations of several models or classes.

#include <cellverdict/evaluate/explanation.h>
#include <cellverdict/report/figures.h>
#include <cellverdict/report/html.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct ExplainPage {
  const ExplainResult& result;
  std::string unit_noun = "unit";
  std::string target = "probability";  // "probability", "logit", "difference"
  std::string source;                  // the run's folder, by name
  std::int64_t steps = 50;
};

// Boxes of types, boxes of genes within types, types × genes; those that there is something to see of.
std::vector<Figure> explain_figures(const ExplainPage& page);
std::string explain_page(const ExplainPage& page, const std::vector<Figure>& figures);

// Several explanations side by side.
struct ExplainOverview {
  const std::vector<ExplainResult>& results;
  const std::vector<ExplanationPair>& pairs;
  std::vector<ConsensusGene> consensus;  // of one class and several models
  std::vector<ExplainedSet> sets;        // of all results together; name and class in words
  std::vector<std::string> links;        // [results] to their pages, relative
  std::vector<std::string> names;        // [results]
  std::vector<std::string> warnings;
  std::string source;
  std::vector<ExplainResult> pooled = {};  // a class each: types of cells over all folds
  std::string unit_noun = "unit";
};
std::vector<Figure> side_by_side_figures(const ExplainOverview& overview);
std::string overview_page(const ExplainOverview& overview, const std::vector<Figure>& figures);

struct ExplainFiles {
  std::string note;  // why there are no pictures
};
// explain.html and figures/ into `folder`. The figures' pictures stand in the page.
ExplainFiles write_explain_page(const ExplainPage& page, const std::filesystem::path& folder, bool pictures);
ExplainFiles write_explain_overview(const ExplainOverview& overview, const std::filesystem::path& folder, bool pictures);

}  // namespace cellverdict
