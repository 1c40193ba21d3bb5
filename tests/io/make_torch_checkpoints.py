"""Writes checkpoints with torch.save, and the same tensors with the safetensors library, for tests/io/torch_checkpoint_test.cpp."""

import collections
import sys
import zipfile

import torch
from safetensors.torch import save_file

folder = sys.argv[1]
torch.manual_seed(3)
base = torch.randn(6, 5)
tensors = collections.OrderedDict(
    float32=torch.randn(4, 3),
    float64=torch.randn(3).double(),
    float16=torch.randn(7).half(),
    bfloat16=torch.randn(2, 2, 2).bfloat16(),
    int64=torch.tensor([[1, -2], [2**40, 0]]),
    int32=torch.arange(5, dtype=torch.int32),
    uint8=torch.arange(9, dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 4),
    transposed=base.t(),
    part=base[1:4, ::2],
    rows=base[2:],
    whole=base,
)
torch.save(tensors, f"{folder}/all.bin")
save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, f"{folder}/all.safetensors")

net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
net[2].weight.requires_grad_(False)
torch.save(net.state_dict(), f"{folder}/net.bin")
save_file(net.state_dict(), f"{folder}/net.safetensors")
torch.save(dict(net.named_parameters()), f"{folder}/parameters.bin")

torch.save(net, f"{folder}/module.bin")
torch.save({"epoch": 3, "weights": net.state_dict()}, f"{folder}/training.bin")
torch.save([torch.zeros(2)], f"{folder}/list.bin")
torch.save(net.state_dict(), f"{folder}/old.bin", _use_new_zipfile_serialization=False)
torch.save({"wide": torch.zeros(1).expand(100_000, 100_000)}, f"{folder}/expanded.bin")
torch.save({f"copy{i}": base for i in range(50)} | {"x": torch.zeros(1)}, f"{folder}/few_copies.bin")
large = torch.randn(1000, 100)
torch.save({f"copy{i}": large for i in range(50)}, f"{folder}/copies.bin")

with zipfile.ZipFile(f"{folder}/net.bin") as source:
    members = {name.split("/", 1)[1]: source.read(name) for name in source.namelist()}


def write(name, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(f"{folder}/{name}", "w", compression) as out:
        for member, data in members.items():
            out.writestr("archive/" + member, data)


write("stored.bin", members)
write("packed.bin", members | {"data/0": bytes(10_000)}, zipfile.ZIP_DEFLATED)
write("without_storage.bin", {name: data for name, data in members.items() if name != "data/2"})
write("short_storage.bin", members | {"data/0": members["data/0"][:-4]})
write("without_pickle.bin", {name: data for name, data in members.items() if name != "data.pkl"})
write("big_endian.bin", members | {"byteorder": b"big"})
