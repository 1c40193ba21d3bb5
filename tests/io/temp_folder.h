#pragma once
// A folder for the files of one test, gone at its end; and the ways tests here look at errors, sources and the interpreter.

#include <cellverdict/base/error.h>
#include <cellverdict/table/cell_source.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cellverdict::testing {

class TempFolder {
 public:
  TempFolder() {
    static int count = 0;
    path_ =
        std::filesystem::temp_directory_path() / ("cellverdict_io_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }

 private:
  std::filesystem::path path_;
};

// The sentence of the InputError that `action` throws; "" when it throws none.
inline std::string input_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  std::cerr << "not in: " << text << '\n';
  return false;
}

// All rows of a source, read in blocks of `rows`.
inline CsrBlock read_all(CellSource& source, std::int64_t rows) {
  CsrBlock all, block;
  while (source.read_block(rows, block)) {
    if (block.first_row != all.n_rows())
      throw InternalError({.where = "read_all", .found = "first_row " + std::to_string(block.first_row)});
    for (std::int64_t i = 0; i < block.n_rows(); ++i) {
      const CsrRow row = block.row(i);
      for (std::size_t k = 0; k < row.genes.size(); ++k) all.push(row.genes[k], row.values[k]);
      all.end_row();
    }
  }
  return all;
}

inline bool same_rows(const CsrBlock& a, const CsrBlock& b) {
  return a.indptr == b.indptr && a.indices == b.indices && a.values == b.values;
}

inline std::optional<std::filesystem::path> shared_data() {
  const char* given = std::getenv("CELLVERDICT_SHARED_DATA");
  const std::filesystem::path path = given != nullptr ? given : "../shared/data";
  if (std::filesystem::exists(path)) return path;
  std::cout << "skipped: no shared data\n";
  return std::nullopt;
}

// Runs tests/io/<script> with the project's interpreter; nothing when that has no anndata.
inline std::optional<int> run_script(const std::string& script, const std::string& arguments) {
  const std::string python = ".venv/bin/python";
  static const bool ready =
      std::filesystem::exists(python) &&
      std::system((python + " -c \"import importlib.util as u, sys; sys.exit(u.find_spec('anndata') is None)\"").c_str()) == 0;
  if (!ready) {
    std::cout << "skipped: no anndata\n";
    return std::nullopt;
  }
  return std::system((python + " -W ignore tests/io/" + script + " " + arguments).c_str());
}

// The files that tests/io/<script> writes, made once for all cases; null when there is no anndata.
inline const TempFolder* made_by(const std::string& script) {
  static std::map<std::string, std::unique_ptr<TempFolder>> folders;
  const auto [place, added] = folders.emplace(script, nullptr);
  if (!added) return place->second.get();
  auto folder = std::make_unique<TempFolder>();
  const auto status = run_script(script, folder->path().string());
  if (status && *status != 0) throw InternalError({.where = script, .found = "exit " + std::to_string(*status)});
  if (status) place->second = std::move(folder);
  return place->second.get();
}

}  // namespace cellverdict::testing
