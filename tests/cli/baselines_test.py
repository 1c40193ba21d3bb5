"""Simple models beside the net: pseudobulk, composition and a precomputed embedding, each in every classifier, in the one table; those
on the embedding are scikit-learn's on the same means. And what is refused before anything is trained.

usage: baselines_test.py [PROGRAM]

Exits 77 (skipped) without anndata or scikit-learn, or with a program that has no LibTorch.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files

SKIPPED = 77
try:
    import anndata
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

EXPERIMENT = """[data]
files = [{files}]
label = "disease"
unit = "donor"
donor = "donor"

[split]
scheme = "group"
by = "batch"

[prepare]
min_genes = 100
max_genes = 0
max_mito_percent = 20
min_cells_per_gene = 1
genes = { select = "all" }

[model]
kind = "bag"
bag = { cell_width = 8, attention_width = 8, patient_width = 8, cells = 30, patients = 4 }

[train]
epochs = 1

[evaluate]
classifiers = ["logistic", "knn", "mlp"]
embedding = "X_other"
permutations = 0
"""


def run(program, folder, *words):
    return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True)


def complaint(program, folder, experiment, *words):
    (folder / "bad.toml").write_text(experiment)
    result = run(program, folder, "evaluate", "bad.toml", "--out", "bad", *words)
    assert result.returncode in (1, 2), result
    lines = [line for line in result.stderr.splitlines() if "found" in line]
    assert len(lines) == 1, result.stderr
    assert not (folder / "bad" / "model").exists()
    return lines[0]


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = run(program, folder, "simulate", "--n-donors", "24", "--n-batches", "4", "--n-cells", "40", "--n-genes", "400", "--out", "sim")
        assert made.returncode == 0, made.stderr
        data = anndata.read_h5ad(folder / "sim" / "cohort.h5ad")
        rng = np.random.default_rng(3)
        sick = (data.obs["disease"] == "disease").to_numpy()
        data.obsm["X_other"] = (rng.normal(size=(data.n_obs, 6)) + 0.25 * sick[:, None]).astype(np.float32)
        data.write_h5ad(folder / "a.h5ad")
        experiment = EXPERIMENT.replace("{files}", '"a.h5ad"')
        (folder / "e.toml").write_text(experiment)
        result = run(program, folder, "evaluate", "e.toml", "--out", "run")
        if "without LibTorch" in result.stderr:
            print("skipped: a program without LibTorch")
            return SKIPPED
        assert result.returncode == 0, result.stderr
        evaluation = json.loads((folder / "run" / "evaluation.json").read_text())
        rivals = {rival["name"]: rival for rival in evaluation["rivals"]}
        assert list(rivals) == ["majority", "covariates", "composition", "composition kNN", "composition MLP", "pseudobulk", "pseudobulk kNN",
                                "pseudobulk MLP", "embedding", "embedding kNN", "embedding MLP", "cells"], list(rivals)
        assert rivals["embedding"]["how"] == "logistic regression on the mean of X_other over the cells of each unit, 6 dimensions, computed elsewhere"
        assert rivals["pseudobulk kNN"]["how"].startswith("5 nearest neighbours on the summed profile")

        # The same by scikit-learn, on the cells that passed quality control.
        sides = {row["unit"]: row for row in csv.DictReader((folder / "run" / "split.tsv").open(), delimiter="\t")}
        kept = [name for shard in sorted((folder / "run" / "store").glob("0*.h5ad")) for name in anndata.read_h5ad(shard).obs_names]
        assert 0 < len(kept) < data.n_obs  # dying cells are out
        kept = data[kept]
        mean = {unit: kept.obsm["X_other"][(kept.obs["donor"] == unit).to_numpy()].mean(axis=0) for unit in sides}
        rows = {side: np.array([mean[u] for u in sides if sides[u]["side"] == side]) for side in ("train", "test")}
        truth = {side: np.array([sides[u]["label"] == "disease" for u in sides if sides[u]["side"] == side]) for side in ("train", "test")}
        scale = StandardScaler().fit(rows["train"])
        x = {side: scale.transform(rows[side]) for side in rows}
        for name, model in (("embedding", LogisticRegression(class_weight="balanced", tol=1e-8)), ("embedding kNN", KNeighborsClassifier(5))):
            model.fit(x["train"], truth["train"])
            called = model.predict(x["test"])
            expected = [[int(((truth["test"] == t) & (called == c)).sum()) for c in (False, True)] for t in (False, True)]
            assert np.array(rivals[name]["units"]["confusion"]).reshape(2, 2).tolist() == expected, (name, expected, rivals[name])

        # Refused before anything is trained.
        assert "obsm: found no 'X_othre'" in complaint(program, folder, experiment.replace("X_other", "X_othre"))
        both = EXPERIMENT.replace("{files}", '"a.h5ad", "b.h5ad"')
        twin = data[:480].copy()
        twin.obs_names = [f"twin{i}" for i in range(480)]
        twin.obsm["X_other"] = twin.obsm["X_other"][:, :4]
        twin.write_h5ad(folder / "b.h5ad")
        assert "b.h5ad obsm/X_other: found 4 dimensions, expected 6, as in" in complaint(program, folder, both)
        print("baselines: all good")
    return 0


if __name__ == "__main__":
    sys.exit(main())
