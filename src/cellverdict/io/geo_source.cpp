#include <cellverdict/io/geo_source.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// What of a matrix has a value in every sample.
struct Measured {
  std::vector<std::int64_t> samples, probes;
};

// Samples without a single value would take all probes with them: they go first.
Measured measured_part(const ProbeMatrix& matrix, const Names& samples, std::vector<std::string>& notes) {
  Measured part;
  std::vector<std::int32_t> missing(static_cast<std::size_t>(matrix.n_probes));
  std::vector<std::string> empty;
  for (std::int64_t s = 0; s < matrix.n_samples; ++s) {
    const auto row = matrix.row(s);
    if (matrix.n_missing > 0 && std::all_of(row.begin(), row.end(), [](float x) { return std::isnan(x); })) {
      empty.push_back(samples.text(s));
      continue;
    }
    part.samples.push_back(s);
    if (matrix.n_missing == 0) continue;
    for (std::size_t p = 0; p < row.size(); ++p) missing[p] += std::isnan(row[p]) ? 1 : 0;
  }
  for (std::int64_t p = 0; p < matrix.n_probes; ++p)
    if (missing[static_cast<std::size_t>(p)] == 0) part.probes.push_back(p);
  if (!empty.empty()) notes.push_back(counted(std::ssize(empty), "sample") + " without any value left out: " + listed(empty));
  const std::int64_t n_left_out = matrix.n_probes - std::ssize(part.probes);
  if (n_left_out > 0)
    notes.push_back(counted(n_left_out, "probe") + " of " + with_commas(matrix.n_probes) +
                    " left out, because a sample has no value of " + (n_left_out == 1 ? "it" : "them"));
  return part;
}

class GeoSource : public CellSource {
 public:
  GeoSource(const fs::path& path, GeoSeries series, std::string format) : matrix_(std::move(series.matrix)) {
    head_.path = path;
    head_.name = geo_name(path);
    head_.format = std::move(format);
    head_.files = {path};
    head_.notes = std::move(series.outline.notes);
    part_ = measured_part(matrix_, series.outline.samples.index, head_.notes);
    if (part_.samples.empty() || part_.probes.empty())
      throw InputError({.where = path.string(),
                        .found = "no probe with a value in every sample",
                        .expected = "a matrix of measurements",
                        .advice = with_commas(matrix_.n_missing) + " of " + with_commas(matrix_.n_samples * matrix_.n_probes) +
                                  " values are missing: fill them in, or take the samples without values out"});
    head_.n_cells = std::ssize(part_.samples);
    head_.obs = head_.n_cells == series.outline.samples.n_rows() ? std::move(series.outline.samples)
                                                                 : series.outline.samples.select(part_.samples);
    head_.obs_columns = head_.obs.names;
    for (const std::int64_t p : part_.probes) head_.genes.ids.emplace_back(series.probes[p]);
    head_.genes.symbols = head_.genes.ids;
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override { next_ = 0; }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_;
    const std::int64_t end = std::min(head_.n_cells, next_ + max_rows);
    if (next_ >= end) return false;
    for (; next_ < end; ++next_) {
      const auto row = matrix_.row(part_.samples[static_cast<std::size_t>(next_)]);
      for (std::size_t g = 0; g < part_.probes.size(); ++g)
        if (const float value = row[static_cast<std::size_t>(part_.probes[g])]; value != 0)
          block.push(static_cast<std::int32_t>(g), value);
      block.end_row();
    }
    return true;
  }

 private:
  ProbeMatrix matrix_;
  SourceHead head_;
  Measured part_;
  std::int64_t next_ = 0;
};

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::unique_ptr<CellSource> open_geo(const fs::path& path, const OpenOptions& options) {
  switch (geo_kind_of(path)) {
    case GeoKind::series_matrix:
      return std::make_unique<GeoSource>(path, read_geo_series(path, options.threads), "GEO series matrix");
    case GeoKind::soft:
      return std::make_unique<GeoSource>(path, read_geo_soft(path, options.layer), "GEO SOFT");
    case GeoKind::html:
      refuse_html(path);
    case GeoKind::annotation:
    case GeoKind::none:
      break;
  }
  throw InputError({.where = path.string(),
                    .found = "the annotation of a platform",
                    .expected = "measurements",
                    .advice = "it says which gene a probe is: give it beside a series matrix"});
}

GeoOutline read_geo_outline(const fs::path& path) {
  const GeoKind kind = geo_kind_of(path);
  if (kind == GeoKind::html) refuse_html(path);
  if (kind == GeoKind::series_matrix) return read_geo_series_outline(path);
  if (kind == GeoKind::soft) return read_geo_soft_outline(path);
  throw InputError({.where = path.string(), .found = "no study of GEO", .expected = "a series matrix or a SOFT file"});
}

void write_geo_samples(const GeoOutline& outline, const fs::path& file) {
  std::string text;
  const auto line = [&](const std::vector<std::string>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i > 0 ? "," : "") + csv_field(fields[i]);
    text += '\n';
  };
  const Frame& samples = outline.samples;
  std::vector<std::string> fields = {"geo_accession"};
  for (const auto& name : samples.names)
    if (name != "geo_accession") fields.push_back(name);
  line(fields);
  for (std::int64_t i = 0; i < samples.n_rows(); ++i) {
    fields.assign(1, samples.index.text(i));
    for (std::size_t c = 0; c < samples.names.size(); ++c)
      if (samples.names[c] != "geo_accession") fields.push_back(samples.columns[c].text(i));
    line(fields);
  }
  write_file(file, text);
}

}  // namespace cellverdict
