#include <cellverdict/io/pickle_data.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/pickle_heap.h>
#include <cellverdict/io/pickle_machine.h>

#include <array>
#include <fstream>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

void check_size(std::int64_t n_bytes, const std::string& where, const PickleLimits& limits) {
  if (n_bytes > limits.n_bytes)
    throw InputError({.where = where,
                      .found = "a pickle of " + with_commas(n_bytes) + " bytes",
                      .expected = "at most " + with_commas(limits.n_bytes),
                      .advice = "check that this is the file meant"});
}

}  // namespace

std::string name_of(PickleKind kind) {
  constexpr std::array kNames = {
      "None",  "a bool", "a whole number",        "a number", "text",       "bytes",  "a list", "a tuple",
      "a set", "a dict", "a storage of a tensor", "a tensor", "a function", "a dtype"};
  return kNames[static_cast<std::size_t>(kind)];
}

PickleKind PickleValue::kind() const {
  return contents_->nodes[place_].kind;
}
bool PickleValue::boolean() const {
  return contents_->nodes[place_].integer != 0;
}
std::int64_t PickleValue::integer() const {
  return contents_->nodes[place_].integer;
}
double PickleValue::real() const {
  return contents_->nodes[place_].real;
}
const std::string& PickleValue::text() const {
  return contents_->texts.at(contents_->nodes[place_].place);
}
std::int64_t PickleValue::size() const {
  const auto n = static_cast<std::int64_t>(contents_->children.at(contents_->nodes[place_].place).size());
  return kind() == PickleKind::dict ? n / 2 : n;
}
PickleValue PickleValue::child(std::int64_t i) const {
  return {contents_, contents_->children.at(contents_->nodes[place_].place).at(static_cast<std::size_t>(i))};
}
PickleValue PickleValue::item(std::int64_t i) const {
  return child(i);
}
PickleValue PickleValue::key(std::int64_t i) const {
  return child(2 * i);
}
PickleValue PickleValue::value(std::int64_t i) const {
  return child(2 * i + 1);
}

PickleValue Pickle::root() const {
  return {contents_.get(), contents_->root};
}

Pickle read_pickle(std::span<const std::byte> bytes, const std::string& where, const PickleLimits& limits) {
  check_size(static_cast<std::int64_t>(bytes.size()), where, limits);
  return PickleMachine({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, where, limits).run();
}

Pickle read_pickle(const fs::path& file, const PickleLimits& limits) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code failure;
  const auto size = static_cast<std::int64_t>(fs::file_size(file, failure));
  if (!stream || failure)
    throw InputError({.where = file.string(),
                      .found = fs::exists(file) ? "a file that cannot be read" : "nothing at this path",
                      .expected = "a pickle of Python",
                      .advice = "check the path"});
  check_size(size, file.string(), limits);
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  stream.read(reinterpret_cast<char*>(bytes.data()), size);
  if (stream.gcount() != size)
    throw InputError({.where = file.string(),
                      .found = "a file that cannot be read to its end",
                      .expected = "a pickle of Python",
                      .advice = "copy it again"});
  return read_pickle(bytes, file.string(), limits);
}

}  // namespace cellverdict
