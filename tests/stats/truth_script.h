#pragma once
// Runs a script of this folder in the project's Python and reads the JSON it prints.

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

// This folder. A compiler cache may have made __FILE__ relative to the build folder, which holds tests/<this program>; a test must
// not be skipped because it was started elsewhere.
inline std::filesystem::path truth_folder() {
  const std::filesystem::path here = std::filesystem::path(__FILE__).parent_path();
  if (here.is_absolute()) return here;
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / here).lexically_normal();
}

// Nothing, after saying so, when there is no Python environment or it lacks the library; any other failure fails the test.
inline std::optional<nlohmann::json> truth_of(const std::string& script, const std::string& argument = "") {
  const std::filesystem::path here = truth_folder();
  const char* named = std::getenv("CELLVERDICT_PYTHON");
  const std::filesystem::path python = named ? named : here.parent_path().parent_path() / ".venv/bin/python";
  if (!std::filesystem::exists(python)) {
    MESSAGE("skipped: no scikit-learn");
    return std::nullopt;
  }
  std::FILE* pipe = ::popen(("'" + python.string() + "' '" + (here / script).string() + "' '" + argument + "'").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text(1 << 16, '\0'), output;
  for (std::size_t n = 0; (n = std::fread(text.data(), 1, text.size(), pipe)) > 0;) output.append(text, 0, n);
  const int status = ::pclose(pipe);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 3) {
    MESSAGE("skipped: no scikit-learn");
    return std::nullopt;
  }
  REQUIRE(WEXITSTATUS(status) == 0);
  return nlohmann::json::parse(output);
}

// The same, run once for all the tests of a program: an interpreter with its libraries takes seconds to start. Null when skipped.
inline const nlohmann::json* shared_truth_of(const std::string& script) {
  static std::map<std::string, std::optional<nlohmann::json>> kept;
  auto found = kept.find(script);
  if (found == kept.end()) found = kept.emplace(script, truth_of(script)).first;
  return found->second ? &*found->second : nullptr;
}
