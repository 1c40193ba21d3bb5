#include <cellverdict/io/token_files.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/io/pickle_data.h>
#include <cellverdict/io/text_lines.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::array kFormats = {".json", ".tsv", ".pkl"};  // the most plainly readable first

[[noreturn]] void refuse(const fs::path& file, std::string found, std::string expected, std::string advice = {}) {
  throw InputError({file.string(), std::move(found), std::move(expected), std::move(advice)});
}

std::string number_text(double number) {
  return fmt::format("{}", number);  // the shortest that reads back as the same
}

Pairs read_json(const fs::path& file) {
  Pairs out;
  std::string key;
  bool plain = true;
  const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::key) key = value.get<std::string>();
    if (event == Json::parse_event_t::value && depth == 1) {
      plain = plain && (value.is_string() || value.is_number()) && !key.empty();
      if (plain)
        out.emplace_back(key, value.is_string()         ? value.get<std::string>()
                              : value.is_number_float() ? number_text(value.get<double>())
                                                        : value.dump());
    }
    plain = plain && depth <= 1 && event != Json::parse_event_t::array_start;
    return true;
  };
  const Json json = Json::parse(read_file(file), look, false);
  if (json.is_discarded() || !json.is_object() || !plain) refuse(file, "something else", "a JSON object of texts or numbers");
  return out;
}

Pairs read_tsv(const fs::path& file) {
  Pairs out;
  TextLines lines(file);
  for (std::string_view line; lines.next(line);) {
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos || line.find('\t', tab + 1) != std::string_view::npos)
      lines.refuse(tab == std::string_view::npos ? "no tab" : "more than one tab", "KEY<tab>VALUE");
    out.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
  return out;
}

Pairs read_pickled(const fs::path& file) {
  Pairs out;
  const Pickle pickle = read_pickle(file);
  const PickleValue dict = pickle.root();
  if (dict.kind() != PickleKind::dict) refuse(file, name_of(dict.kind()), "a dict");
  for (std::int64_t i = 0; i < dict.size(); ++i) {
    const PickleValue key = dict.key(i), value = dict.value(i);
    if (key.kind() != PickleKind::text) refuse(file, name_of(key.kind()) + " as a key", "text");
    if (value.kind() == PickleKind::text) {
      out.emplace_back(key.text(), value.text());
    } else if (value.kind() == PickleKind::integer) {
      out.emplace_back(key.text(), std::to_string(value.integer()));
    } else if (value.kind() == PickleKind::real) {
      out.emplace_back(key.text(), number_text(value.real()));
    } else {
      refuse(file, name_of(value.kind()) + " for " + key.text(), "text or a number");
    }
  }
  return out;
}

// The file of one kind in a folder, in the format that is read first.
std::optional<fs::path> file_of(const fs::path& folder, const std::string& kind) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kind) && std::find(kFormats.begin(), kFormats.end(), entry.path().extension().string()) != kFormats.end())
      found.push_back(entry.path());
  }
  if (found.empty()) return std::nullopt;
  std::sort(found.begin(), found.end());
  for (const auto& file : found)
    if (file.stem() != found[0].stem())
      refuse(folder, "both " + found[0].filename().string() + " and " + file.filename().string(), "one " + kind,
             "keep each version's dictionaries in a folder of its own");
  for (const char* format : kFormats)
    for (const auto& file : found)
      if (file.extension() == format) return file;
  return std::nullopt;
}

template <class T>
std::vector<std::pair<std::string, T>> numbers_of(const fs::path& file) {
  std::vector<std::pair<std::string, T>> out;
  for (const auto& [key, text] : read_text_dictionary(file)) {
    T number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size())
      refuse(file, "'" + text + "' for " + key, std::is_integral_v<T> ? "a whole number" : "a number");
    out.emplace_back(key, number);
  }
  return out;
}

// One key a line, in the order given: the library's own ordered objects look through all keys for each new one.
template <class Values>
void write_json(const fs::path& file, const Values& values) {
  std::string out = "{";
  for (const auto& [key, value] : values) out += (out.size() > 1 ? ",\n " : "\n ") + Json(key).dump() + ": " + Json(value).dump();
  write_file(file, out + "\n}\n");
}

Pairs sorted(const std::unordered_map<std::string, std::string>& values) {
  Pairs out(values.begin(), values.end());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Pairs read_text_dictionary(const fs::path& file) {
  const std::string format = file.extension().string();
  Pairs out = format == ".json" ? read_json(file) : format == ".tsv" ? read_tsv(file) : read_pickled(file);
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : out) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  if (const auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end())
    refuse(file, std::string(*twice) + " given twice", "each key once");
  if (out.empty()) refuse(file, "an empty dictionary", "genes");
  return out;
}

TokenDictionary read_token_dictionary(const fs::path& folder) {
  if (!fs::is_directory(folder))
    refuse(folder, fs::exists(folder) ? "a file" : "nothing at this path",
           "a folder with token_dictionary* and gene_median_dictionary*", "name the folder the dictionary's files lie in");
  const auto need = [&](const std::string& kind) {
    const auto file = file_of(folder, kind);
    if (!file) refuse(folder, "no file " + kind + "*", ".json, .tsv or .pkl", "name the folder the dictionary's files lie in");
    return *file;
  };
  TokenDictionaryParts parts;
  parts.tokens = numbers_of<std::int64_t>(need("token_dictionary"));
  parts.medians = numbers_of<double>(need("gene_median_dictionary"));
  if (const auto file = file_of(folder, "gene_name_id_dict")) parts.names = read_text_dictionary(*file);
  if (const auto file = file_of(folder, "ensembl_mapping_dict")) parts.collapse = read_text_dictionary(*file);
  return make_token_dictionary(parts, folder.string());
}

void write_token_dictionary(const fs::path& folder, const TokenDictionary& dictionary, const std::string& name) {
  fs::create_directories(folder);
  std::vector<std::pair<std::string, std::int32_t>> tokens = dictionary.specials;
  std::vector<std::pair<std::string, double>> medians;
  for (std::size_t g = 0; g < dictionary.ids.size(); ++g) {
    tokens.emplace_back(dictionary.ids[g], dictionary.tokens[g]);
    if (!std::isnan(dictionary.medians[g])) medians.emplace_back(dictionary.ids[g], dictionary.medians[g]);
  }
  std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  write_json(folder / ("token_dictionary_" + name + ".json"), tokens);
  write_json(folder / ("gene_median_dictionary_" + name + ".json"), medians);
  if (!dictionary.id_of_name.empty()) write_json(folder / ("gene_name_id_dict_" + name + ".json"), sorted(dictionary.id_of_name));
  if (!dictionary.current_id.empty())
    write_json(folder / ("ensembl_mapping_dict_" + name + ".json"), sorted(dictionary.current_id));
}

}  // namespace cellverdict
