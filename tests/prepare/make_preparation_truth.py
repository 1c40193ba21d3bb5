"""Prints counts and what scanpy and scikit-learn make of them: normalise, log, choose genes by variance, scale, clip.
Exit 3: no scanpy here."""

import json
import sys

try:
    import numpy as np
    import scanpy as sc
    from anndata import AnnData
    from sklearn.preprocessing import StandardScaler
except ImportError:
    sys.exit(3)

TRAIN, GENES, KEPT, CLIP = 45, 80, 25, 3
random = np.random.default_rng(3)
depth = random.gamma(4, 0.5, size=(60, 1))
mean = random.gamma(0.4, 3, size=(1, GENES))
counts = random.poisson(depth * mean * random.gamma(2, 0.5, size=(60, GENES))).astype(np.float32)
counts[:, 5] = 0
counts[:4, 6] = 2  # in too few cells

data = AnnData(counts.copy())
sc.pp.normalize_total(data, target_sum=1e4)
sc.pp.log1p(data)
train = data.X[:TRAIN].astype(np.float64)
detected = np.flatnonzero((counts[:TRAIN] > 0).sum(axis=0) >= 10)
variance = train.var(axis=0, ddof=0)
kept = np.sort(detected[np.argsort(-variance[detected], kind="stable")[:KEPT]])
scaler = StandardScaler(with_mean=False).fit(train[:, kept])
scaled = np.clip(scaler.transform(data.X[:, kept].astype(np.float64)), -CLIP, CLIP)
centred = np.clip(StandardScaler().fit(train[:, kept]).transform(data.X[:, kept].astype(np.float64)), -CLIP, CLIP)
json.dump({"counts": counts.tolist(), "n_train": TRAIN, "n_kept": KEPT, "clip": CLIP, "genes": kept.tolist(), "detected": len(detected),
           "sd": scaler.scale_.tolist(), "mean": train[:, kept].mean(axis=0).tolist(), "scaled": scaled.tolist(),
           "centred": centred.tolist(), "median_total": float(np.median(counts[:TRAIN].sum(axis=1)))}, sys.stdout)
