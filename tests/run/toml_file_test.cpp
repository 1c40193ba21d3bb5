#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/error.h>
#include <cellverdict/run/toml_file.h>
#include <doctest/doctest.h>

#include <string>

#include "base/scratch_folder.h"

using namespace cellverdict;

namespace {

std::string complaint_about(const std::string& toml) {
  const ScratchFolder folder;
  write_file(folder / "a.toml", toml);
  try {
    read_toml(folder / "a.toml");
  } catch (const UsageError& error) {
    const std::string said = error.what();
    return said.substr(said.find("a.toml"));
  }
  return {};
}

}  // namespace

TEST_CASE("a heading that begins with a full stop is refused with its line, in every build") {
  CHECK(complaint_about("x = 1\n[.data]\n").starts_with("a.toml line 2: found `[.data]`, expected TOML (expected bare key"));
}

TEST_CASE("letters outside quotes that are not ASCII are refused with their line") {
  for (const char* letter : {"ä", "é", "中", "\xc2\xa0"}) {  // the last is a space that does not break
    CAPTURE(std::string(letter));
    CHECK(complaint_about("x = 1\nschl" + std::string(letter) + "ssel = 1\n").starts_with("a.toml line 2: found `schl"));
    CHECK(complaint_about("x = 1\ny = [1, " + std::string(letter) + "]\n").starts_with("a.toml line 2: found `y = [1"));
  }
  CHECK(complaint_about("x = 'ä'  # é\n").empty());
}
