"""Reads with anndata a copy to which tests/run/convert_test.cpp added a column of obs, beside its original."""

import sys

import anndata
import numpy as np
import pandas as pd

original, copy = (anndata.read_h5ad(path) for path in sys.argv[1:3])
assert list(copy.obs.columns) == [*original.obs.columns, "cellverdict_class", "cellverdict_p"]
assert set(copy.obs["cellverdict_class"]) == {"x"} and set(copy.obs["cellverdict_p"]) == {0.5}
pd.testing.assert_frame_equal(original.obs, copy.obs[original.obs.columns])
for part in ("layers", "obsm", "varm", "uns"):
    assert list(getattr(original, part)) == list(getattr(copy, part))
def dense(x):
    return x.toarray() if hasattr(x, "toarray") else np.asarray(x)
assert np.array_equal(dense(original.X), dense(copy.X))
