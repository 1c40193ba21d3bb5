"""The rows of files of GEO: a series matrix of the size of GSE13159 (2,096 × 54,675, gzip, 1.1 GB of text) beside pandas' C parser, and
a SOFT family beside GEOparse. Both files are made here, from numbers drawn with a seed. What both sides read is compared by its shape,
its missing values and its sum."""

import argparse
import gzip
import math
import os
import shutil
import sys
from pathlib import Path

from rows import HERE, THREADS

NOTES = (
    "geo_matrix: values with seven decimals, one in a thousand missing; pandas' read_csv (C parser, its defaults, gzip by itself) to a "
    "float64 frame, cellverdict to float32, samples × probes. geo_soft: a family of one platform, each sample a table of ID_REF, VALUE and "
    "a call; GEOparse's get_GEO, then VALUE side by side.",
)


def lines_of(n_probes, n_samples):
    """Lines of a table, 64 probes at a time: texts of one width, picked by number, which is all that is fast enough."""
    import numpy as np

    draw = np.random.default_rng(13159)
    fixed = np.frombuffer(b"".join(b"\t%.7f" % x for x in draw.uniform(2, 9.9999, 100_000)), "S10")
    for begin in range(0, n_probes, 64):
        n = min(64, n_probes - begin)
        rows = fixed[draw.integers(0, len(fixed), (n, n_samples))]
        gaps = draw.random((n, n_samples)) < 0.001
        for i in range(n):
            row = rows[i].tobytes()
            if gaps[i].any():
                cells = rows[i].copy()
                cells[gaps[i]] = b"\t"
                row = b"".join(cells.tolist())
            yield f"{begin + i}_at".encode() + row + b"\n"


def write_series(path, n_probes, n_samples):
    names = [f'"GSM{330000 + i}"' for i in range(n_samples)]
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(b'!Series_title\t"A simulated series"\n!Series_geo_accession\t"GSE1"\n\n')
        out.write(("!Sample_geo_accession\t" + "\t".join(names) + "\n").encode())
        out.write(("!Sample_characteristics_ch1\t" + "\t".join('"leukemia class: AML"' for _ in names) + "\n").encode())
        out.write(('!series_matrix_table_begin\n"ID_REF"\t' + "\t".join(names) + "\n").encode())
        for line in lines_of(n_probes, n_samples):
            out.write(line)
        out.write(b"!series_matrix_table_end\n")


def write_family(path, n_probes, n_samples):
    import numpy as np

    draw = np.random.default_rng(11)
    ids = [f"{p}_at" for p in range(n_probes)]
    with gzip.open(path, "wt", compresslevel=1) as out:
        out.write(
            "^DATABASE = GeoMiame\n!Database_name = Gene Expression Omnibus (GEO)\n^SERIES = GSE1\n!Series_title = Simulated\n"
        )
        out.write("!Series_geo_accession = GSE1\n^PLATFORM = GPL1\n!Platform_title = An array\n#ID = id\n#Gene Symbol = gene\n")
        out.write("!platform_table_begin\nID\tGene Symbol\n" + "".join(f"{p}\tG{i}\n" for i, p in enumerate(ids)))
        out.write("!platform_table_end\n")
        for s in range(n_samples):
            out.write(f"^SAMPLE = GSM{s}\n!Sample_title = sample {s}\n!Sample_geo_accession = GSM{s}\n!Sample_platform_id = GPL1\n")
            out.write(
                "!Sample_characteristics_ch1 = disease: AML\n#ID_REF = id\n#VALUE = signal\n#ABS_CALL = call\n!sample_table_begin\n"
            )
            values = draw.lognormal(5, 2, n_probes).round(1)
            out.write("ID_REF\tVALUE\tABS_CALL\n" + "".join(f"{p}\t{x}\tP\n" for p, x in zip(ids, values)) + "!sample_table_end\n")


def said(frame):
    import numpy as np

    values = frame.to_numpy()
    print(values.shape[1], values.shape[0], int(np.isnan(values).sum()), np.nansum(values.astype(np.float32), dtype=np.float64))


def peer_series(path):
    import pandas as pd

    said(pd.read_csv(path, sep="\t", comment="!", index_col=0))


def peer_soft(path):
    import logging
    import warnings

    import GEOparse
    import pandas as pd

    warnings.filterwarnings("ignore")
    logging.getLogger("GEOparse").setLevel(logging.ERROR)
    family = GEOparse.get_GEO(filepath=path, silent=True)
    said(pd.DataFrame({name: sample.table.set_index("ID_REF")["VALUE"] for name, sample in family.gsms.items()}))


def same(ours, theirs):
    a, b = ([float(x) for x in run.said.split()[-4:]] for run in (ours, theirs))
    if a[:3] != b[:3] or not math.isclose(a[3], b[3], rel_tol=1e-6):
        sys.exit(f"bench: {a} of bench_geo and {b} of the peer: not the same work")
    return f"{a[0]:,.0f} samples × {a[1]:,.0f} probes, {a[2]:,.0f} missing, the same sum on both sides"


def geo_row(bench, name, peer, kind, file):
    from rows import measure

    program = Path(bench.program).parent / "bench" / "bench_geo"
    ours = [program, kind, file, THREADS]
    theirs = [sys.executable, HERE / "geo.py", kind, file]
    bench.compare(name, peer, ours, theirs, lambda: None, lambda: same(measure(ours), measure(theirs)))


def measure_group(bench):
    folder = bench.work / "geo"
    folder.mkdir()
    series, family = folder / "GSE1_series_matrix.txt.gz", folder / "GSE1_family.soft.gz"
    write_series(series, 54_675, 2096 // bench.shrink)
    geo_row(bench, "geo_matrix", "pandas", "series", series)
    os.remove(series)
    write_family(family, 54_675, 40 // bench.shrink)
    geo_row(bench, "geo_soft", "GEOparse", "soft", family)
    shutil.rmtree(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="the peers' side")
    parser.add_argument("kind", choices=("series", "soft"))
    parser.add_argument("file")
    a = parser.parse_args()
    (peer_series if a.kind == "series" else peer_soft)(a.file)
