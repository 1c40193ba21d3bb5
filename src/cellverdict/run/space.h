#pragma once
// A table of units × features (a patient embedding) looked at as a space: drawn, its neighbours, labels and groups held against the
// annotations, on its own and beside another table of the same units.

#include <cellverdict/base/run_context.h>
#include <cellverdict/report/space_page.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct SpaceRequest {
  std::filesystem::path input;            // .h5ad with one row a unit, or a run folder that has patients.h5ad
  std::filesystem::path out;              // folder
  std::string embedding;                  // name in obsm, or "X"; empty: X_patient, else the only one there, else X
  std::string beside;                     // another of the same file, reduced to principal components; empty: none
  std::vector<std::string> colour;        // obs columns
  std::string where;                      // which rows; empty: all
  std::string split;                      // obs column: only labels found in each of its values are drawn in colour
  std::string person;                     // obs column: units of one person never vouch for each other
  std::string severity, study, response;  // obs columns
  std::filesystem::path values;           // a table with a first column of unit names and numbers to be compared by severity
  std::filesystem::path trained_on;       // .h5ad of the units a model was trained on, or its run folder: none may be here
  std::string unit_noun = "unit";
  std::string distance = "euclidean";  // "cosine"
  std::int64_t top_labels = 8, neighbours = 5;
};

struct SpaceResult {
  SpaceReport report;
  std::vector<std::filesystem::path> written;
  std::string pictures_note;
};

// What the patients.h5ad of a run folder says of itself, where nothing was asked for: the label, the study and the side in colour,
// the donor as the person, the pseudobulk beside, space/ in the run folder. Other inputs are left as they are.
SpaceRequest with_defaults(SpaceRequest request);

// Writes space.html, its tables and figures, and space.h5ad: the file with X_pca and X_umap (of `beside`: X_pca_beside,
// X_umap_beside) in obsm and `subgroup` in obs; rows left out hold NaN. Throws UsageError for unknown columns, DataError for too
// few rows.
SpaceResult map_space(const RunContext& context, const SpaceRequest& request);

}  // namespace cellverdict
