#pragma once
// Runs a script of a tests folder in the project's Python.

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace cellverdict::testing {

// A compiler cache may have made __FILE__ relative to the build folder, which holds tests/<this program>.
inline std::filesystem::path tests_folder() {
  const std::filesystem::path here = std::filesystem::path(__FILE__).parent_path().parent_path();
  if (here.is_absolute()) return here;
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / here).lexically_normal();
}

// Its exit status; nothing, after saying so, when there is no Python environment or it lacks a library (status 3).
inline std::optional<int> check_in_python(const std::string& script, const std::filesystem::path& argument) {
  const char* named = std::getenv("CELLVERDICT_PYTHON");
  const std::filesystem::path python = named ? named : tests_folder().parent_path() / ".venv/bin/python";
  if (!std::filesystem::exists(python)) {
    MESSAGE("skipped: no Python environment");
    return std::nullopt;
  }
  const int status =
      std::system(("'" + python.string() + "' '" + (tests_folder() / script).string() + "' '" + argument.string() + "'").c_str());
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) != 3) return WEXITSTATUS(status);
  MESSAGE("skipped: the Python environment lacks a library");
  return std::nullopt;
}

}  // namespace cellverdict::testing
