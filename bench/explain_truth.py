"""Do explanations find the genes that were changed? Simulated patients whose disease changes 30 genes twofold (up or down) in one cell
type of ten, about a tenth of the cells; a net of bags learns who is ill, and `cellverdict explain` says by which genes.

AUROC over genes of |attribution| within that type in the ill test units, changed against unchanged genes; beside it the same for
another type (should not be found) and for the rank of a pseudobulk differential expression of the same training units.

  .venv/bin/python bench/explain_truth.py --studies 5
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import anndata
import numpy as np
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
LEAST = 0.95
DESIGN = {"n-donors": 80, "n-cells": 300, "n-genes": 2000, "n-cell-types": 10, "n-disease-types": 1, "n-disease-genes": 30,
          "shared-disease": 0, "effect": 0.6931, "effect-spread": 0, "n-batches": 1, "low-quality": 0}
EXPERIMENT = """[data]
files = ["sim/cohort.h5ad"]
label = "disease"
unit = "library"
donor = "donor"
[split]
scheme = "group"
test_fraction = 0.25
validation_fraction = 0.15
[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
genes = {{ select = "all" }}
scale = {{ by = "none" }}
[model]
kind = "bag"
bag = {{ cell_width = 128, attention_width = 64, patient_width = 64, cells = 0, patients = 8 }}
[train]
epochs = 60
patience = 0
learning_rate = 1e-4
weight_decay = 1e-2
seed = {seed}
"""


def study(program: str, folder: Path, seed: int, baseline: str) -> dict:
    def play(*words: str) -> None:
        subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)

    play("simulate", *(word for name, value in DESIGN.items() for word in (f"--{name}", str(value))), "--out", "sim", "--seed", str(seed))
    (folder / "bag.toml").write_text(EXPERIMENT.format(seed=seed))
    play("train", "bag.toml", "--out", "run")
    play("explain", "run", "--out", "why", "--cell-type", "cell_type", "--baseline", baseline)
    with open(folder / "sim" / "truth_genes.tsv", newline="") as file:
        changed = {line["gene_id"] for line in csv.DictReader(file, delimiter="\t") if line["program"] == "disease"}
    with open(folder / "why" / "genes.tsv", newline="") as file:
        genes = list(csv.DictReader(file, delimiter="\t"))
    types = anndata.read_h5ad(folder / "why" / "attributions_by_type.h5ad")
    truth = types.var_names.isin(changed)
    listed = [gene["gene_id"] in changed for gene in genes]
    return {
        "own type": roc_auc_score(truth, np.abs(types["type 1 in disease"].X.ravel())),
        "other type": roc_auc_score(truth, np.abs(types["type 2 in disease"].X.ravel())),
        "all cells": roc_auc_score(listed, [-int(gene["rank"]) for gene in genes]),
        "pseudobulk": roc_auc_score(listed, [-int(gene["expression_rank"]) for gene in genes]),
        "delta": float(anndata.read_h5ad(folder / "why" / "attributions.h5ad").obs.relative_delta.max()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build/release/cellverdict"))
    parser.add_argument("--studies", type=int, default=5)
    parser.add_argument("--baseline", default="class-mean", choices=["zero", "class-mean"])
    arguments = parser.parse_args()
    found = []
    print("seed  own type  other type  all cells  pseudobulk  worst delta")
    for seed in range(1, arguments.studies + 1):
        with tempfile.TemporaryDirectory() as place:
            r = study(str(Path(arguments.program).resolve()), Path(place), seed, arguments.baseline)
        found.append(r["own type"])
        print(f"{seed:4}  {r['own type']:8.3f}  {r['other type']:10.3f}  {r['all cells']:9.3f}  {r['pseudobulk']:10.3f}  {r['delta']:11.2e}", flush=True)
    print(f"own type: mean {np.mean(found):.3f}, least {min(found):.3f} (at least {LEAST} expected)")
    return 0 if min(found) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
