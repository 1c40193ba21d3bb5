#pragma once
// resources.json in the folder of a variant or fold: what each stage took when it last ran. Apart from everything that decides or
// describes a result, which is the same from run to run.

#include <cellverdict/base/run_context.h>
#include <cellverdict/report/report.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

// From construction to note().
class StageMeter {
 public:
  StageMeter();
  // Puts the stage into folder/resources.json in the place of what it took before.
  void note(const std::filesystem::path& folder, const std::string& stage, int threads) const;

 private:
  Stopwatch watch_;
  double cpu_ = 0;
};

// Of a variant with its folds: seconds added up, the highest memory. A file that cannot be read counts as none.
std::vector<StageResources> read_resources(const std::filesystem::path& variant);

}  // namespace cellverdict
