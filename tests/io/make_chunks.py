"""Writes HDF5 files with h5py for tests/io/hdf5_chunks_test.cpp: vectors and matrices of every layout, filter, type and byte order.

Element i of a vector is i * 7 % 100, of a matrix i is counted along its rows; what was never written is named for its fill value.
"""

import sys
import zlib

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

folder = sys.argv[1]
N, SHAPE = 5000, (70, 45)
vector = np.arange(N) * 7 % 100
matrix = (np.arange(SHAPE[0] * SHAPE[1]) * 7 % 100).reshape(SHAPE)
TYPES = [order + kind for order in "<>" for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8")]
FILTERS = {
    "plain": {},
    "gzip": {"compression": "gzip"},
    "gzip_shuffle": {"compression": "gzip", "shuffle": True},
    "gzip_shuffle_sum": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "lzf": {"compression": "lzf"},
    "lzf_shuffle_sum": {"compression": "lzf", "shuffle": True, "fletcher32": True},
    "sum": {"fletcher32": True},
}
DEFLATE, SHUFFLE, SUM = h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32


def pipeline(file, name, filters, data, chunk, dtype="<f4", write=True, prepare=lambda plist: None):
    """A dataset with the filters in any order: (number, parameters)."""
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((chunk,))
    for number, parameters in filters:
        plist.set_filter(number, h5z.FLAG_OPTIONAL, parameters)
    prepare(plist)
    space = h5s.create_simple((len(data),))
    dataset = h5d.create(file.id, name.encode(), h5t.py_create(np.dtype(dtype)), space, plist)
    if write:
        file[name][...] = data
    return dataset


def compact(file, name):
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_layout(h5d.COMPACT)
    h5d.create(file.id, name.encode(), h5t.py_create(np.dtype("<f4")), h5s.create_simple((N,)), plist)
    file[name][...] = vector


def sound(path, **options):
    with h5py.File(path, "w", **options) as file:
        for dtype in TYPES:
            file[f"contiguous {dtype}"] = vector.astype(dtype)
            file[f"matrix contiguous {dtype}"] = matrix.astype(dtype)
            for name, filters in FILTERS.items():
                file.create_dataset(f"{name} {dtype}", data=vector.astype(dtype), chunks=(768,), **filters)
        for chunk in (1, 1000, N):
            for name in ("plain", "gzip_shuffle"):
                file.create_dataset(f"chunk {chunk} {name}", data=vector.astype("<f4"), chunks=(chunk,), **FILTERS[name])
        for chunk in ((16, 10), (16, 45), (1, 45), (70, 1), SHAPE, (3, 44)):
            for name, filters in FILTERS.items():
                for dtype in ("<f4", "<i4", ">f8", "<u1"):
                    label = f"matrix {chunk[0]}x{chunk[1]} {name} {dtype}"
                    file.create_dataset(label, data=matrix.astype(dtype), chunks=chunk, **filters)
        values = vector.astype("<f4")
        pipeline(file, "gzip then shuffle then sum", [(DEFLATE, (4,)), (SHUFFLE, (4,)), (SUM, ())], values, 768)
        pipeline(file, "sum then gzip", [(SUM, ()), (DEFLATE, (4,))], values, 768)
        pipeline(file, "sum, shuffle, gzip, sum", [(SUM, ()), (SHUFFLE, (4,)), (DEFLATE, (4,)), (SUM, ())], values, 768)
        pipeline(file, "shuffle, shuffle, gzip, shuffle", [(SHUFFLE, (4,)), (SHUFFLE, (2,)), (DEFLATE, (4,)), (SHUFFLE, (3,))],
                 values, 768)
        pipeline(file, "shuffle alone", [(SHUFFLE, (4,))], values, 768)
        pipeline(file, "gzip twice", [(DEFLATE, (4,)), (DEFLATE, (4,))], values, 768)
        file.create_dataset("scaleoffset", data=vector.astype("<i4"), chunks=(768,), scaleoffset=0)
        compact(file, "compact")
        masks(file)


def masks(file):
    """Chunks that were stored without some of their filters, and one with a filter that nobody has."""
    dataset = pipeline(file, "masks", [(SHUFFLE, (4,)), (DEFLATE, (4,))], vector, 1000, write=False)
    for i in range(5):
        part = vector[i * 1000:(i + 1) * 1000].astype("<f4").tobytes()
        shuffled = np.frombuffer(part, np.uint8).reshape(-1, 4).T.tobytes()
        stored, mask = [(part, 3), (shuffled, 2), (zlib.compress(part), 1), (zlib.compress(shuffled), 0), (part, 3)][i]
        dataset.write_direct_chunk((i * 1000,), stored, mask)
    unknown = pipeline(file, "foreign filter not applied", [(32001, ())], vector, N, write=False)
    unknown.write_direct_chunk((0,), vector.astype("<f4").tobytes(), 1)


sound(f"{folder}/old.h5")
sound(f"{folder}/latest.h5", libver=("earliest", "v110"))
sound(f"{folder}/userblock.h5", userblock_size=1024)

with h5py.File(f"{folder}/elsewhere.h5", "w") as file:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_external(f"{folder}/external.bin".encode(), 0, N * 4)
    h5d.create(file.id, b"external", h5t.py_create(np.dtype("<f4")), h5s.create_simple((N,)), plist)
    file["external"][...] = vector
    layout = h5py.VirtualLayout(shape=(N,), dtype="<f4")
    layout[:] = h5py.VirtualSource(f"{folder}/old.h5", "contiguous <f4", shape=(N,))
    file.create_virtual_dataset("virtual", layout)

with h5py.File(f"{folder}/absent.h5", "w") as file:
    for name, dtype, fill in (("zero", "<f4", None), ("five", "<f4", 5), ("five big", ">i8", 5), ("five half", "<f2", 5)):
        for filters in ("plain", "gzip_shuffle"):
            dataset = file.create_dataset(f"{name} {filters}", (N,), dtype, chunks=(768,), fillvalue=fill, **FILTERS[filters])
            dataset[1000:1800] = vector[1000:1800]
    file.create_dataset("zero nothing", (N,), "<f4", chunks=(768,), compression="gzip")
    file.create_dataset("five contiguous", (N,), "<f4", fillvalue=5)

with h5py.File(f"{folder}/extremes.h5", "w") as file:
    for order in "<>":
        for kind in "iu":
            for size in (1, 2, 4, 8):
                info = np.iinfo(f"{kind}{size}")
                values = np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max], f"{order}{kind}{size}")
                file.create_dataset(f"whole {order}{kind}{size}", data=values, chunks=(4,), compression="gzip")
        every = np.arange(2**16).astype(f"{order}u2").view(f"{order}f2")
        file.create_dataset(f"real {order}f2", data=every, chunks=(5000,), compression="gzip")
        large = np.array([0.0, -0.0, 1e-50, 1e300, -1e300, np.inf, -np.inf, np.nan, 1 / 3], f"{order}f8")
        file.create_dataset(f"real {order}f8", data=large, chunks=(4,), compression="gzip")


def damage(name, filters, harm):
    path = f"{folder}/{name}.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=vector.astype("<f4"), chunks=(768,), **FILTERS[filters])
        place = file["x"].id.get_chunk_info_by_coord((768,))
        if not isinstance(harm, int):
            harm(file["x"].id)
    if isinstance(harm, int):
        with open(path, "r+b") as stream:
            stream.seek(place.byte_offset + harm)
            byte = stream.read(1)[0]
            stream.seek(place.byte_offset + harm)
            stream.write(bytes([byte ^ 0x55]))


def put(stored):
    return lambda dataset: dataset.write_direct_chunk((768,), stored, 0)


damage("damaged_gzip", "gzip", 40)
damage("damaged_shuffle", "gzip_shuffle", 40)
damage("damaged_sum", "sum", 40)
damage("damaged_lzf", "lzf", 0)
damage("short_gzip", "gzip", put(zlib.compress(bytes(100))))
damage("long_gzip", "gzip", put(zlib.compress(bytes(768 * 4 + 1))))
damage("short_sum", "sum", put(b"abc"))
damage("huge_stored", "gzip", put(bytes(80_000)))
with h5py.File(f"{folder}/foreign.h5", "w") as file:
    for number in (32001, 32999):
        pipeline(file, f"x{number}", [(number, ())], vector, 768, write=False).write_direct_chunk((0,), b"packed", 0)
