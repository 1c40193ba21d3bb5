"""`explain` on a run: what it writes adds up, from genes to cells to types to units; and what it refuses, it refuses in one sentence.

usage: explain_test.py [PROGRAM]

Exits 77 (skipped) without anndata, or with a program that has no LibTorch.
"""

import csv
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files

SKIPPED = 77
try:
    import anndata
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

EXPERIMENT = """[data]
files = ["sim/cohort.h5ad"]
label = "disease"
unit = "library"
donor = "donor"

[split]
scheme = "group"

[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
min_cells_per_gene = 1
genes = { select = "all" }

[model]
kind = "bag"
bag = { cell_width = 8, attention_width = 8, patient_width = 8, cells = 30, patients = 4 }

[train]
epochs = 3
seed = 1
"""


def table(path: Path) -> list[dict]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def check(holds: bool, claim: str) -> None:
    if not holds:
        sys.exit(f"not so: {claim}")


def close(a, b, rounding: float = 1e-6) -> bool:
    """Sums over genes and over cells are made from float32 numbers in different orders."""
    return bool(np.allclose(a, b, rtol=1e-5, atol=rounding))


class Player:
    def __init__(self, program: str, folder: Path):
        self.program, self.folder = program, folder

    def __call__(self, *words: str, code: int = 0) -> str:
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != code:
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}, expected {code}\n{done.stderr}")
        return done.stdout if code == 0 else done.stderr


def check_sums(out: Path, run: Path) -> None:
    units, types = anndata.read_h5ad(out / "attributions.h5ad"), anndata.read_h5ad(out / "attributions_by_type.h5ad")
    cells, genes = table(out / "cells.tsv"), table(out / "genes.tsv")
    n_cells = units.obs.n_cells.to_numpy()
    total = units.X.sum(axis=1) * n_cells
    check(close(total, units.obs.attribution), "the genes of a unit sum to its attribution")
    change = (units.obs.value - units.obs.baseline_value).to_numpy()
    check(close(units.obs.attribution - change, units.obs.convergence_delta), "the delta is what the sum misses of the change")
    check(bool((units.layers["magnitude"] >= np.abs(units.X) - 1e-12).all()), "a magnitude is at least its signed mean")

    of_unit, attention, of_type = defaultdict(float), defaultdict(float), defaultdict(float)
    for cell in cells:
        of_unit[cell["unit"]] += float(cell["attribution"])
        attention[cell["unit"]] += float(cell["attention"])
        of_type[cell["cell_type"]] += float(cell["attribution"])
    check(len(cells) == n_cells.sum() and set(of_unit) == set(units.obs_names), "every cell of every unit has a line")
    check(close([of_unit[u] for u in units.obs_names], total), "the cells of a unit sum to its attribution")
    check(np.allclose(list(attention.values()), 1, atol=1e-4), "a unit's attention sums to 1")

    whole = types[types.obs.label.isna()]
    check(set(whole.obs.cell_type) == set(of_type), "every type is there")
    check(close(whole.X.sum(axis=1) * whole.obs.n_cells, [of_type[t] for t in whole.obs.cell_type]), "a type's genes sum to its cells")
    check(close((whole.X * whole.obs.n_cells.to_numpy()[:, None]).sum(axis=0), (units.X * n_cells[:, None]).sum(axis=0)),
          "types and units hold the same attributions")
    classes = types[~types.obs.label.isna()]
    check(classes.obs.n_cells.sum() == whole.obs.n_cells.sum(), "classes divide the cells")
    mean = dict(zip(units.var_names, units.X.mean(axis=0)))
    check(close([float(g["attribution"]) for g in genes], [mean[g["gene_id"]] for g in genes], 1e-12), "genes.tsv has the mean over units")
    check(sorted(int(g["expression_rank"]) for g in genes) == list(range(1, len(genes) + 1)), "expression ranks are 1 to n")

    said = {line["unit"]: line for line in table(run / "units.tsv")}
    column = next(name for name in next(iter(said.values())) if name.endswith("disease") and name != "disease")
    temperature = json.loads((run / "model" / "model.json").read_text()).get("temperature", 1)
    if temperature == 1:
        check(np.allclose([float(said[u][column]) for u in units.obs_names], units.obs.value, atol=1e-5), "the value is what the model says")


def main() -> int:
    program = files.program_to_test()
    if program is None:
        return SKIPPED
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        play = Player(program, folder)
        if "LibTorch none" in play("version"):
            print("skipped: a program without LibTorch")
            return SKIPPED
        play("simulate", "--n-donors", "20", "--n-cells", "40", "--n-genes", "120", "--n-disease-genes", "8", "--low-quality", "0",
             "--out", "sim", "--seed", "3", "-q")
        (folder / "bag.toml").write_text(EXPERIMENT)
        play("evaluate", "bag.toml", "--out", "run", "-q")
        for baseline in ("zero", "class-mean"):
            play("explain", "run", "--out", "why", "--cell-type", "cell_type", "--baseline", baseline, "--steps", "200")
            check_sums(folder / "why", folder / "run")
        play("explain", "run", "--out", "all", "--cells", "0", "--target", "difference", "--class", "control")
        check(len(table(folder / "all" / "cells.tsv")) == sum(int(u["n_cells"]) for u in table(folder / "run" / "units.tsv")),
              "--cells 0 takes all")

        top = [g["gene_symbol"] for g in table(folder / "why" / "genes.tsv")][:6]
        (folder / "sets.gmt").write_text("first\tx\t" + "\t".join(top) + "\nnowhere\tx\tNOBODY\n")
        result = json.loads(play("explain", "run", "--out", "why", "--baseline", "class-mean", "--cell-type", "cell_type", "--steps",
                                 "200", "--gmt", "sets.gmt", "--json"))
        check([s["set"] for s in result["sets"]] == ["first"] and result["sets"][0]["n_top"] == 6, "the set of first genes is found")
        check(len(table(folder / "why" / "sets.tsv")) == 1, "sets.tsv has a line for each set with genes")
        check(len(result["random_weights_correlation"]) == 1 and abs(result["random_weights_correlation"][0]) <= 1, "a net with fresh weights")
        check(any("1 of 2 sets" in w for w in result["warnings"]), "a set without genes is counted")

        same = json.loads(play("explain", "run", "--out", "again", "--baseline", "class-mean", "--cell-type", "cell_type", "--steps",
                               "200", "--compare", "why", "--compare", "all", "--json"))["compared"]
        check(same[0]["rank_correlation"] == 1 and same[0]["jaccard"] == 1, "an explanation agrees with itself")
        check(same[1]["rank_correlation"] < 1 and same[1]["n_genes"] == same[0]["n_genes"], "and less with another")

        (folder / "mlp.toml").write_text(EXPERIMENT.replace('kind = "bag"', 'kind = "mlp"'))
        play("train", "mlp.toml", "--out", "cells", "-q")
        for words, expected in [
            (("explain", "cells", "--out", "x"), "kind 'mlp'"),
            (("explain", "run"), "no --out"),
            (("explain", "run", "--out", "sim"), "no explanation wrote"),
            (("explain", "run", "--out", "x", "--class", "diseas"), "did you mean 'disease'"),
            (("explain", "run", "--out", "x", "--target", "logits"), "did you mean 'logit'"),
            (("explain", "run", "--out", "x", "--cell-type", "celltype"), "cell_type"),
            (("explain", "sim", "--out", "x"), "no trained model"),
            (("explain", "run", "--out", "x", "--compare", "sim"), "genes.tsv"),
        ]:
            said = play(*words, code=1 if expected in ("no trained model", "genes.tsv") else 2)
            check(expected in said, f"{' '.join(words)} says {expected}: {said}")
            check(not (folder / "x").exists(), "nothing is written")
    print("explanations add up")
    return 0


if __name__ == "__main__":
    sys.exit(main())
