"""Who finds what: simulated patients whose disease changes only how frequent a cell type is, or only how genes are expressed.

  composition   one type of six is e^0.7 times as likely in the sick, and no gene changes
  expression    80 genes of each type change, and no type is more or less frequent

80 donors of 100 cells, who differ in expression as people do (--donor-effect 0.2), five stratified folds; every donor tested once. Prints, for each kind, the AUC over units of the net of bags and
of every simple model: the mean over studies with its standard error, and how often the shares of cell types were the best of all.

  .venv/bin/python bench/composition_truth.py --studies 10
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "composition": ["--n-disease-genes", "0", "--composition-effect", "0.7"],
    "expression": ["--n-disease-genes", "80"],
}
EXPERIMENT = """[data]
files = ["{file}"]
label = "disease"
unit = "donor"
donor = "donor"
[cv]
scheme = "stratified-group"
folds = 5
[split]
validation_fraction = 0
[prepare]
min_genes = 0
max_mito_percent = 20
genes = {{ select = "all" }}
[model]
kind = "bag"
bag = {{ cell_width = 32, attention_width = 32, patient_width = 16, cells = 100, patients = 8 }}
[train]
epochs = 8
learning_rate = 2e-3
weight_decay = 1e-4
seed = {seed}
[evaluate]
baselines = ["composition", "pseudobulk", "cells"]
classifiers = ["logistic", "knn", "mlp"]
permutations = 0
"""


def run(program, *words):
    subprocess.run([program, *map(str, words)], check=True, capture_output=True)


def study(program, folder: Path, kind: str, seed: int) -> dict[str, float]:
    run(program, "simulate", "--n-donors", 80, "--n-cells", 100, "--n-genes", 800, "--n-cell-types", 6, "--donor-effect", 0.2, "--seed", seed, *KINDS[kind],
        "--out", folder / "data")
    (folder / "study.toml").write_text(EXPERIMENT.format(file=folder / "data" / "cohort.h5ad", seed=seed))
    run(program, "evaluate", folder / "study.toml", "--out", folder / "run", "--threads", 1)
    evaluation = json.loads((folder / "run" / "evaluation.json").read_text())
    tables = {"net of bags": evaluation["metrics"], **{r["name"]: r["metrics"] for r in evaluation["rivals"]}}
    return {name: next(m["estimate"] for m in table if m["metric"] == "auc" and m["over"] == "units") for name, table in tables.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    a = parser.parse_args()
    program = os.environ.get("CELLVERDICT_PROGRAM", str(ROOT / "build" / "release" / "cellverdict"))
    for kind in a.kinds:
        aucs = defaultdict(list)
        best = 0
        for number in range(a.studies):
            with tempfile.TemporaryDirectory(prefix="cellverdict-composition-") as folder:
                of = study(program, Path(folder), kind, 2000 + number)
            for name, auc in of.items():
                aucs[name].append(auc)
            shares = max(auc for name, auc in of.items() if name.startswith("composition"))
            best += shares >= max(auc for name, auc in of.items() if not name.startswith("composition"))
        print(f"{kind} alone, {a.studies} studies; shares of cell types best in {best}")
        for name, values in aucs.items():
            error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0
            print(f"  {name:<16} {statistics.mean(values):.3f} ± {error:.3f}", flush=True)


if __name__ == "__main__":
    main()
