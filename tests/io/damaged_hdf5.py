"""Damages small HDF5 files in many places and holds what the readers say of each: read, or refused in one clear sentence. No
crash, no endless loop, no memory without bounds.

usage: damaged_hdf5.py READER [--files N] [--seed S] [--only I] [--keep FOLDER]

READER: the program read_damaged, which reads every file in a child process of its own. Half of the changes are aimed at the
structures of the format (superblock, object headers, B-trees, name and global heaps), the others fall anywhere; some files are cut.
A crash inside libhdf5 itself must be listed in tests/fuzz/upstream.md by its function; ours fail the test.
Exits 77 (skipped) without h5py, anndata and scanpy.
"""

import argparse
import random
import re
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
SKIPPED = 77
try:
    import anndata  # noqa: F401
    import h5py
    import numpy as np
    import scanpy  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

# What make_h5ad.py, make_tenx.py and make_tables.py write, whole: every layout, filter and encoding.
WHOLE = ["csr.h5ad", "csr_gzip.h5ad", "csc.h5ad", "csc_lzf.h5ad", "dense.h5ad", "dense_gzip.h5ad", "v3.h5", "fixed.h5", "v2.h5", "bender.h5",
         "two.loom", "three.loom"]
MARKS = [b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"OCHK", b"BTHD", b"BTLF", b"BTIN", b"FRHP", b"FHDB", b"FHIB", b"FSHD", b"FADB", b"EAHD"]


def make_sources(folder: Path) -> dict[str, bytes]:
    for script in ("make_h5ad.py", "make_tenx.py", "make_tables.py"):
        subprocess.run([sys.executable, HERE / script, folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sources = {name: (folder / name).read_bytes() for name in WHOLE if (folder / name).exists()}
    for name in ("csr.h5ad", "dense_gzip.h5ad", "v3.h5"):  # the same in the newer form of the format
        with h5py.File(folder / name) as old, h5py.File(folder / f"latest_{name}", "w", libver="latest") as new:
            new.attrs.update(old.attrs)
            for child in old:
                old.copy(child, new)
        sources[f"latest_{name}"] = (folder / f"latest_{name}").read_bytes()
    # What the store is made of: contiguous CSR that is mapped, and a dense matrix of doubles with layers.
    with h5py.File(folder / "csr.h5ad") as old, h5py.File(folder / "plain.shard.h5ad", "w", alignment_interval=64) as new:
        new.attrs.update(old.attrs)
        for child in old:
            old.copy(child, new)
        for part, dtype in (("data", np.uint16), ("indices", np.int32), ("indptr", np.int32)):
            values = new[f"X/{part}"][...]
            del new[f"X/{part}"]
            new.create_dataset(f"X/{part}", data=values.astype(dtype))
    with h5py.File(folder / "dense.h5ad") as old, h5py.File(folder / "sums.dense.h5ad", "w") as new:
        new.attrs.update(old.attrs)
        for child in ("obs", "var", "X"):
            old.copy(child, new)
        new.create_group("layers")["squares"] = old["X"][...].astype(float)
    for name in ("plain.shard.h5ad", "sums.dense.h5ad"):
        sources[name] = (folder / name).read_bytes()
    return sources


def structures(data: bytes) -> list[tuple[int, int]]:
    """(offset, length) of what the format itself is made of."""
    places = [(0, 96)]
    for mark in MARKS:
        places += [(m.start(), 64 if mark != b"HEAP" else 40) for m in re.finditer(re.escape(mark), data)]
    for m in re.finditer(b"SNOD", data):  # object headers of the old form have no mark: groups point at them
        (n,) = struct.unpack_from("<H", data, m.start() + 6)
        for i in range(min(n, 64)):
            at = m.start() + 8 + 40 * i + 8
            if at + 8 <= len(data):
                (header,) = struct.unpack_from("<Q", data, at)
                if header + 16 < len(data):
                    places.append((header, 400))
    return places


def damage(data: bytes, places: list[tuple[int, int]], rng: random.Random) -> bytes:
    changed = bytearray(data)
    if rng.random() < 0.06:
        return bytes(changed[: rng.randrange(len(changed))])
    if rng.random() < 0.06:  # blocks that a copy did not fetch
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(changed)) // 512 * 512
            changed[at : at + 4096] = bytes(len(changed[at : at + 4096]))
        return bytes(changed)
    aimed = rng.random() < 0.6
    spot = rng.choice(places)
    for _ in range(rng.randint(1, 16) if not aimed else rng.randint(1, 4)):
        at = spot[0] + rng.randrange(spot[1]) if aimed else rng.randrange(len(changed))
        if at >= len(changed):
            continue
        kind = rng.randrange(6)
        if kind == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            changed[at] = (changed[at] + rng.choice((1, -1))) & 255
        elif kind == 3 and at + 8 <= len(changed) and aimed:  # a length or an address
            struct.pack_into("<Q", changed, at, rng.choice((0, 1, 2**31, 2**32, 2**62, 2**64 - 1, len(changed), spot[0])))
        else:
            changed[at] = rng.randrange(256)
    return bytes(changed)


def complaint_about(sentence: str) -> str | None:
    if sentence[-1:] not in ".?" or sentence.endswith(("..", "?.")):
        return "does not end with one full stop or question mark"
    if len(sentence) > 600:
        return f"has {len(sentence)} characters"
    if re.search(r"[\x00-\x1f\x7f]", sentence):
        return "has control characters"
    for bad in ("std::", "filesystem error", "terminate", " :", ";;", "\ufffd"):
        if bad in sentence:
            return f"has '{bad}' in it"
    return None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("reader")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    known = set(re.findall(r"^\| `(\w+)` ", (HERE.parent / "fuzz/upstream.md").read_text(), re.M))
    with tempfile.TemporaryDirectory(prefix="cellverdict_damaged.") as name:
        folder = Path(name)
        sources = make_sources(folder)
        places = {source: structures(data) for source, data in sources.items()}
        names = sorted(sources)
        files = [folder / f"whole_{n}" for n in names]
        for path, source in zip(files, names, strict=True):
            path.write_bytes(sources[source])
        for i in range(asked.files) if asked.only is None else [asked.only]:
            rng = random.Random(f"{asked.seed}/{i}")
            source = names[i % len(names)]
            files.append(folder / f"{asked.seed}_{i}_{source}")
            files[-1].write_bytes(damage(sources[source], places[source], rng))
        done = subprocess.run([asked.reader], input="".join(f"{f}\n" for f in files).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = done.stdout.decode(errors="replace").splitlines()
        assert len(lines) == len(files), f"{len(lines)} answers for {len(files)} files: {done.stderr.decode(errors='replace')[-2000:]}"
        ends, wrong, upstream = Counter(), [], Counter()
        for line in lines:
            path, how, what = line.split("\t", 2)
            short, problem = Path(path).name, None
            what = what.replace(path, short)
            ends[how] += 1
            if how == "crashed":
                inside = re.search(r" in (\w+) of libhdf5", what)
                if inside and inside[1] in known:
                    upstream[inside[1]] += 1
                else:
                    problem = what
            elif how == "refused":
                complaint = complaint_about(what)
                problem = complaint and f"{complaint}: {what!r}"
            if short.startswith("whole_") and how != "read":
                problem = f"a whole file was not read: {what}"
            if problem:
                wrong.append(f"{short}: {problem}")
                if asked.keep:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    (asked.keep / short).write_bytes(Path(path).read_bytes())
        if done.stderr:
            print(done.stderr.decode(errors="replace")[-6000:])
        print(f"{len(files)} files: " + ", ".join(f"{n} {how}" for how, n in sorted(ends.items())))
        for function, n in sorted(upstream.items()):
            print(f"inside libhdf5, listed in tests/fuzz/upstream.md: {function}: {n}")
        print("\n".join(wrong))
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
