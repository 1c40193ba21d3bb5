"""Reads with scanpy the 10x folder that tests/io/tenx_mex_write_test.cpp wrote."""

import sys

import scanpy

data = scanpy.read_10x_mtx(sys.argv[1], var_names="gene_ids")
assert data.shape == (20, 3)
assert list(data.var_names) == ["ENSG1", "ENSG2", "ENSG3"] and list(data.var["gene_symbols"]) == ["A", "B", "A"]
assert data.obs_names[19] == "CELL19"
for i, row in enumerate(data.X.toarray()):
    expected = [0, 0, 0]
    if i % 5 != 0:
        expected[i % 2] = i % 97 + 1
        expected[2] = i + 1
    assert row.tolist() == expected, (i, row)
