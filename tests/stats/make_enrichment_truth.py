"""Writes enrichment_truth.json: what gseapy.prerank 1.3.1 says of a small ranking and six sets (read by enrichment_test.cpp).

gseapy is not among the project's wheels; to make the file anew: pip install gseapy==1.3.1 numpy pandas into an environment of its own.
"""

import json
from pathlib import Path

import gseapy
import numpy as np
import pandas as pd

N = 300
rng = np.random.default_rng(3)
values = np.round(np.sort(rng.standard_t(4, N))[::-1], 6)
names = [f"G{i}" for i in range(N)]
sets = {
    "top": sorted(rng.choice(60, 15, replace=False).tolist()),
    "bottom": sorted((N - 1 - rng.choice(50, 12, replace=False)).tolist()),
    "anywhere": sorted(rng.choice(N, 20, replace=False).tolist()),
    "both ends": sorted(list(range(0, 18, 3)) + list(range(N - 18, N, 3))),
    "a little high": sorted(rng.choice(N, 25, replace=False, p=np.linspace(2, 1, N) / np.linspace(2, 1, N).sum()).tolist()),
    "five": [2, 30, 90, 150, 299],
}
found = gseapy.prerank(
    rnk=pd.Series(values, index=names),
    gene_sets={name: [names[i] for i in places] for name, places in sets.items()},
    weight=1, permutation_num=20000, min_size=2, max_size=200, seed=7, threads=1, outdir=None, verbose=False,
).res2d.set_index("Term")
cases = [{"name": name, "places": places, "score": float(found.loc[name, "ES"]), "normalised": float(found.loc[name, "NES"]),
          "p": float(found.loc[name, "NOM p-val"]), "leading": found.loc[name, "Lead_genes"].split(";")}
         for name, places in sets.items()]
Path(__file__).with_name("enrichment_truth.json").write_text(json.dumps({"values": values.tolist(), "sets": cases}, indent=1) + "\n")
