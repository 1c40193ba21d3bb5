"""Loads with json the dictionaries that tests/io/token_files_test.cpp wrote, and compares them with the tables they come from."""

import json
import sys
from pathlib import Path

written, tables = map(Path, sys.argv[1:3])
for kind, value in {"token_dictionary": int, "gene_median_dictionary": float, "gene_name_id_dict": str, "ensembl_mapping_dict": str}.items():
    ours = json.loads(next(written.glob(kind + "*.json")).read_text())
    with open(next(tables.glob(kind + "*.tsv"))) as file:
        theirs = {key: value(text) for key, text in (line.rstrip("\n").split("\t") for line in file)}
    if kind == "token_dictionary":
        assert ours == theirs and list(ours.values()) == sorted(ours.values())
        tokens = ours
    elif kind == "gene_median_dictionary":
        assert ours == {gene: median for gene, median in theirs.items() if gene in tokens and not gene.startswith("<")}
    else:
        assert ours == {name: gene for name, gene in theirs.items() if gene in tokens}, kind
