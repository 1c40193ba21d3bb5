#include <cellverdict/run/stage_resources.h>

#include <cellverdict/base/atomic_file.h>

#include <sys/resource.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cellverdict {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kFile = "resources.json";

double cpu_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

rusage usage_now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

Json read_all(const fs::path& folder) {
  if (!fs::exists(folder / kFile)) return Json::object();
  Json json = Json::parse(read_file(folder / kFile), nullptr, false);
  return json.is_object() ? json : Json::object();
}

void add(const Json& stages, std::vector<StageResources>& out) {
  for (const auto& [name, value] : stages.items()) {
    if (!value.is_object() || !value.contains("seconds") || !value["seconds"].is_number()) continue;
    auto known = std::ranges::find(out, name, &StageResources::stage);
    if (known == out.end()) known = out.insert(known, {.stage = name});
    known->seconds += value["seconds"].get<double>();
    known->cpu_seconds += value.value("cpu_seconds", 0.0);
    known->peak_bytes = std::max(known->peak_bytes, value.value("peak_bytes", std::int64_t{0}));
    known->threads = value.value("threads", 0);
  }
}

}  // namespace

StageMeter::StageMeter() : cpu_(cpu_seconds(usage_now())) {}

void StageMeter::note(const fs::path& folder, const std::string& stage, int threads) const {
  Json all = read_all(folder);
  const rusage now = usage_now();
  all[stage] = {{"seconds", watch_.seconds()},
                {"cpu_seconds", cpu_seconds(now) - cpu_},
                {"peak_bytes", static_cast<std::int64_t>(now.ru_maxrss) * 1024},
                {"threads", threads}};
  write_file(folder / kFile, all.dump(1) + "\n");
}

std::vector<StageResources> read_resources(const fs::path& variant) {
  std::vector<StageResources> out;
  add(read_all(variant), out);
  for (std::size_t n = 1; fs::exists(variant / ("fold-" + std::to_string(n))); ++n)
    add(read_all(variant / ("fold-" + std::to_string(n))), out);
  return out;
}

}  // namespace cellverdict
