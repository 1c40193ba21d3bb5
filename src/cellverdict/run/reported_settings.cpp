#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/reported_settings.h>
#include <cellverdict/run/sweep.h>
#include <cellverdict/run/toml_file.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

std::string plain_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  return text != nullptr ? *text : value.text();
}

// "model.width" 512; of a list of tables with labels "model.head.day.weight" 0.3.
void flatten(const Value& value, const std::string& path, std::vector<ModelSetting>& out) {
  if (const auto* table = std::get_if<ValueTable>(&value.data)) {
    for (const auto& [key, item] : *table) flatten(item, path.empty() ? key : path + "." + key, out);
    return;
  }
  const auto* list = std::get_if<ValueList>(&value.data);
  const bool labelled = list != nullptr && !list->empty() &&
                        std::ranges::all_of(*list, [](const Value& item) { return item.find("label") != nullptr; });
  if (!labelled) {
    if (list == nullptr || !list->empty()) out.emplace_back(path, plain_text(value));
    return;
  }
  for (const auto& item : *list)
    for (const auto& [key, part] : std::get<ValueTable>(item.data))
      if (key != "label") flatten(part, path + "." + plain_text(*item.find("label")) + "." + key, out);
}

std::vector<std::string> split_at_tabs(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '\t');) out.push_back(cell);
  if (!line.empty() && line.back() == '\t') out.emplace_back();
  return out;
}

template <class Number>
Number number_in(const std::string& text, const std::string& where) {
  Number x{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (failure != std::errc() || end != text.data() + text.size())
    throw InputError({.where = where, .found = "'" + text + "'", .expected = "a number", .advice = "run the experiment again"});
  return x;
}

constexpr std::size_t kFixedColumns = 6;  // rank, candidate, monitor, value, best_epoch, epochs

// One fold's ranking into the whole; the first line is the one that was chosen.
void add_ranking(const fs::path& file, SweepResult& out) {
  std::istringstream lines(read_file(file));
  std::string line;
  std::getline(lines, line);
  const std::size_t n_columns = kFixedColumns + out.keys.size();
  for (std::size_t number = 2; std::getline(lines, line); ++number) {
    const auto cells = split_at_tabs(line);
    const std::string where = file.string() + " line " + std::to_string(number);
    if (cells.size() != n_columns)
      throw InputError({.where = where,
                        .found = std::to_string(cells.size()) + " columns",
                        .expected = std::to_string(n_columns),
                        .advice = "run the experiment again"});
    auto place = std::ranges::find(out.candidates, cells[1], &SweepResult::Candidate::name);
    if (place == out.candidates.end()) {
      out.candidates.push_back(
          {.name = cells[1], .values = {cells.begin() + kFixedColumns, cells.end()}, .scores = {}, .best_epoch = {}, .epochs = {}});
      place = std::prev(out.candidates.end());
    }
    out.monitor = cells[2];
    place->scores.push_back(number_in<double>(cells[3], where));
    place->best_epoch.push_back(number_in<int>(cells[4], where));
    place->epochs.push_back(number_in<int>(cells[5], where));
    if (cells[0] == "1") ++place->n_chosen;
  }
}

}  // namespace

std::vector<ModelSetting> read_settings(const fs::path& variant_folder) {
  const Value root = read_toml(variant_folder / "experiment.toml");
  std::vector<ModelSetting> out;
  for (const char* section : {"prepare", "model", "train"})
    if (const Value* found = root.find(section)) flatten(*found, section, out);
  // A swept key has no value of its own: each split chooses one.
  const Value* sweep = root.find("sweep");
  const Value* set = sweep == nullptr ? nullptr : sweep->find("set");
  const auto* swept = set == nullptr ? nullptr : std::get_if<ValueTable>(&set->data);
  for (std::size_t k = 0; swept != nullptr && k < swept->size(); ++k) {
    const std::string &key = (*swept)[k].first, values = "chosen from " + (*swept)[k].second.text();
    const auto place = std::ranges::find(out, key, &ModelSetting::first);
    if (place == out.end()) {
      out.emplace_back(key, values);
    } else {
      place->second = values;
    }
  }
  // The cells it is taught, where not all.
  if (const Value* found = find_by_path(root, "split.where"); found != nullptr && !plain_text(*found).empty())
    out.emplace_back("split.where", plain_text(*found));
  for (const char* key : {"evaluate.threshold", "evaluate.temperature"})
    if (const Value* found = find_by_path(root, key)) out.emplace_back(key, plain_text(*found));
  return out;
}

SweepResult read_sweep_result(const fs::path& variant_folder) {
  SweepResult out;
  const Value root = read_toml(variant_folder / "experiment.toml");
  const Value* sweep = root.find("sweep");
  if (sweep == nullptr) return out;
  const Value* mode = sweep->find("mode");
  out.mode = mode == nullptr ? "grid" : plain_text(*mode);
  out.keys = sweep_keys(*sweep);
  for (const auto& key : out.keys) {
    const Value* own = find_by_path(root, key);
    out.own.push_back(own == nullptr ? "" : plain_text(*own));
  }
  if (fs::exists(variant_folder / "sweep.tsv")) add_ranking(variant_folder / "sweep.tsv", out);
  for (int fold = 1; fs::exists(variant_folder / ("fold-" + std::to_string(fold)) / "sweep.tsv"); ++fold)
    add_ranking(variant_folder / ("fold-" + std::to_string(fold)) / "sweep.tsv", out);
  return out;
}

}  // namespace cellverdict
