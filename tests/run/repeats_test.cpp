// [train] seeds: the same experiment with the net's seed moved on; and what may not stand beside each other.

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/experiment.h>
#include <doctest/doctest.h>

#include <string>

#include "base/scratch_folder.h"

using namespace cellverdict;

namespace {

constexpr const char* kStudy =
    "[data]\nsources = 's.csv'\nlabel = 'disease'\nunit = 'donor'\n[model]\nkind = 'bag'\n[train]\nclass_weights = 'balanced'\n";

std::vector<Experiment> read(const std::string& toml, const std::vector<std::string>& sets = {}) {
  const ScratchFolder folder;
  write_file(folder / "a.toml", toml);
  return read_experiments({.file = folder / "a.toml", .sets = sets});
}

}  // namespace

TEST_CASE("several seeds train the net alone anew: the first is the variant itself, split and simple models belong to it") {
  const auto e = read(std::string(kStudy) + "[[variant]]\nname = 'mean'\n[[variant]]\nname = 'sum'\n", {"train.seeds=3"});
  REQUIRE(e.size() == 6);
  CHECK(e[0].name == "mean");
  CHECK(!e[0].is_repeat);
  CHECK(with_net_seed(e[0].train).seed == 42);
  CHECK(!e[0].evaluate.baselines.empty());
  for (const std::size_t k : {1, 2}) {
    CHECK(e[k].name == "mean, seed " + std::to_string(42 + k));
    CHECK(e[k].is_repeat);
    CHECK(e[k].repeat_of == "mean");
    CHECK(e[k].train.seed == 42);  // of the split
    CHECK(with_net_seed(e[k].train).seed == 42 + k);
    CHECK(e[k].evaluate.baselines.empty());
    CHECK(e[k].evaluate.permute.empty());
  }
  CHECK(e[3].name == "sum");
  // As it is written into its folder, it is one training.
  const auto again = read(experiment_to_toml(e[2]));
  REQUIRE(again.size() == 1);
  CHECK(with_net_seed(again[0].train).seed == 44);
  CHECK(read(kStudy, {"train.seeds=2"})[1].name == "seed 43");
}

TEST_CASE("class weights beside a balance are refused unless they are asked for by name") {
  CHECK(read(kStudy, {"model.bag.balance=\"oversample-disease\"", "train.class_weights=\"none\""}).size() == 1);
  CHECK(read(kStudy, {"model.bag.balance=\"oversample-disease\"", "model.bag.balance_and_class_weights=true"}).size() == 1);
  try {
    read(kStudy, {"model.bag.balance=\"oversample-disease\""});
    FAIL("taken");
  } catch (const UsageError& error) {
    const std::string said = error.what();
    CHECK(said.find("found [model.bag] balance = \"oversample-disease\" beside it, expected one of them") != std::string::npos);
    CHECK(said.find("balance_and_class_weights = true") != std::string::npos);
  }
}
