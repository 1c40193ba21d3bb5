"""Writes pickles of every protocol with what tests/io/pickle_data_test.cpp should read in them, and some with code inside."""

import collections
import os
import pickle
import struct
import sys

import numpy as np

folder = sys.argv[1]


def shown(x):
    if x is None or isinstance(x, (bool, np.bool_)):
        return str(x)
    if isinstance(x, (int, np.integer)):
        return str(int(x))
    if isinstance(x, (float, np.floating)):
        return format(struct.unpack("<Q", struct.pack("<d", float(x)))[0], "x")
    if isinstance(x, str):
        return f"'{x}'"
    if isinstance(x, bytes):
        return "b" + "".join(f".{c}" for c in x)
    name, parts = {
        list: ("a list", x),
        tuple: ("a tuple", x),
        set: ("a set", x),
        frozenset: ("a set", x),
        dict: ("a dict", x),
        collections.OrderedDict: ("a dict", x),
    }[type(x)]
    parts = [f"{shown(k)}:{shown(v)}" for k, v in x.items()] if isinstance(x, dict) else [shown(v) for v in x]
    if isinstance(x, (set, frozenset)):
        parts.sort()
    return name + "(" + "".join(part + "," for part in parts) + ")"


again = ["shared", {"a": 1}]
values = {
    "none": None,
    "bools": [True, False],
    "integers": [0, 1, 255, 256, 65535, 65536, -1, -129, 2**31 - 1, -(2**31), 2**31, 2**62, -(2**63), 2**63 - 1],
    "reals": [0.0, -0.0, 1.5, 1e-300, 3.141592653589793, float("inf"), -2.5e8],
    "texts": ["", "a", "Übung 基因 🧬", "line\nend", "back\\slash", "x" * 300, "y" * 70000],
    "bytes": [b"", b"abc", bytes(range(256)), b"z" * 300],
    "lists": [[], [1], [[[]]], list(range(3000))],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),)],
    "sets": [set(), {1, 2, 3}, frozenset({"a", "b"}), set(range(2000))],
    "dicts": [{}, {"a": 1, 2: "b", (1, 2): None}, {f"g{i}": i for i in range(2500)}, collections.OrderedDict(b=1, a=2)],
    "numpy": [np.int8(-3), np.int16(-300), np.uint16(60000), np.uint32(2**32 - 1), np.int32(-7), np.int64(2**40), np.float32(0.1), np.float64(0.1), np.dtype(">f8").type(2.5)],
    "everything": {"a": [again, again], "n": np.float64(1.25), "m": np.float64(7), "t": ("x", b"\xff\x00", {3})},
}
for protocol in range(6):
    os.makedirs(f"{folder}/protocol{protocol}", exist_ok=True)
    for name, value in values.items():
        with open(f"{folder}/protocol{protocol}/{name}.pkl", "wb") as file:
            pickle.dump(value, file, protocol=protocol)
        with open(f"{folder}/protocol{protocol}/{name}.txt", "w", newline="") as file:
            file.write(shown(value))


class Code:
    def __reduce__(self):
        return os.system, (f"touch {folder}/ran",)


for protocol in range(6):
    with open(f"{folder}/code{protocol}.pkl", "wb") as file:
        pickle.dump({"gene": 1, "other": Code()}, file, protocol=protocol)
for name, value in {
    "counter": collections.Counter("abc"),
    "array": np.arange(3),
    "complex": np.complex64(3),
}.items():
    with open(f"{folder}/{name}.pkl", "wb") as file:
        pickle.dump(value, file)
