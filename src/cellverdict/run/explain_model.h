#pragma once
// One trained model explained, a class at a time, into folders.

#include <cellverdict/run/explain.h>
#include <cellverdict/run/explain_baseline.h>
#include <cellverdict/run/explain_sums.h>
#include <cellverdict/run/explain_types.h>
#include <cellverdict/run/gene_sets.h>
#include <cellverdict/run/trained_run.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict {

class ModelExplainer {
 public:
  // Opens the model, its cells and its split; what cannot be explained is refused here.
  ModelExplainer(const RunContext& context, const ExplainRequest& request, const std::filesystem::path& folder,
                 const std::vector<GeneSet>& sets);

  const std::vector<std::string>& classes() const { return card().heads[0].classes; }
  // The class that is explained when none is named.
  std::string usual_class() const { return card().positive.empty() ? classes().back() : card().positive; }

  // Fills a folder that is there and empty. `model`: how the folder's model is called beside others.
  ExplainResult explain(const std::string& class_name, const std::string& model, const std::filesystem::path& folder);

  // Why the last page has no pictures; empty when it has.
  const std::string& pictures_note() const { return pictures_note_; }
  std::string name_by_seed() const { return "seed-" + std::to_string(card().train.seed); }
  const std::string& unit_noun() const { return run_.experiment.data.unit; }

 private:
  struct Target {
    std::int32_t explained = 0;
    std::optional<std::int32_t> against;
    AttributionOptions options;
  };

  const ModelCard& card() const { return run_.classifier.card(); }
  const GeneList& genes() const { return card().preparation.genes; }
  Target choose_target(const std::string& class_name) const;
  void explain_units(const Target& target, const ExplainedBaseline& baseline, AttributionSums& sums,
                     std::vector<GeneStrength>& random, const std::filesystem::path& table);
  void describe(const AttributionSums& sums, const Target& target);
  void warn_if_nothing_was_learned(const AttributionSums& sums, const Target& target);
  void rank_genes(const AttributionSums& sums, const Target& target);
  void compare_with_random(const AttributionSums& sums, const Target& target, const std::vector<GeneStrength>& random);
  void describe_types(const AttributionSums& sums, const Target& target);
  void compare_with_sets(const AttributionSums& sums, const Target& target);
  std::string genes_as_tsv(const AttributionSums& sums) const;
  std::string record() const;
  void write_sets(const std::filesystem::path& folder) const;
  void choose_pictured(AttributionSums& sums, const Target& target);
  void write_page(const std::filesystem::path& folder);
  void warn(const std::string& text);

  const RunContext& context_;
  const ExplainRequest& request_;
  std::filesystem::path folder_;
  TrainedRun run_;
  TestView test_;
  TrainView train_;
  CellTypesOfSides types_;
  std::vector<Classifier> random_;  // nets with fresh weights
  KnownSets sets_;
  std::vector<std::size_t> order_;  // genes, ranked
  PseudobulkTest expression_;       // of the class under way
  ExplainResult result_;            // of the class under way
  std::string pictures_note_;
};

}  // namespace cellverdict
