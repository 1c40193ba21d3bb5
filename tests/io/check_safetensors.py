"""Reads with the safetensors library what tests/io/safetensors_test.cpp wrote, and writes the same with the library."""

import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

folder = sys.argv[1]
expected = {
    "layer.weight": np.array([[1, 2, 3], [4, 5, -0.5]], dtype=np.float32),
    "bias": np.array([1e-300, -2.0]),
    "steps": np.array(123456789012345, dtype=np.int64),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "flags": np.array([1, 0, 255], dtype=np.uint8),
}
metadata = {"format": "pt", "classes": '["AML","gesund ü"]'}

with safe_open(f"{folder}/ours.safetensors", framework="numpy") as ours:
    assert sorted(ours.keys()) == sorted(expected)
    assert ours.metadata() == metadata, ours.metadata()
    for name, values in expected.items():
        found = ours.get_tensor(name)
        assert found.dtype == values.dtype and found.shape == values.shape and np.array_equal(found, values), name

save_file(expected, f"{folder}/theirs.safetensors", metadata=metadata)
