#include <cellverdict/run/sweep.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>

#include <algorithm>
#include <array>

namespace cellverdict {

namespace {

// What pass 1 wrote into the store, or how the result is judged, is the same for all candidates.
constexpr std::array kMayVary = {"model.", "train.", "prepare.genes", "prepare.scale", "prepare.min_cells_per_gene"};

struct Axis {
  std::string path;
  ValueList values;
};

std::vector<Axis> read_axes(const Value& set, const std::string& where) {
  const auto* table = std::get_if<ValueTable>(&set.data);
  if (table == nullptr || table->empty())
    throw UsageError({.where = where + " set",
                      .found = set.kind(),
                      .expected = "a table of lists",
                      .advice = "for example set = { \"train.learning_rate\" = [1e-3, 3e-4] }"});
  std::vector<Axis> axes;
  for (const auto& [path, value] : *table) {
    const bool may =
        std::any_of(kMayVary.begin(), kMayVary.end(), [&, &path = path](const char* prefix) { return path.starts_with(prefix); });
    if (!may || path.starts_with("train.seed") || path == "train.net_seed")
      throw UsageError(
          {.where = where + " " + path,
           .found = "a key that may not be swept",
           .expected = "one of [model], [train] (not its seed), prepare.genes, prepare.scale or prepare.min_cells_per_gene",
           .advice = "use [[variant]] for other differences"});
    const auto* values = std::get_if<ValueList>(&value.data);
    if (values == nullptr || values->empty())
      throw UsageError(
          {.where = where + " " + path, .found = value.kind(), .expected = "a list of values", .advice = "write [a, b]"});
    axes.push_back({path, *values});
  }
  return axes;
}

SweepCandidate with(SweepCandidate candidate, const std::string& path, const Value& value) {
  candidate.name += (candidate.name.empty() ? "" : ", ") + path + " " + value.text();
  candidate.set.emplace_back(path, value);
  return candidate;
}

}  // namespace

std::vector<std::string> sweep_keys(const Value& sweep) {
  std::vector<std::string> keys;
  const Value* set = sweep.find("set");
  const auto* table = set == nullptr ? nullptr : std::get_if<ValueTable>(&set->data);
  if (table == nullptr) return keys;
  for (const auto& [path, values] : *table) keys.push_back(path);
  return keys;
}

std::vector<SweepCandidate> read_sweep(const Value& sweep, const std::string& file) {
  const auto* table = std::get_if<ValueTable>(&sweep.data);
  const std::string where = file + " [sweep]";
  if (table == nullptr)
    throw UsageError({.where = where, .found = sweep.kind(), .expected = "a table with mode and set", .advice = "write [sweep]"});
  if (table->empty()) return {};
  std::string mode = "grid";
  const Value* set = nullptr;
  for (const auto& [key, value] : *table) {
    if (key == "mode") {
      const auto* text = std::get_if<std::string>(&value.data);
      mode = text == nullptr ? value.text() : *text;
    } else if (key == "set") {
      set = &value;
    } else {
      throw UsageError({.where = where,
                        .found = "'" + key + "'",
                        .expected = "mode and set",
                        .advice = suggestion(key, std::vector<std::string>{"mode", "set"})});
    }
  }
  if (mode != "grid" && mode != "one-at-a-time")
    throw UsageError(
        {.where = where + " mode", .found = "'" + mode + "'", .expected = "grid or one-at-a-time", .advice = "write one of these"});
  const auto axes = read_axes(set == nullptr ? Value{ValueTable{}, {}} : *set, where);
  std::vector<SweepCandidate> candidates;
  if (mode == "one-at-a-time") {
    candidates.push_back({.name = "as in the file", .set = {}});  // what each change is held against
    for (const auto& axis : axes)
      for (const auto& value : axis.values) candidates.push_back(with({}, axis.path, value));
    return candidates;
  }
  candidates.push_back({});
  for (const auto& axis : axes) {
    std::vector<SweepCandidate> longer;
    for (const auto& candidate : candidates)
      for (const auto& value : axis.values) longer.push_back(with(candidate, axis.path, value));
    candidates = std::move(longer);
  }
  return candidates;
}

}  // namespace cellverdict
