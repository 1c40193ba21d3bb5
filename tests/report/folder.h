#pragma once
// A folder that is gone after the test, and an environment variable that is put back.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

struct TemporaryFolder {
  std::filesystem::path path;
  explicit TemporaryFolder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("cellverdict_report_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

struct Setting {
  std::string name;
  std::optional<std::string> before;
  Setting(const std::string& n, const std::string& value) : name(n) {
    if (const char* old = std::getenv(n.c_str())) before = old;
    ::setenv(n.c_str(), value.c_str(), 1);
  }
  ~Setting() {
    if (before)
      ::setenv(name.c_str(), before->c_str(), 1);
    else
      ::unsetenv(name.c_str());
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
};
