// From the entities of a SOFT file to one matrix of values.

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/geo_soft.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Rows of samples whose probes come in any order; those a sample lacks are missing.
class SampleRows {
 public:
  // Values of `ids`. Gives false when an id comes twice.
  bool add(const Names& ids, std::vector<float> values) {
    if (ids == probes_) {
      rows_.push_back(std::move(values));
      return true;
    }
    std::vector<float> row(probes_.size(), kMissing);
    std::vector<bool> seen(probes_.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto id = ids[static_cast<std::int64_t>(i)];
      const auto [place, added] = places_.emplace(std::string(id), probes_.size());
      if (added) {
        probes_.push_back(id);
        row.push_back(kMissing);
        seen.push_back(false);
      }
      if (seen[place->second]) return false;
      seen[place->second] = true;
      row[place->second] = values[i];
    }
    rows_.push_back(std::move(row));
    return true;
  }

  std::int64_t n() const { return std::ssize(rows_); }
  Names take_probes() { return std::exchange(probes_, {}); }

  ProbeMatrix take_matrix() {
    ProbeMatrix matrix{.n_samples = n(), .n_probes = static_cast<std::int64_t>(probes_.size()), .values = nullptr, .n_missing = 0};
    matrix.values = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(matrix.n_samples * matrix.n_probes));
    for (std::int64_t s = 0; s < matrix.n_samples; ++s) {
      auto& row = rows_[static_cast<std::size_t>(s)];
      row.resize(static_cast<std::size_t>(matrix.n_probes), kMissing);
      std::copy(row.begin(), row.end(), matrix.row(s).begin());
      matrix.n_missing += std::count_if(row.begin(), row.end(), [](float x) { return std::isnan(x); });
      std::vector<float>().swap(row);
    }
    return matrix;
  }

 private:
  static constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
  Names probes_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<std::vector<float>> rows_;
};

class FamilyReader {
 public:
  FamilyReader(const fs::path& path, std::string platform, bool with_values)
      : path_(path), platform_(std::move(platform)), with_values_(with_values) {}

  GeoSeries read() {
    SoftReader reader(path_);
    for (SoftEntity entity; reader.next(entity, with_values_);) take(entity);
    check();
    GeoSeries series;
    series.outline.study = std::move(study_);
    finish_samples(series.outline);
    series.outline.n_probes = n_probes_;
    series.outline.has_values = n_probes_ > 0;
    if (with_values_) {
      if (rows_.n() == 0) refuse_without_values(path_, series.outline);
      series.matrix = rows_.take_matrix();
      series.probes = rows_.take_probes();
      series.outline.n_probes = series.matrix.n_probes;
    }
    return series;
  }

 private:
  void take(const SoftEntity& entity) {
    if (entity.kind == "SERIES" || entity.kind == "DATASET") {
      for (const auto& [field, value] : entity.fields) study_.take(field, value);
      if (study_.accession.empty() || entity.kind == "DATASET") study_.accession = entity.name;
    }
    if (entity.kind == "SUBSET") take_subset(entity);
    if (entity.kind == "PLATFORM") has_platform_ = true;
    if (entity.kind == "SAMPLE") take_sample(entity);
    if (entity.kind == "DATASET" && entity.has_table) take_data_set(entity);
  }

  void take_sample(const SoftEntity& entity) {
    const std::string platform = entity.field("Sample_platform_id");
    ++platforms_[platform];
    if (platform_.empty() && platforms_.size() == 1) first_platform_ = platform;
    if (with_values_ && platform != (platform_.empty() ? first_platform_ : platform_)) return;
    const auto value = entity.table.find("VALUE");
    if (!entity.has_table || entity.table.n_rows() == 0 || !value) {
      without_.push_back(entity.name);
      if (with_values_) return;
    }
    Fields fields = entity.fields;
    if (entity.field("Sample_geo_accession").empty()) fields.emplace(fields.begin(), "Sample_geo_accession", entity.name);
    samples_.push_back(std::move(fields));
    if (study_.accession.empty()) {  // a file of one sample
      study_.accession = entity.name;
      study_.title = entity.field("Sample_title");
      study_.submitted = entity.field("Sample_submission_date");
      study_.updated = entity.field("Sample_last_update_date");
    }
    if (value) n_probes_ = std::max(n_probes_, entity.table.n_rows());
    if (!with_values_) return;
    const auto id = entity.table.find("ID_REF");
    if (!id)
      throw InputError({.where = path_.string() + " line " + std::to_string(entity.table.first_line - 1),
                        .found = "columns " + listed(entity.table.columns) + " in the table of " + entity.name,
                        .expected = "ID_REF, which names the probes",
                        .advice = ""});
    if (!rows_.add(entity.table.texts(*id), std::move(entity.table.numbers({*value}, path_.string()).front())))
      throw InputError({.where = path_.string(),
                        .found = "a probe twice in the table of " + entity.name,
                        .expected = "every probe once",
                        .advice = "download the file again"});
  }

  void take_subset(const SoftEntity& entity) {
    std::string ids = entity.field("subset_sample_id");
    const std::string type = entity.field("subset_type"), value = entity.field("subset_description");
    for (std::size_t begin = 0; begin < ids.size();) {
      const std::size_t comma = std::min(ids.find(',', begin), ids.size());
      subsets_[std::string(geo_text(std::string_view(ids).substr(begin, comma - begin)))].emplace_back(type, value);
      begin = comma + 1;
    }
  }

  // Columns GSM… of the table; what they are called: "Value for GSM11815: C035 Renal; src: Trizol isolation".
  void take_data_set(const SoftEntity& entity) {
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < entity.table.columns.size(); ++c)
      if (entity.table.columns[c].starts_with("GSM")) columns.push_back(c);
    for (const std::size_t c : columns) {
      const std::string& name = entity.table.columns[c];
      Fields fields = {{"Sample_geo_accession", name}};
      for (const auto& [column, text] : entity.columns) {
        if (column != name) continue;
        const std::string begin = "Value for " + name + ": ";
        const std::string_view told = text.starts_with(begin) ? std::string_view(text).substr(begin.size()) : text;
        const std::size_t source = told.find("; src: ");
        fields.emplace_back("Sample_title", told.substr(0, source));
        if (source != std::string_view::npos) fields.emplace_back("Sample_source_name_ch1", told.substr(source + 7));
      }
      for (const auto& platform : study_.platforms) fields.emplace_back("Sample_platform_id", platform);
      for (const auto& [type, value] : subsets_[name]) fields.emplace_back("Sample_characteristics_ch1", type + ": " + value);
      samples_.push_back(std::move(fields));
    }
    n_probes_ = std::max(n_probes_, entity.table.n_rows());
    if (!with_values_ || columns.empty()) return;
    const auto id = entity.table.find("ID_REF");
    const Names ids = entity.table.texts(id.value_or(0));
    check_probes(path_, ids);
    for (auto& values : entity.table.numbers(columns, path_.string())) rows_.add(ids, std::move(values));
  }

  void check() const {
    std::vector<std::string> known;
    for (const auto& [platform, n] : platforms_) known.push_back(platform + ": " + counted(n, "sample"));
    if (platforms_.size() > 1 && platform_.empty() && with_values_)
      throw InputError({.where = path_.string(),
                        .found = counted(std::ssize(platforms_), "platform") + " (" + listed(known) + ")",
                        .expected = "samples of one, because different arrays have different probes",
                        .advice = "choose one by [data] layer or --layer"});
    if (!platform_.empty() && !platforms_.empty() && !platforms_.contains(platform_))
      throw UsageError({.where = path_.string() + ", layer '" + platform_ + "'",
                        .found = "no sample of that platform",
                        .expected = listed(known),
                        .advice = ""});
    if (samples_.empty() && without_.empty() && has_platform_)
      throw InputError({.where = path_.string(),
                        .found = "the annotation of a platform",
                        .expected = "measurements",
                        .advice = "it says which gene a probe is: give it beside a series matrix"});
    if (samples_.empty() && without_.empty())
      throw InputError({.where = path_.string(), .found = "no sample", .expected = "a SOFT file with samples (^SAMPLE = GSM1)"});
  }

  // The fields of the samples side by side; repeated ones as often as any sample has them.
  void finish_samples(GeoOutline& outline) const {
    struct Repeated {
      std::string name;
      std::vector<std::vector<std::string>> values;  // [times][samples]
    };
    const auto n = std::ssize(samples_);
    std::vector<Repeated> fields;
    std::unordered_map<std::string, std::size_t> places;
    for (std::int64_t s = 0; s < n; ++s) {
      std::unordered_map<std::string, std::size_t> times;
      for (const auto& [name, value] : samples_[static_cast<std::size_t>(s)]) {
        const auto [place, added] = places.emplace(name, fields.size());
        if (added) fields.push_back({name, {}});
        auto& values = fields[place->second].values;
        const std::size_t time = times[name]++;
        if (time == values.size()) values.emplace_back(static_cast<std::size_t>(n));
        values[time][static_cast<std::size_t>(s)] = value;
      }
    }
    GeoSampleFields table(path_.string(), n);
    for (const auto& field : fields)
      for (const auto& values : field.values) table.add(field.name, values);
    table.finish(outline);
    for (const auto& [platform, count] : platforms_)
      if (!platform.empty() &&
          std::find(outline.study.platforms.begin(), outline.study.platforms.end(), platform) == outline.study.platforms.end())
        outline.study.platforms.push_back(platform);
    if (!without_.empty())
      outline.notes.push_back(counted(std::ssize(without_), "sample") + " without a table of values (column VALUE)" +
                              (with_values_ ? " left out: " : ": ") + listed(without_));
    std::int64_t n_other = -n - (with_values_ ? std::ssize(without_) : 0);
    for (const auto& [platform, count] : platforms_) n_other += count;
    if (!platforms_.empty() && n_other > 0) outline.notes.push_back(counted(n_other, "sample") + " of other platforms left out");
  }

  fs::path path_;
  std::string platform_, first_platform_;
  bool with_values_, has_platform_ = false;
  GeoStudy study_;
  std::vector<Fields> samples_;
  std::vector<std::string> without_;               // samples without values
  std::map<std::string, std::int64_t> platforms_;  // samples of each
  std::map<std::string, Fields> subsets_;          // of a data set: sample → type, value
  SampleRows rows_;
  std::int64_t n_probes_ = 0;
};

}  // namespace

GeoSeries read_geo_soft(const fs::path& path, const std::string& platform) {
  return FamilyReader(path, platform, true).read();
}

GeoOutline read_geo_soft_outline(const fs::path& path) {
  return FamilyReader(path, "", false).read().outline;
}

}  // namespace cellverdict
