#include <cellverdict/base/atomic_file.h>
#include <cellverdict/io/torch_checkpoint.h>

#include <doctest/doctest.h>

#include "temp_folder.h"

using namespace cellverdict;
using namespace cellverdict::testing;

namespace {

void check_same(const Safetensors& ours, const Safetensors& expected) {
  REQUIRE(ours.tensors.size() == expected.tensors.size());
  for (std::size_t i = 0; i < ours.tensors.size(); ++i) {
    CAPTURE(expected.tensors[i].name);
    CHECK(ours.tensors[i].name == expected.tensors[i].name);
    CHECK(ours.tensors[i].dtype == expected.tensors[i].dtype);
    CHECK(ours.tensors[i].shape == expected.tensors[i].shape);
    CHECK((ours.tensors[i].bytes == expected.tensors[i].bytes));
  }
}

}  // namespace

TEST_CASE("a checkpoint of torch reads as the same tensors in safetensors, whatever their type, strides and storage") {
  const TempFolder* folder = made_by("make_torch_checkpoints.py");
  if (folder == nullptr) return;
  check_same(read_torch_checkpoint(*folder / "all.bin"), read_safetensors(*folder / "all.safetensors"));
  check_same(read_torch_checkpoint(*folder / "net.bin"), read_safetensors(*folder / "net.safetensors"));
  check_same(read_torch_checkpoint(*folder / "stored.bin"), read_safetensors(*folder / "net.safetensors"));
  const Safetensors parameters = read_torch_checkpoint(*folder / "parameters.bin");
  CHECK(parameters.tensors.size() == 6);
  CHECK((parameters.find("0.weight")->bytes == read_safetensors(*folder / "net.safetensors").find("0.weight")->bytes));
}

TEST_CASE("what is no checkpoint of tensors alone is refused in one sentence") {
  const TempFolder* folder = made_by("make_torch_checkpoints.py");
  if (folder == nullptr) return;
  const auto error_of = [&](const std::string& name) { return input_error([&] { read_torch_checkpoint(*folder / name); }); };
  CHECK(contains(error_of("module.bin"), "torch.nn.modules.container.Sequential"));
  CHECK(contains(error_of("training.bin"), "epoch: found a whole number, expected a tensor; save model.state_dict() alone."));
  CHECK(contains(error_of("list.bin"), "found a list, expected a state_dict"));
  CHECK(contains(error_of("old.bin"), "found a checkpoint of torch before 1.6"));
  CHECK(contains(error_of("expanded.bin"), "wide: found a storage of 1 element"));
  CHECK(contains(error_of("copies.bin"), "found tensors of more than four times the file's size"));
  CHECK(contains(error_of("packed.bin"), "found a compressed member"));
  CHECK(contains(error_of("without_storage.bin"), "found no member data/"));
  CHECK(contains(error_of("short_storage.bin"), "found a storage of 11 elements, expected all of a tensor of 12"));
  CHECK(contains(error_of("without_pickle.bin"), "found a zip without data.pkl"));
  CHECK(contains(error_of("big_endian.bin"), "found numbers in big-endian order"));
  CHECK(contains(error_of("none.bin"), "found nothing at this path"));
  CHECK(contains(error_of("net.safetensors"), "found a file that is not a zip"));
}

TEST_CASE("a truncated checkpoint is refused wherever it is cut") {
  const TempFolder* folder = made_by("make_torch_checkpoints.py");
  if (folder == nullptr) return;
  const std::string whole = read_file(*folder / "net.bin");
  const TempFolder cut;
  for (std::size_t n = 0; n < whole.size(); n += 97) {
    const auto file = cut.write("cut.bin", whole.substr(0, n));
    const std::string error = input_error([&] { read_torch_checkpoint(file); });
    CAPTURE(n);
    CHECK_FALSE(error.empty());
    CHECK(error.find('\n') == std::string::npos);
  }
}
