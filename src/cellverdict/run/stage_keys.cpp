#include <cellverdict/base/atomic_file.h>
#include <cellverdict/run/stage_keys.h>

#include <nlohmann/json.hpp>

namespace cellverdict {

namespace {

constexpr const char* kStagesFile = "stages.json";

// A damaged file means that nothing is known: every stage runs again.
nlohmann::ordered_json read_stages(const std::filesystem::path& folder) {
  const auto file = folder / kStagesFile;
  if (!std::filesystem::exists(file)) return nlohmann::ordered_json::object();
  auto json = nlohmann::ordered_json::parse(read_file(file), nullptr, false);
  return json.is_object() ? json : nlohmann::ordered_json::object();
}

}  // namespace

std::string read_stage_key(const std::filesystem::path& folder, const std::string& stage) {
  const auto json = read_stages(folder);
  return json.contains(stage) && json[stage].is_string() ? json[stage].get<std::string>() : std::string();
}

void write_stage_key(const std::filesystem::path& folder, const std::string& stage, const std::string& key) {
  auto json = read_stages(folder);
  json[stage] = key;
  write_file(folder / kStagesFile, json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace cellverdict
