#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/safetensors.h>

#include <doctest/doctest.h>

#include <cstring>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

template <class T>
NamedTensor tensor(const std::string& name, const std::string& dtype, std::vector<std::int64_t> shape, std::vector<T> values) {
  NamedTensor out{name, dtype, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(out.bytes.data(), values.data(), out.bytes.size());
  return out;
}

Safetensors small() {
  return {{tensor<float>("layer.weight", "F32", {2, 3}, {1, 2, 3, 4, 5, -0.5F}), tensor<double>("bias", "F64", {2}, {1e-300, -2}),
           tensor<std::int64_t>("steps", "I64", {}, {123456789012345}), tensor<float>("empty", "F32", {0, 4}, {}),
           tensor<std::uint8_t>("flags", "U8", {3}, {1, 0, 255})},
          {{"format", "pt"}, {"classes", "[\"AML\",\"gesund ü\"]"}}};
}

std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + header + data;
}

std::string error_of(const std::string& bytes) {
  const TempFolder folder;
  const auto file = folder.write("model.safetensors", bytes);
  return input_error([&] { read_safetensors(file); });
}

}  // namespace

TEST_CASE("tensors come back by name with their type, shape, bytes and metadata") {
  const TempFolder folder;
  write_safetensors(folder / "a.safetensors", small());
  const Safetensors back = read_safetensors(folder / "a.safetensors");
  CHECK(back.metadata == small().metadata);
  REQUIRE(back.tensors.size() == 5);
  for (const auto& expected : small().tensors) {
    const NamedTensor* found = back.find(expected.name);
    REQUIRE(found != nullptr);
    CHECK(found->dtype == expected.dtype);
    CHECK(found->shape == expected.shape);
    CHECK(found->bytes == expected.bytes);
  }
  CHECK(back.find("none") == nullptr);
  write_safetensors(folder / "b.safetensors", back);
  CHECK((read_file(folder / "a.safetensors") == read_file(folder / "b.safetensors")));
}

TEST_CASE("the safetensors library reads what we wrote, and we read what it wrote") {
  const TempFolder folder;
  write_safetensors(folder / "ours.safetensors", small());
  const auto status = run_script("check_safetensors.py", folder.path().string());
  if (!status) return;
  REQUIRE(*status == 0);
  const Safetensors theirs = read_safetensors(folder / "theirs.safetensors");
  CHECK(theirs.metadata == small().metadata);
  for (const auto& expected : small().tensors) {
    REQUIRE(theirs.find(expected.name) != nullptr);
    CHECK(theirs.find(expected.name)->bytes == expected.bytes);
    CHECK(theirs.find(expected.name)->shape == expected.shape);
  }
}

TEST_CASE("a file whose header does not fit its data is refused before anything is allocated") {
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  CHECK(error_of(file_of(good, "12345678")).empty());
  CHECK(contains(error_of(""), "found a file of 0 bytes"));
  CHECK(contains(error_of(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8)), "found a header of 18446744073709551615 bytes"));
  CHECK(contains(error_of(file_of(good, "1234567")), "found 7 bytes of data, expected 8"));
  CHECK(contains(error_of(file_of(good, "123456789")), "found 9 bytes of data, expected 8"));
  CHECK(contains(error_of(file_of("[]", "")), "not a JSON object"));
  CHECK(contains(error_of(file_of("{\"a\":", "")), "not a JSON object"));
  CHECK(contains(error_of(file_of(R"({"a":{"dtype":"F32","shape":[2]}})", "")), "expected dtype, shape and data_offsets"));
  CHECK(contains(error_of(file_of(R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})", "12345678")), "found dtype F31"));
  CHECK(contains(error_of(file_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "12345678")), "expected 12 bytes"));
  CHECK(contains(error_of(file_of(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "12345678")), "expected dtype"));
  CHECK(contains(error_of(file_of(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", "")),
                 "expected a possible shape"));
  CHECK(contains(error_of(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})", "1234")),
                 "found data at 2, expected 0"));
  CHECK(contains(
      error_of(file_of(
          R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "123")),
      "found data at 1, expected 2"));
  CHECK(contains(
      error_of(file_of(
          R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "12")),
      "found a name given twice"));
  CHECK(contains(error_of(file_of(R"({"__metadata__":{"a":1}})", "")), "expected text"));
  CHECK(contains(input_error([] { read_safetensors("none.safetensors"); }), "found nothing at this path"));
}

TEST_CASE("a tensor whose bytes do not match its shape is a bug of the caller") {
  const TempFolder folder;
  CHECK_THROWS_AS(write_safetensors(folder / "a.safetensors", {{tensor<float>("a", "F32", {3}, {1, 2})}, {}}), InternalError);
  CHECK(std::filesystem::is_empty(folder.path()));
}
