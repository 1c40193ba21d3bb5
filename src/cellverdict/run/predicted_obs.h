#pragma once
// What was predicted of the cells of one .h5ad file, as further columns of obs in a copy of it.

#include <cellverdict/io/h5ad_copy.h>
#include <cellverdict/prepare/sources.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

class PredictedObs {
 public:
  // Copies the file at once, so that what cannot be written is found before anything is computed. Throws UsageError when the
  // sources are not one .h5ad file.
  PredictedObs(const std::vector<SourceFile>& sources, const std::filesystem::path& target, std::vector<std::string> classes);

  // `probability`: [classes].
  void add(std::int64_t row, const double* probability, std::size_t called, bool passes_qc);
  // cellverdict_class, cellverdict_<class> (its probability), cellverdict_passes_qc (yes, no); missing for cells that were not
  // asked about. Columns so called are replaced.
  void commit();

 private:
  H5adCopy copy_;
  std::vector<std::string> classes_;
  Column class_, passes_;
  std::vector<std::vector<double>> probability_;  // [classes][cells]
};

}  // namespace cellverdict
