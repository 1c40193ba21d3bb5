#include <cellverdict/io/geo_study.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/text_bytes.h>
#include <cellverdict/io/utf8.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <unordered_map>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestKey = 80;  // of a characteristic: longer ones are sentences with a colon in them

std::string in_small_letters(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// The first bytes of the text, after a byte order mark and blank space.
std::string first_bytes(const fs::path& path) {
  TextBytes bytes{InputBytes(path)};
  std::string head(4096, '\0');
  std::size_t n = 0;
  while (n < head.size()) {
    const std::size_t more = bytes.read(head.data() + n, head.size() - n);
    if (more == 0) break;
    n += more;
  }
  head.resize(n);
  const std::size_t mark = head.starts_with("\xef\xbb\xbf") ? 3 : 0;
  const std::size_t begin = head.find_first_not_of(" \t\r\n", mark);
  return begin == std::string::npos ? "" : head.substr(begin);
}

// Fields that tell nothing of what a sample is; by the beginning of their names.
bool is_left_out(const std::string& name) {
  static constexpr std::array<std::string_view, 12> kBeginnings = {
      "contact_", "status",    "submission_date", "last_update_date",   "data_row_count",  "channel_count",
      "taxid",    "series_id", "geo_accession",   "supplementary_file", "characteristics", "data_processing"};
  return name.find("protocol") != std::string::npos ||
         std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](std::string_view x) { return name.starts_with(x); });
}

bool is_always_kept(const std::string& name) {
  return name == "title" || name == "platform" || name == "source_name" || name == "organism";
}

bool is_one_value(const std::vector<std::string>& values) {
  return std::all_of(values.begin(), values.end(), [&](const auto& x) { return x == values.front(); });
}

}  // namespace

GeoKind geo_kind_of(const fs::path& path) {
  try {
    const std::string head = first_bytes(path);
    if (head.starts_with("!Series_") || head.starts_with("!Sample_") || head.starts_with("!series_matrix_table_begin"))
      return GeoKind::series_matrix;
    if (head.starts_with("^")) {
      const std::string word = in_small_letters(std::string_view(head).substr(1, 10));
      if (word.starts_with("annotation")) return GeoKind::annotation;
      for (const char* entity : {"database", "series", "sample", "platform", "dataset", "subset"})
        if (word.starts_with(entity)) return GeoKind::soft;
    }
    const std::string small = in_small_letters(std::string_view(head).substr(0, 64));
    if (small.starts_with("<!doctype html") || small.starts_with("<html") ||
        (small.starts_with("<?xml") && in_small_letters(head).find("<html") != std::string::npos))
      return GeoKind::html;
  } catch (const Error&) {  // whoever opens it says what is wrong
  }
  return GeoKind::none;
}

void refuse_html(const fs::path& path) {
  throw InputError({.where = path.string(),
                    .found = "a web page (HTML) in place of the data",
                    .expected = "the file itself",
                    .advice = "the download failed: download it again and look at the first line"});
}

std::string geo_name(const fs::path& path) {
  fs::path file = path.filename();
  if (file.extension() == ".gz") file = file.stem();
  std::string name = file.stem().string();
  for (const std::string_view ending : {"_series_matrix", "_family"})
    if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  return name;
}

void GeoStudy::take(std::string_view field, std::string_view value) {
  const std::string name = in_small_letters(field);
  const auto is = [&](std::string_view what) {
    return name == "series_" + std::string(what) || name == "dataset_" + std::string(what);
  };
  const auto add = [&](std::vector<std::string>& list) {
    if (!value.empty() && std::find(list.begin(), list.end(), value) == list.end()) list.emplace_back(value);
  };
  if (is("geo_accession")) accession = value;
  if (is("title") && title.empty()) title = value;
  if (is("submission_date")) submitted = value;
  if (is("last_update_date") || is("update_date")) updated = value;
  if (is("type")) add(types);
  if (is("platform_id") || is("platform")) add(platforms);
  if (is("supplementary_file")) add(supplementary_files);
}

void GeoSampleFields::add(std::string_view field, std::vector<std::string> values) {
  values.resize(static_cast<std::size_t>(n_samples_));
  std::string name = in_small_letters(field);
  if (name.starts_with("sample_")) name.erase(0, 7);
  if (name.ends_with("_ch1")) name.resize(name.size() - 4);
  if (name == "platform_id") name = "platform";
  fields_.push_back({std::move(name), std::move(values)});
}

// Characteristics by their keys, in the order in which the keys appear.
std::vector<GeoSampleFields::Field> GeoSampleFields::keyed(std::vector<std::string>& notes) const {
  std::vector<Field> columns;
  std::unordered_map<std::string, std::size_t> places;
  std::int64_t n_joined = 0, n_keyless = 0;
  for (const auto& field : fields_) {
    if (!field.name.starts_with("characteristics")) continue;
    const std::string channel = field.name.substr(std::string_view("characteristics").size());
    for (std::size_t i = 0; i < field.values.size(); ++i) {
      std::string_view text = geo_text(field.values[i]);
      if (text.empty()) continue;
      const std::size_t colon = text.find(':');
      std::string key = "characteristics";
      if (colon != std::string_view::npos && colon > 0 && colon <= kLongestKey) {
        key = geo_text(text.substr(0, colon));
        text = geo_text(text.substr(colon + 1));
      } else {
        ++n_keyless;
      }
      if (text.empty()) continue;
      const auto [place, added] = places.emplace(key + channel, columns.size());
      if (added) columns.push_back({key + channel, std::vector<std::string>(static_cast<std::size_t>(n_samples_))});
      std::string& value = columns[place->second].values[i];
      if (value == text) continue;
      n_joined += value.empty() ? 0 : 1;
      value += (value.empty() ? "" : "; ") + std::string(text);
    }
  }
  if (n_joined > 0)
    notes.push_back(counted(n_joined, "characteristic") + " with a key the sample has already: the values are joined by '; '");
  if (n_keyless > 0) notes.push_back(counted(n_keyless, "characteristic") + " without a key (no colon): column 'characteristics'");
  return columns;
}

void GeoSampleFields::check(const Field& field, const Names& samples) const {
  for (std::size_t i = 0; i < field.values.size(); ++i)
    if (const auto place = first_foreign_byte(field.values[i]))
      throw InputError({.where = file_ + " sample " + samples.text(static_cast<std::int64_t>(i)) + ", " + field.name,
                        .found = foreign_text(field.values[i], *place),
                        .expected = "UTF-8",
                        .advice = "save the file as UTF-8"});
}

void GeoSampleFields::finish(GeoOutline& outline) const {
  const auto accession = std::find_if(fields_.begin(), fields_.end(), [](const auto& x) { return x.name == "geo_accession"; });
  if (accession != fields_.end()) outline.samples.index = Names(accession->values);
  const Names& samples = outline.samples.index;
  if (const auto repeated = find_repeated(samples); repeated.n_repeated > 0)
    throw InputError({.where = file_,
                      .found = "sample " + samples.text(repeated.first) + " twice (as sample " +
                               std::to_string(repeated.first + 1) + " and " + std::to_string(repeated.second + 1) + ")",
                      .expected = "every sample once",
                      .advice = "download the file again, or take one of them out"});
  std::vector<std::string> left_out;
  const auto set = [&](std::string name, const Field& field) {
    check(field, samples);
    if (outline.samples.find(name) != nullptr) name += " (characteristic)";
    for (int n = 2; outline.samples.find(name) != nullptr; ++n) name = field.name + " (" + std::to_string(n) + ")";
    outline.samples.set(name, make_text_column(Names(field.values)));
    return name;
  };
  if (accession != fields_.end()) set("geo_accession", *accession);
  for (const auto& field : fields_)
    if (is_always_kept(field.name) && outline.samples.find(field.name) == nullptr) set(field.name, field);
  for (const auto& field : keyed(outline.notes)) outline.characteristics.push_back(set(field.name, field));
  std::map<std::string, int> seen;
  for (const auto& field : fields_) {
    if (is_left_out(field.name)) continue;
    const int n = seen[field.name]++;
    if (n == 0 && is_always_kept(field.name)) continue;
    if (field.values.empty() || is_one_value(field.values)) {
      left_out.push_back(field.name);
      continue;
    }
    set(n == 0 ? field.name : field.name + "." + std::to_string(n), field);
  }
  if (!left_out.empty())
    outline.notes.push_back(counted(std::ssize(left_out), "field") +
                            " with one value for all samples left out: " + listed(left_out));
}

std::string_view geo_text(std::string_view field) {
  const auto trim = [&] {
    while (!field.empty() && (field.front() == ' ' || field.front() == '\r')) field.remove_prefix(1);
    while (!field.empty() && (field.back() == ' ' || field.back() == '\r')) field.remove_suffix(1);
  };
  trim();
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    field = field.substr(1, field.size() - 2);
    trim();
  }
  return field;
}

void split_tabs(std::string_view line, std::vector<std::string_view>& out) {
  out.clear();
  for (;;) {
    const std::size_t stop = line.find('\t');
    out.push_back(line.substr(0, stop));
    if (stop == std::string_view::npos) return;
    line.remove_prefix(stop + 1);
  }
}

}  // namespace cellverdict
