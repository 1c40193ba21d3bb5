#pragma once
// Pictures of figures: one start of the interpreter with vl-convert draws them all.

#include <filesystem>
#include <string>
#include <vector>

namespace cellverdict {

struct RenderResult {
  std::vector<std::filesystem::path> pictures;  // NAME.png and NAME.svg of every spec; empty when drawing failed
  std::string note;                             // why there are none; empty when all went well
};

// For every NAME.vl.json writes NAME.png and NAME.svg beside it. Never throws because the interpreter is missing or fails.
RenderResult render_figures(const std::vector<std::filesystem::path>& specs);

// The folder with render_figures.py and figures.js: CELLVERDICT_SHARE, else the build's.
std::filesystem::path share_folder();

}  // namespace cellverdict
