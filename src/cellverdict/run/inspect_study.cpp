#include <cellverdict/run/inspect_study.h>

#include <cellverdict/io/geo_source.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace cellverdict {

namespace {

constexpr std::size_t kCommonest = 5;

// The commonest first, as many at most.
InspectedStudy::Counted count_values(const Column& column, std::size_t most) {
  std::vector<std::int64_t> n(column.levels.size());
  for (const std::int32_t code : column.codes)
    if (code >= 0) ++n[static_cast<std::size_t>(code)];
  InspectedStudy::Counted counted;
  for (std::size_t level = 0; level < n.size(); ++level) counted.emplace_back(column.levels[level], n[level]);
  std::stable_sort(counted.begin(), counted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (counted.size() > most) counted.resize(most);
  return counted;
}

}  // namespace

std::optional<GeoOutline> outline_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  const GeoKind kind = geo_kind_of(path);
  if (kind != GeoKind::series_matrix && kind != GeoKind::soft) return std::nullopt;
  return read_geo_outline(path);
}

InspectedStudy inspect_study(const GeoOutline& outline) {
  InspectedStudy study{.study = outline.study, .platforms = {}, .sample_types = {}, .characteristics = {}};
  if (const Column* platform = outline.samples.find("platform")) study.platforms = count_values(*platform, 20);
  if (study.platforms.empty())
    for (const auto& platform : outline.study.platforms) study.platforms.emplace_back(platform, outline.samples.n_rows());
  if (const Column* source = outline.samples.find("source_name")) study.sample_types = count_values(*source, kCommonest);
  for (const auto& name : outline.characteristics) {
    const Column& column = *outline.samples.find(name);
    study.characteristics.push_back({.name = name,
                                     .n_missing = std::count(column.codes.begin(), column.codes.end(), -1),
                                     .n_values = std::ssize(column.levels),
                                     .commonest = count_values(column, kCommonest)});
  }
  return study;
}

}  // namespace cellverdict
