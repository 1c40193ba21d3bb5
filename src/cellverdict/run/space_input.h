#pragma once
// What run/space.cpp looks at, read from the file.

#include <cellverdict/run/space.h>
#include <cellverdict/table/frame.h>

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct SpaceInput {
  std::filesystem::path file;
  Frame obs;                       // of the rows chosen
  std::vector<std::int64_t> rows;  // of the file
  std::int64_t n_file_rows = 0;
  SpaceTable embedding, beside;      // `beside` without values: none
  std::vector<NamedNumbers> values;  // of the table given, by unit
  std::vector<std::string> notes, warnings;
};
SpaceInput read_space(const RunContext& context, const SpaceRequest& request);

}  // namespace cellverdict
