"""How often cellverdict says that a label can be read where it cannot, and where it can: simulated studies run from files to the answer.

  null         no disease gene, no batches: every donor's label is as good as drawn at random
  balanced     no disease gene, and batches that hold as many of one class as of the other
  confounded   no disease gene, but the batch is the label; nobody names it as a covariate
  true         disease genes as `cellverdict simulate` has them by default

Each study has its own seed. Prints a table: studies, share answered with 'Shown', mean AUC over units of the net and of pseudobulk.

  .venv/bin/python bench/null_studies.py --studies 200 --kinds null balanced confounded true
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "null": ["--effect", "0", "--n-disease-genes", "0", "--batch-effect", "0"],
    "balanced": ["--effect", "0", "--n-disease-genes", "0"],
    "confounded": ["--effect", "0", "--n-disease-genes", "0", "--confounding", "1", "--batch-effect", "0.5"],
    "true": [],
}
EXPERIMENT = """[data]
files = ["{file}"]
label = "disease"
unit = "donor"
donor = "donor"
[cv]
scheme = "stratified-group"
folds = 4
[split]
validation_fraction = 0
[prepare]
min_genes = 0
max_mito_percent = 100
genes = {{ select = "variance", n = 200 }}
[model]
width = 32
depth = 1
[train]
epochs = 5
seed = {seed}
[evaluate]
baselines = ["majority", "covariates", "pseudobulk"]
permutations = {permutations}
"""


def run(program, *words):
    subprocess.run([program, *map(str, words)], check=True, capture_output=True)


def study(program, folder: Path, kind: str, seed: int, permutations: int) -> dict:
    run(program, "simulate", "--n-donors", 24, "--n-cells", 60, "--n-genes", 600, "--seed", seed, *KINDS[kind], "--out", folder / "data")
    text = EXPERIMENT.format(file=folder / "data" / "cohort.h5ad", seed=seed, permutations=permutations)
    (folder / "study.toml").write_text(text)
    run(program, "run", folder / "study.toml", "--out", folder / "run", "--no-pictures", "--threads", 1)
    return json.loads((folder / "run" / "evaluation.json").read_text())


def unit_auc(metrics):
    return next(m["estimate"] for m in metrics if m["metric"] == "auc" and m["over"] == "units")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--permutations", type=int, default=0)
    a = parser.parse_args()
    program = os.environ.get("CELLVERDICT_PROGRAM", str(ROOT / "build" / "release" / "cellverdict"))
    print("kind        studies  shown      net's AUC      pseudobulk's AUC  p < 0.05")
    for kind in a.kinds:
        found, nets, linear, small = 0, [], [], 0
        for number in range(a.studies):
            folder = Path(tempfile.mkdtemp(prefix="cellverdict-null-"))
            try:
                evaluation = study(program, folder, kind, 1000 + number, a.permutations)
            finally:
                shutil.rmtree(folder)
            found += evaluation["shown"]
            nets.append(unit_auc(evaluation["metrics"]))
            linear.append(unit_auc(next(r for r in evaluation["rivals"] if r["name"] == "pseudobulk")["metrics"]))
            small += (evaluation.get("permutation") or {}).get("p_value") is not None and evaluation["permutation"]["p_value"] < 0.05
        spread = [statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0 for values in (nets, linear)]
        print(
            f"{kind:<11} {a.studies:>7}  {100 * found / a.studies:4.1f} %   {statistics.mean(nets):.3f} ± {spread[0]:.3f}  "
            f"{statistics.mean(linear):.3f} ± {spread[1]:.3f}    {100 * small / a.studies:4.1f} %"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
