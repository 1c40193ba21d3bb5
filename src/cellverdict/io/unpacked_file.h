#pragma once
// A temporary file that holds the bytes of an input, inflated: libhdf5 needs a real file, and an archive's member or a gzip is
// none. It has a name only until it is open, so that nothing is left behind however the program ends after that.

#include <cellverdict/io/input_bytes.h>
#include <cellverdict/table/cell_source.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cellverdict {

// A source that reads an unpacked copy of `input`: `open` gets the copy's path; head, with this name and more notes, and errors
// speak of `input`.
std::unique_ptr<CellSource> open_unpacked(
    const InputBytes& input, const std::string& name, const std::vector<std::string>& notes,
    const std::function<std::unique_ptr<CellSource>(const std::filesystem::path& copy)>& open);

}  // namespace cellverdict
