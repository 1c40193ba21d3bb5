#include <cellverdict/io/geo_series.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/text_lines.h>

#include <algorithm>
#include <unordered_map>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLongestLine = std::int64_t{1} << 30;
constexpr std::string_view kEnd = "!series_matrix_table_end";
constexpr std::size_t kBatch = std::size_t{1} << 20;  // bytes of lines parsed together

class SeriesReader {
 public:
  SeriesReader(const fs::path& path, int threads) : path_(path), lines_(InputBytes(path), kLongestLine), threads_(threads) {}

  // Up to the line below `!series_matrix_table_begin`, of the columns' names.
  GeoOutline read_headers() {
    if (geo_kind_of(path_) == GeoKind::html) refuse_html(path_);
    GeoOutline outline{.study = {}, .samples = {}, .characteristics = {}, .n_probes = -1, .has_values = false, .notes = {}};
    std::vector<std::pair<std::string, std::vector<std::string>>> fields;
    std::vector<std::string_view> parts;
    std::int64_t n_foreign = 0;
    for (std::string_view line; lines_.next(line);) {
      if (lines_.number() == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
      if (geo_text(line).empty()) continue;
      if (geo_text(line) == "!series_matrix_table_begin") {
        outline.has_values = lines_.next(line) && read_columns(line) && !geo_text(lines_.lines_at_hand()).starts_with(kEnd);
        break;
      }
      split_tabs(line, parts);
      if (parts[0].starts_with("!Series_")) {
        outline.study.take(parts[0].substr(1), parts.size() > 1 ? geo_text(line.substr(parts[0].size() + 1)) : "");
      } else if (parts[0].starts_with("!Sample_")) {
        take_sample_line(parts, fields);
      } else {
        ++n_foreign;
      }
    }
    finish(outline, fields);
    if (n_foreign > 0) outline.notes.push_back(counted(n_foreign, "line") + " of the header that GEO does not write passed over");
    return outline;
  }

  void read_values(GeoSeries& series) {
    const auto n_samples = static_cast<std::int64_t>(columns_.size());
    ProbeTableParser parser(path_.string(), n_samples, threads_);
    bool ended = false;
    std::string batch;
    std::int64_t first_line = lines_.number() + 1;
    const auto flush = [&] {
      parser.parse(batch, first_line);
      batch.clear();
      first_line = lines_.number() + 1;
    };
    for (std::string_view text; !ended && !(text = lines_.lines_at_hand()).empty();) {
      const std::size_t length = length_of_table(text, ended);
      const std::string_view body = text.substr(0, length);
      batch.append(body);
      lines_.skip(length, std::count(body.begin(), body.end(), '\n'));
      if (batch.size() >= kBatch) flush();
    }
    if (!ended) {  // the end may be a last line without an end of its own
      std::string_view last;
      ended = lines_.next(last) && geo_text(last) == kEnd;
    }
    flush();
    if (!ended)
      throw InputError({.where = path_.string(),
                        .found = "the end of the file within the table, after line " + std::to_string(lines_.number()),
                        .expected = "!series_matrix_table_end",
                        .advice = "the file is truncated: download it again"});
    series.matrix = parser.take_matrix();
    series.probes = parser.take_probes();
  }

 private:
  // Bytes of `text` that belong to the table.
  static std::size_t length_of_table(std::string_view text, bool& ended) {
    std::size_t at = 0;
    while ((at = text.find('!', at)) != std::string_view::npos) {
      const bool begins_line = at == 0 || text[at - 1] == '\n' || (text[at - 1] == '"' && (at == 1 || text[at - 2] == '\n'));
      if (begins_line && text.substr(at).starts_with(kEnd)) {
        ended = true;
        return at > 0 && text[at - 1] == '"' ? at - 1 : at;
      }
      ++at;
    }
    return text.size();
  }

  bool read_columns(std::string_view line) {
    std::vector<std::string_view> parts;
    split_tabs(line, parts);
    if (geo_text(parts[0]) == kEnd || parts.size() < 2) return false;
    if (geo_text(parts[0]) != "ID_REF")
      lines_.refuse("a table whose first column is '" + std::string(geo_text(parts[0]).substr(0, 40)) + "'", "ID_REF");
    if (geo_text(parts.back()).empty() && parts.size() > 2) parts.pop_back();  // a tab at the end of every line
    for (std::size_t i = 1; i < parts.size(); ++i) columns_.emplace_back(geo_text(parts[i]));
    return true;
  }

  void take_sample_line(const std::vector<std::string_view>& parts,
                        std::vector<std::pair<std::string, std::vector<std::string>>>& fields) {
    std::vector<std::string> values;
    for (std::size_t i = 1; i < parts.size(); ++i) values.emplace_back(geo_text(parts[i]));
    if (n_samples_ < 0) n_samples_ = std::ssize(values);
    if (std::ssize(values) > n_samples_ && values.back().empty()) values.resize(static_cast<std::size_t>(n_samples_));
    if (std::ssize(values) != n_samples_)
      lines_.refuse(counted(std::ssize(values), "value") + " of " + std::string(parts[0].substr(1)),
                    std::to_string(n_samples_) + ", one a sample, as in the lines before",
                    "the file may be damaged: download it again");
    fields.emplace_back(parts[0].substr(1), std::move(values));
  }

  // The samples in the order of the table's columns.
  void finish(GeoOutline& outline, std::vector<std::pair<std::string, std::vector<std::string>>>& fields) {
    auto accessions = std::find_if(fields.begin(), fields.end(), [](const auto& x) { return x.first == "Sample_geo_accession"; });
    if (accessions == fields.end() && n_samples_ >= 0 && !columns_.empty() && n_samples_ != std::ssize(columns_))
      lines_.refuse(counted(std::ssize(columns_), "column") + " of values",
                    std::to_string(n_samples_) + ", one a sample of the header");
    if (accessions == fields.end()) {
      fields.emplace(fields.begin(), "Sample_geo_accession", columns_);
      accessions = fields.begin();
    }
    const std::vector<std::string> named = accessions->second;
    GeoSampleFields samples(path_.string(), std::ssize(named));
    for (auto& [field, values] : fields) samples.add(field, std::move(values));
    samples.finish(outline);
    if (!outline.has_values || columns_ == named) return;
    check_columns(named);
    std::unordered_map<std::string, std::int64_t> places;
    for (std::size_t i = 0; i < named.size(); ++i) places.emplace(named[i], static_cast<std::int64_t>(i));
    std::vector<std::int64_t> order;
    for (const auto& column : columns_) order.push_back(places.at(column));
    outline.samples = outline.samples.select(order);
    outline.notes.emplace_back("the table has the samples in another order than the header: they are matched by accession");
  }

  void check_columns(const std::vector<std::string>& named) const {
    if (const auto repeated = find_repeated(Names(columns_)); repeated.n_repeated > 0)
      lines_.refuse("column " + columns_[static_cast<std::size_t>(repeated.first)] + " twice", "every sample once");
    for (const auto& column : columns_)
      if (std::find(named.begin(), named.end(), column) == named.end())
        lines_.refuse("a column '" + column.substr(0, 40) + "' that no sample of the header is called by", listed(named, 4),
                      "the file may be damaged: download it again");
    if (columns_.size() != named.size())
      lines_.refuse(counted(std::ssize(columns_), "column") + " of values",
                    std::to_string(named.size()) + ", one a sample of the header", "the file may be damaged: download it again");
  }

  fs::path path_;
  TextLines lines_;
  int threads_;
  std::int64_t n_samples_ = -1;
  std::vector<std::string> columns_;  // of the table
};

}  // namespace

void refuse_without_values(const fs::path& path, const GeoOutline& outline) {
  const auto& files = outline.study.supplementary_files;
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(fs::path(file).filename().string());
  throw InputError({.where = path.string(),
                    .found = "a series without a table of values" + (names.empty() ? "" : ", whose files are " + listed(names, 4)),
                    .expected = "a table between !series_matrix_table_begin and !series_matrix_table_end",
                    .advice =
                        "sequencing studies keep their counts in supplementary files: give the count table, and the samples of "
                        "this file as its annotations"});
}

void check_probes(const fs::path& path, const Names& probes) {
  if (const auto repeated = find_repeated(probes); repeated.n_repeated > 0)
    throw InputError({.where = path.string(),
                      .found = "probe '" + probes.text(repeated.first) + "' twice (as probe " + std::to_string(repeated.first + 1) +
                               " and " + std::to_string(repeated.second + 1) + ")",
                      .expected = "every probe once",
                      .advice = "download the file again"});
}

GeoSeries read_geo_series(const fs::path& path, int threads) {
  SeriesReader reader(path, threads);
  GeoSeries series{.outline = reader.read_headers(), .probes = {}, .matrix = {}};
  if (!series.outline.has_values) refuse_without_values(path, series.outline);
  reader.read_values(series);
  if (series.probes.empty()) refuse_without_values(path, series.outline);
  check_probes(path, series.probes);
  series.outline.n_probes = series.matrix.n_probes;
  return series;
}

GeoOutline read_geo_series_outline(const fs::path& path) {
  return SeriesReader(path, 1).read_headers();
}

}  // namespace cellverdict
