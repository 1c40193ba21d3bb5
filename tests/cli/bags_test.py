"""A net of bags of cells through every verb: what `evaluate` says of several drawings of cells, the patients it writes, `space` on
them, and `predict` on files: the same numbers again, and no call for units that are unlike those of the training.

usage: bags_test.py [PROGRAM]

Exits 77 (skipped) without anndata or scikit-learn, or with a program that has no LibTorch.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files
from files import Player, check

SKIPPED = 77
try:
    import anndata
    import numpy as np
    from sklearn.metrics import f1_score
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

EXPERIMENT = (
    files.BAG_EXPERIMENT
    + """
[evaluate]
baselines = ["majority"]
permutations = 0
samplings = 4
"""
)


def check_evaluation(run: Path) -> None:
    units = files.read_table(run / "units.tsv")
    truth, called = [u["label"] for u in units], [u["predicted"] for u in units]
    metrics = {(m["metric"], m["over"]): m for m in files.read_table(run / "metrics.tsv")}
    own = metrics["weighted F1", "units"]
    check(abs(float(own["estimate"]) - f1_score(truth, called, average="weighted")) < 1e-6, "weighted F1 is scikit-learn's")
    sampled = json.loads((run / "evaluation.json").read_text())["samplings"]
    check(sampled["n_drawings"] == 4 and sampled["cells"] == 30 and sampled["n_more"] == len(units), "four drawings of 30 cells")
    for metric in sampled["metrics"]:
        values, line = np.array(metric["values"]), metrics[metric["metric"], "units"]
        check(len(values) == 4 and abs(float(line["sd"]) - values.std(ddof=1)) < 1e-6, "the spread is that of the drawings")
        check(float(line["lowest"]) == round(values.min(), 9) or np.isclose(float(line["lowest"]), values.min()), "and its range")
    loss = next(m["values"] for m in sampled["metrics"] if m["metric"] == "loss")
    check(len(set(loss)) == 4, "other cells give other numbers")


def check_patients(run: Path, cohort: anndata.AnnData) -> None:
    patients = anndata.read_h5ad(run / "patients.h5ad")
    split = {(r["unit"], r["side"]) for r in files.read_table(run / "split.tsv")}
    check(set(zip(patients.obs_names, patients.obs["split"])) == split, "patients are the units of all sides")
    check(patients.obsm["X_patient"].shape == (patients.n_obs, 8), "X_patient is the patient encoder's")
    unit = patients.obs_names[3]
    counts = cohort[cohort.obs["library"] == unit].X.sum(0)
    counts = np.asarray(counts, dtype=float).ravel()
    bulk = np.log1p(counts / counts.sum() * 1e4)
    places = [list(cohort.var_names).index(g) for g in patients.var_names]
    check(np.allclose(np.asarray(patients[unit].X).ravel(), bulk[places], atol=1e-5), "X is the pseudobulk")
    check({"donor", "disease", "p_disease", "predicted", "n_cells", "batch"} <= set(patients.obs), "columns of units are kept")
    check("cell_type" not in patients.obs, "and columns of cells are not")
    train = patients[patients.obs["split"] == "train"].obsm["X_pseudobulk"]
    check(np.allclose(train.mean(0), 0, atol=1e-6), "the components are those of the training units")
    for unit in files.read_table(run / "units.tsv"):
        check(abs(patients.obs.loc[unit["unit"], "p_disease"] - float(unit["p_disease"])) < 1e-6, "probabilities are those of units.tsv")


def check_predict(play: Player, folder: Path) -> None:
    told = json.loads(play("predict", "run/model", "sim/cohort.h5ad", "--out", "p.tsv", "--draws", "4", "--out-cells", "attention.tsv",
                           "--write-into", "called.h5ad", "--json"))
    predicted = {r["unit"]: r for r in files.read_table(folder / "p.tsv")}
    tested = files.read_table(folder / "run" / "units.tsv")
    for unit in tested:
        check(abs(float(predicted[unit["unit"]]["p_disease"]) - float(unit["p_disease"])) < 1e-6, "predict says what evaluate said")
    check(all(r["n_drawn"] == "30" and float(r["sd_over_draws_disease"]) > 0 for r in predicted.values()), "30 cells are drawn")
    cells = files.read_table(folder / "attention.tsv")
    for unit in list(predicted)[:3]:
        own = [c for c in cells if c["unit"] == unit]
        check(sum(int(c["drawn"]) for c in own) == 4 * 30, "each drawing takes 30 cells")
        check(len(own) == int(predicted[unit]["n_passing"]), "every cell that passes has a line")
    play("predict", "run/model", "sim/cohort.h5ad", "--out", "all.tsv", "--cells", "0", "--out-cells", "attention.tsv")
    sums = {}
    for cell in files.read_table(folder / "attention.tsv"):
        sums[cell["unit"]] = sums.get(cell["unit"], 0) + float(cell["attention"])
    check(np.allclose(list(sums.values()), 1, atol=1e-5), "attention sums to one in each unit")
    called = anndata.read_h5ad(folder / "called.h5ad")
    of_unit = called.obs.groupby("library", observed=True)["cellverdict_disease"].agg(["min", "max"])
    check(bool((of_unit["min"] == of_unit["max"]).all()), "every cell of a unit says the same")

    # Units held out of training are familiar, those of another tissue are not.
    held_out = [predicted[u["unit"]] for u in tested]
    check(told["n_known_units"] + len(tested) <= len(predicted) and told["n_held_out"] >= told["n_known_units"], "familiarity rests on units held out")
    check(np.median([float(u["familiarity"]) for u in held_out]) > 0.2, "held-out units are familiar")
    strange = json.loads(play("predict", "run/model", "other/cohort.h5ad", "--out", "o.tsv", "--abstain", "0.05", "--json"))
    check(all(u["abstains"] and u["predicted"] == "" for u in strange["units"]), "units of other programs are not called")
    check(all(u["familiarity"] <= 0.05 and u["times_usual_distance"] > 1.5 for u in strange["units"]), "and are unlike the training's")
    check({r["predicted"] for r in files.read_table(folder / "o.tsv")} == {"abstains"}, "the table says so")
    unsure = json.loads(play("predict", "run/model", "sim/cohort.h5ad", "--out", "u.tsv", "--least-confidence", "0.999", "--json"))
    check(all(u["abstains"] and "below 0.999" in u["why_not"] for u in unsure["units"]), "low confidence is no call when asked for")


def check_cells_model(play: Player, folder: Path) -> None:
    (folder / "mlp.toml").write_text(EXPERIMENT.replace('kind = "bag"', 'kind = "mlp"\nwidth = 8'))
    play("evaluate", "mlp.toml", "--out", "cells", "-q")
    check(not (folder / "cells" / "patients.h5ad").exists(), "a net of cells has no patients")
    play("predict", "cells/model", "sim/cohort.h5ad", "--out", "c.tsv", "--out-units", "cu.tsv")
    units = files.read_table(folder / "cu.tsv")
    check(np.median([float(u["familiarity"]) for u in units]) > 0.2, "known units are familiar to a net of cells")
    strange = json.loads(play("predict", "cells/model", "other/cohort.h5ad", "--out", "c.tsv", "--abstain", "0.05", "--json"))
    check(all(u["abstains"] for u in strange["units"]), "and units of other programs are not called")


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
        for name, seed in (("sim", "3"), ("other", "77")):
            play("simulate", "--n-donors", "36", "--n-cells", "50", "--n-genes", "150", "--n-disease-genes", "8", "--n-batches", "3", "--low-quality", "0", "--out", name,
                 "--seed", seed, "-q")
        (folder / "bag.toml").write_text(EXPERIMENT)
        play("evaluate", "bag.toml", "--out", "run", "-q")
        check_evaluation(folder / "run")
        check_patients(folder / "run", anndata.read_h5ad(folder / "sim" / "cohort.h5ad"))
        check_predict(play, folder)
        check_cells_model(play, folder)

        # `space` needs no options, and knows the cells that another model was taught.
        play("space", "run")
        check((folder / "run" / "space" / "space.html").exists(), "space knows where and what")
        same = play("space", "run", "--where", "split == 'test'", "--trained-on", "run", "--out", "s1", "--json")
        check(not any("very counts" in w for w in json.loads(same)["warnings"]), "test units are new to their own model")
        (folder / "twin.toml").write_text(EXPERIMENT.replace("seed = 1", "seed = 2"))
        play("evaluate", "twin.toml", "--out", "twin", "-q")
        taught = json.loads(play("space", "run", "--where", "split == 'test'", "--trained-on", "twin", "--out", "s2", "--json"))
        check(any("very counts" in w for w in taught["warnings"]), "cells that another model was taught are found")

        # A fold each, and no space of several models.
        (folder / "cv.toml").write_text(EXPERIMENT.replace("[split]\nscheme = \"group\"", "[cv]\nscheme = \"group\"\nby = \"batch\"\nfolds = 3"))
        play("evaluate", "cv.toml", "--out", "cv", "-q")
        check(all((folder / "cv" / f"fold-{k}" / "patients.h5ad").exists() for k in (1, 2, 3)), "each fold has its patients")
        folds = files.read_table(folder / "cv" / "folds.tsv")
        check(sum(int(f["units_disease"]) + int(f["units_control"]) for f in folds) == 36, "folds.tsv counts every unit once")

        for words, expected in [
            (("space", "cv"), "fold-1"),
            (("predict", "run/model", "sim/cohort.h5ad", "--out-units", "x.tsv"), "--out has one line a unit"),
            (("predict", "cells/model", "sim/cohort.h5ad", "--cells", "5"), "single cells are all asked"),
            (("predict", "cells/model", "sim/cohort.h5ad", "--out-cells", "x.tsv"), "--out has one line a cell"),
            (("predict", "run/model", "sim/cohort.h5ad", "--abstain", "2"), "0 to 1"),
            (("predict", "run/model", "sim/cohort.h5ad", "--draws", "0"), "at least 1"),
        ]:
            said = play(*words, code=2)
            check(expected in said and said.count("error:") == 1, f"{' '.join(words)} says {expected}: {said}")
        check(not (folder / "x.tsv").exists(), "nothing is written")
    print("a net of bags goes through every verb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
