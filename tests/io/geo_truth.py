"""What pandas and GEOparse read of files of GEO, as JSON: a digest of every sample's values and of the probes.

  geo_truth.py series FILE…    series matrices, by pandas
  geo_truth.py soft FILE…      SOFT files, by GEOparse
  geo_truth.py family FILE…    families, by GEOparse
  geo_truth.py platform FILE…  tables of platforms, split by hand; a gene of one cell once

Values are float64 as read exactly (round_trip), then float32, as the reader has them. Exit 3: a library is not there."""

import gzip
import hashlib
import json
import logging
import sys
import warnings

try:
    import numpy as np
    import pandas as pd
except ImportError:
    sys.exit(3)

warnings.filterwarnings("ignore")


def digest(texts):
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def values_of(column):
    values = pd.to_numeric(column).to_numpy(np.float64).astype(np.float32)
    bits = np.where(np.isnan(values), np.uint32(0x7FC00000), values.view(np.uint32)).astype("<u4")
    return hashlib.sha256(bits.tobytes()).hexdigest()


def table_of(frame, samples):
    return {"probes": digest(frame.iloc[:, 0].astype(str)), "n_probes": len(frame),
            "samples": {name: values_of(frame[name]) for name in samples},
            "n_missing": int(frame[samples].isna().to_numpy().sum())}  # fmt: skip


def series(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    begin = lines.index("!series_matrix_table_begin")
    frame = pd.read_csv(path, sep="\t", skiprows=begin + 1, comment="!", float_precision="round_trip", dtype={"ID_REF": str},
                        skip_blank_lines=False, engine="c").dropna(subset=["ID_REF"])  # fmt: skip
    titles = next(line for line in lines if line.startswith("!Sample_title")).split("\t")[1:]
    return table_of(frame, list(frame.columns[1:])) | {"titles": digest(t.strip('"').strip() for t in titles)}


def soft(path):
    try:
        import GEOparse
    except ImportError:
        sys.exit(3)
    logging.getLogger("GEOparse").setLevel(logging.ERROR)
    geo = GEOparse.get_GEO(filepath=path, silent=True)
    if hasattr(geo, "subsets"):
        samples = [name for name in geo.table.columns if name.startswith("GSM")]
        groups = {
            name: s.metadata["description"][0] + "=" + ",".join(sorted(s.metadata["sample_id"])) for name, s in geo.subsets.items()
        }
        return table_of(geo.table, samples) | {"subsets": len(groups)}
    frame = geo.table[["ID_REF", "VALUE"]].rename(columns={"VALUE": geo.name})
    return table_of(frame, [geo.name]) | {"title": geo.metadata["title"][0]}


def family(path):
    import GEOparse

    logging.getLogger("GEOparse").setLevel(logging.ERROR)
    geo = GEOparse.get_GEO(filepath=path, silent=True)
    first = next(iter(geo.gsms.values())).table
    frame = pd.DataFrame({"ID_REF": first["ID_REF"].astype(str)})
    for name, sample in geo.gsms.items():
        frame[name] = sample.table["VALUE"].to_numpy()
    return table_of(frame, list(geo.gsms)) | {"titles": digest(s.metadata["title"][0] for s in geo.gsms.values()),
                                              "platforms": list(geo.gpls)}  # fmt: skip


def platform(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    begin = next(i for i, line in enumerate(lines) if line.startswith("!platform_table_begin"))
    end = next(i for i, line in enumerate(lines) if line.startswith("!platform_table_end"))
    rows = [line.split("\t") for line in lines[begin + 1 : end]]
    header = rows[0]
    symbol = next(i for i, name in enumerate(header) if name.lower() == "gene symbol")
    entrez = next(i for i, name in enumerate(header) if name in ("ENTREZ_GENE_ID", "Gene ID"))
    cell = lambda row, i: row[i] if i < len(row) else ""  # noqa: E731
    genes = lambda text: list(dict.fromkeys(g.strip() for g in text.split("///") if g.strip()))  # noqa: E731
    return {"n": len(rows) - 1, "probes": digest(row[0] for row in rows[1:]),
            "symbols": digest("|".join(genes(cell(row, symbol))) for row in rows[1:]),
            "entrez": digest("|".join(genes(cell(row, entrez))) for row in rows[1:])}  # fmt: skip


def main():
    read = {"series": series, "soft": soft, "family": family, "platform": platform}[sys.argv[1]]
    json.dump({path.rsplit("/", 1)[-1]: read(path) for path in sys.argv[2:]}, sys.stdout)


main()
