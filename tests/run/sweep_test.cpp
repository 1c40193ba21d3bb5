// Sweeps as they are written in the experiment file, and what the report is told of settings and ranking.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/experiment.h>
#include <cellverdict/run/reported_settings.h>
#include <cellverdict/run/toml_file.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/scratch_folder.h"

using namespace cellverdict;

namespace {

constexpr const char* kStudy =
    "[data]\nsources = 's.csv'\nlabel = 'genotype'\nunit = 'library'\n[model]\ndepth = 1\n[[model.head]]\nlabel = 'day'\nweight = "
    "0.3\n[train]\nepochs = 20\n";

std::vector<Experiment> read(const std::string& toml, const std::vector<std::string>& sets = {}) {
  const ScratchFolder folder;
  write_file(folder / "a.toml", toml);
  return read_experiments({.file = folder / "a.toml", .sets = sets});
}

std::string value_of(const std::vector<ModelSetting>& settings, const std::string& key) {
  const auto found = std::ranges::find(settings, key, &ModelSetting::first);
  return found == settings.end() ? "none" : found->second;
}

}  // namespace

TEST_CASE("the weight of a head is swept by the head's label") {
  const auto e = read(std::string(kStudy) + "[sweep]\nset = { 'model.head.day.weight' = [0.1, 1, 3.5] }\n");
  REQUIRE(e.size() == 1);
  REQUIRE(e[0].candidates.size() == 3);
  CHECK(e[0].candidates[0].model.heads[0].weight == 0.1);
  CHECK(e[0].candidates[2].model.heads[0].weight == 3.5);
  CHECK(e[0].candidates[2].model.heads[0].label == "day");
  CHECK(e[0].model.heads[0].weight == 0.3);
}

TEST_CASE("a label that no head has is refused with those there are") {
  try {
    read(std::string(kStudy) + "[sweep]\nset = { 'model.head.dya.weight' = [0.1] }\n");
    FAIL("taken");
  } catch (const UsageError& error) {
    CHECK(std::string(error.what()).find("no item with that label (\"day\")") != std::string::npos);
  }
}

TEST_CASE("one at a time, the file's own setting is the first candidate though no list holds its value") {
  const auto e = read(std::string(kStudy) + "[sweep]\nmode = 'one-at-a-time'\nset = { 'train.epochs' = [2, 3] }\n");
  REQUIRE(e[0].candidates.size() == 3);
  CHECK(e[0].candidates[0].name == "as in the file");
  CHECK(e[0].candidates[0].train.epochs == e[0].train.epochs);
  CHECK(e[0].candidates[2].train.epochs == 3);
}

TEST_CASE("one at a time, the file's own setting is one candidate, however many lists hold its value") {
  const auto e =
      read(std::string(kStudy) + "[sweep]\nmode = 'one-at-a-time'\nset = { 'model.depth' = [1, 2], 'train.epochs' = [20, 50] }\n");
  std::vector<std::string> names;
  for (const auto& candidate : e[0].candidates) names.push_back(candidate.name);
  CHECK(names == std::vector<std::string>{"as in the file", "model.depth 2", "train.epochs 50"});
}

TEST_CASE("a variant may have a sweep of its own, and so may the command line") {
  const auto e = read(std::string(kStudy) +
                      "[[variant]]\nname = 'plain'\nset = {}\n[[variant]]\nname = 'swept'\nset = { 'sweep.mode' = 'one-at-a-time', "
                      "'sweep.set' = { 'model.width' = [4, 8] } }\n");
  REQUIRE(e.size() == 2);
  CHECK(e[0].candidates.empty());
  CHECK(e[1].candidates.size() == 3);  // with the file's own
  CHECK(read(kStudy, {"sweep.set={ 'model.width' = [4, 8, 16] }"})[0].candidates.size() == 3);
}

TEST_CASE("settings are read back key by key, a swept key as what it was chosen from, and nothing of data or split") {
  const ScratchFolder folder;
  const auto e = read(std::string(kStudy) + "[sweep]\nset = { 'train.epochs' = [20, 50] }\n");
  write_file(folder / "experiment.toml", experiment_to_toml(e[0]));
  const auto settings = read_settings((folder / "experiment.toml").parent_path());
  CHECK(value_of(settings, "model.head.day.weight") == "0.3");
  CHECK(value_of(settings, "prepare.genes.n") == "1000");
  CHECK(value_of(settings, "model.batch_norm") == "torch");
  CHECK(value_of(settings, "train.epochs") == "chosen from [20, 50]");
  CHECK(value_of(settings, "evaluate.threshold") == "0.5");
  for (const auto& [key, value] : settings) CHECK_FALSE((key.starts_with("data") || key.starts_with("split")));
}

TEST_CASE("the ranking is read back with its values, over folds together, and a damaged one is refused with its line") {
  const ScratchFolder folder;
  const auto e = read(std::string(kStudy) + "[sweep]\nset = { 'model.depth' = [1, 2] }\n");
  write_file(folder / "experiment.toml", experiment_to_toml(e[0]));
  const std::string head = "rank\tcandidate\tmonitor\tvalue\tbest_epoch\tepochs\tmodel.depth\n";
  write_file(folder / "fold-1" / "sweep.tsv",
             head + "1\tmodel.depth 2\tvalidation.auc\t0.9\t3\t11\t2\n2\tmodel.depth 1\tvalidation.auc\t0.8\t4\t12\t1\n");
  write_file(folder / "fold-2" / "sweep.tsv",
             head + "1\tmodel.depth 1\tvalidation.auc\t0.7\t3\t11\t1\n2\tmodel.depth 2\tvalidation.auc\t0.6\t4\t12\t2\n");
  const SweepResult sweep = read_sweep_result((folder / "experiment.toml").parent_path());
  CHECK(sweep.mode == "grid");
  CHECK(sweep.own == std::vector<std::string>{"1"});
  REQUIRE(sweep.candidates.size() == 2);
  CHECK(sweep.candidates[0].values == std::vector<std::string>{"2"});
  CHECK(sweep.candidates[0].scores == std::vector<double>{0.9, 0.6});
  CHECK(sweep.candidates[0].n_chosen == 1);
  CHECK(sweep.candidates[1].n_chosen == 1);
  for (const char* bad : {"1\tx\tvalidation.auc\t0.9\t3\t11\n", "1\tx\tvalidation.auc\tmany\t3\t11\t2\n"}) {
    write_file(folder / "fold-2" / "sweep.tsv", head + bad);
    try {
      read_sweep_result((folder / "experiment.toml").parent_path());
      FAIL("taken");
    } catch (const InputError& error) {
      CHECK(std::string(error.what()).find("sweep.tsv line 2") != std::string::npos);
    }
  }
}
