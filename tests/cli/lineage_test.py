"""A lineage through every verb: an autoencoder of one type of cell, nets on its latent numbers, and what they say of other types. A
disease that changes the same genes in all types can be read in types the net was never taught; one that changes others in each cannot.

usage: lineage_test.py [PROGRAM]

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
    from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

EXPERIMENT = """[data]
files = ["SOURCE"]
label = "disease"
unit = "donor"
donor = "donor"

[split]
scheme = "group"
where = "cell_type == 'type 1'"

[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
min_cells_per_gene = 1
genes = { select = "all" }
scale = { by = "none" }

[model]
kind = "mlp"
input = "latent"
width = 32
depth = 2
dropout = 0.1
autoencoder = { where = "cell_type == 'type 1'", hidden = [64], latent = 16, epochs = 12, batch_size = 128 }
transformer = { width = 16, heads = 2, feed_forward = 16 }
graph = { neighbours = 10 }

[train]
epochs = 5
patience = 0
batch_size = 128

[evaluate]
baselines = ["majority", "cells", "pca", "latent", "latent mean"]
permutations = 0
normal = "control"

[[evaluate.set]]
name = "type 2"
where = "cell_type == 'type 2'"
"""
VARIANTS = """
[[variant]]
name = "FFN"
[[variant]]
name = "FFN, direct"
set = { "split.where" = "cell_type == 'type 2'" }
[[variant]]
name = "transformer"
set = { "model.kind" = "transformer", "train.epochs" = 2 }
[[variant]]
name = "graph"
set = { "model.kind" = "graph", "train.epochs" = 30, "train.learning_rate" = 1e-2 }
[[variant]]
name = "transductive"
set = { "model.kind" = "graph", "model.graph.transductive" = true, "model.graph.cap_by" = "total", "train.epochs" = 30, "train.learning_rate" = 1e-2 }
"""
OWN_HEAD = """
[[model.head]]
label = "disease"
against = "control"
weight = 1.0
"""
SIMULATE = ("--n-donors", "20", "--n-cells", "120", "--n-genes", "600", "--n-cell-types", "2", "--n-disease-genes", "60", "--effect", "1",
            "--low-quality", "0")  # fmt: skip


def row(path: Path, **wanted: str) -> dict:
    [found] = [r for r in files.read_table(path) if all(r[k] == v for k, v in wanted.items())]
    return found


def check_scores(run: Path) -> None:
    """The set "test" is the test side, scored as scikit-learn scores it."""
    cells = files.read_table(run / "predictions.tsv")
    truth, called = [c["label"] for c in cells], [c["predicted"] for c in cells]
    own = row(run / "sets.tsv", set="test", model="", label="as it is", over="cells")
    check(abs(float(own["accuracy"]) - accuracy_score(truth, called)) < 1e-9, "accuracy is scikit-learn's")
    check(abs(float(own["weighted_f1"]) - f1_score(truth, called, average="weighted")) < 1e-9, "weighted F1 is scikit-learn's")
    auc = roc_auc_score([t == "disease" for t in truth], [float(c["p_disease"]) for c in cells])
    check(abs(float(own["auc"]) - auc) < 1e-4, "the AUC is scikit-learn's")


def check_latents(run: Path) -> None:
    latent = anndata.read_h5ad(run / "latent.h5ad")
    check(latent.obsm["X_latent"].shape[1] == 16, "latent.h5ad has the latent numbers")
    check(set(latent.obs["split"]) == {"train", "validation", "test"}, "latent.h5ad has the cells of all sides")
    check(set(latent.obs["cell_type"]) == {"type 1", "type 2"}, "cells the encoder never saw are encoded too")
    check(np.isfinite(latent.obsm["X_latent"]).all(), "latent numbers are numbers")
    genes = files.read_table(run / "reconstruction.tsv")
    check(len(genes) == 600 and float(genes[0]["r2 test"]) <= 1, "every gene has its R²")


def zero_shot(play: Player, shared: str) -> tuple[float, float]:
    """AUC over cells on the type that was taught and on the one that was not."""
    play("simulate", *SIMULATE, "--shared-disease", shared, "--out", f"shared-{shared}")
    experiment = play.folder / f"shared-{shared}.toml"
    experiment.write_text(EXPERIMENT.replace("SOURCE", f"shared-{shared}/cohort.h5ad"))
    play("run", experiment.name, "--out", f"run-{shared}", "--no-pictures")
    sets = play.folder / f"run-{shared}" / "sets.tsv"
    return tuple(float(row(sets, set=s, model="", label="as it is", over="cells")["auc"]) for s in ("test", "type 2"))


def check_transductive(play: Player, run: Path) -> None:
    """The graph keeps the cells it was trained beside: whoever is asked again stands in the same place."""
    warnings = json.loads((run / "evaluation.json").read_text())["warnings"]
    check(any("The graph has cells of all sides" in w for w in warnings), "a transductive result says so")
    play("predict", str(run / "model"), "shared-1.0/cohort.h5ad", "--where", "cell_type == 'type 1'", "--out", "again.tsv")
    again = {r["cell"]: float(r["p_disease"]) for r in files.read_table(play.folder / "again.tsv")}
    check(all(abs(again[c["cell"]] - float(c["p_disease"])) < 1e-5 for c in files.read_table(run / "predictions.tsv")),
          "predict asks the same graph")  # fmt: skip


def check_own_head(play: Player) -> None:
    """Normal or not by adding up the diseases, and by a head that was taught just that."""
    play("simulate", *SIMULATE, "--n-diseases", "2", "--out", "two")
    text = EXPERIMENT.replace("SOURCE", "two/cohort.h5ad").replace("\n[train]", OWN_HEAD + "\n[train]")
    (play.folder / "own.toml").write_text(text)
    play("run", "own.toml", "--out", "own", "--no-pictures")
    added = row(play.folder / "own" / "sets.tsv", set="test", model="", label="normal or not", over="cells")
    own = row(play.folder / "own" / "sets.tsv", set="test", model="", label="normal or not, own head", over="cells")
    check(float(own["auc"]) > 0.7 and abs(float(own["auc"]) - float(added["auc"])) < 0.1, "a head of its own reads about as much")
    cells = files.read_table(play.folder / "own" / "predictions.tsv")
    auc = roc_auc_score([c["label"] != "control" for c in cells], [1 - float(c["p_control"]) for c in cells])
    check(abs(float(added["auc"]) - auc) < 1e-4, "diseases are added up as scikit-learn would be given them")
    heads = [h["label"] for h in json.loads((play.folder / "own" / "evaluation.json").read_text())["heads"]]
    check(heads == ["disease", "disease: control or not"], "the head stands in the report by its question")
    refused = EXPERIMENT.replace("SOURCE", "two/cohort.h5ad").replace("\n[train]", OWN_HEAD.replace("control", "contrl") + "\n[train]")
    (play.folder / "bad.toml").write_text(refused)
    said = play("run", "bad.toml", "--out", "bad", code=2)
    check("[[model.head]] against" in said and "did you mean 'control'" in said, f"an unknown value is refused; it was: {said}")


def check_bad_input(play: Player) -> None:
    source = EXPERIMENT.replace("SOURCE", "shared-1.0/cohort.h5ad")

    def refused(change: tuple[str, str], says: str, code: int, base: str = source) -> None:
        check(change[0] in base, f"the experiment has {change[0]}")
        (play.folder / "bad.toml").write_text(base.replace(*change))
        said = play("run", "bad.toml", "--out", "bad", code=code)
        check(says in said, f"'{says}' is said; it was: {said}")

    refused(("name = \"type 2\"\nwhere = \"cell_type == 'type 2'\"", "name = \"x\"\nwhere = \"cell_type == 'type 9'\""), "type 9", 2)
    refused(("name = \"type 2\"\nwhere = \"cell_type == 'type 2'\"", "name = \"x\"\nwhere = \"cell_type == 'type 2' and cell_type == 'type 1'\""),
            "no cell of the test side", 1)  # fmt: skip
    refused(('kind = "mlp"\ninput = "latent"', 'kind = "transformer"'), 'input = "latent"', 2)
    refused(('kind = "mlp"', 'kind = "bag"'), "a net of single cells", 2)
    transformer = source.replace('kind = "mlp"', 'kind = "transformer"')
    refused(("heads = 2", "heads = 3"), "a width that the heads divide", 2, transformer)
    refused(('scale = { by = "none" }', 'scale = { by = "sd", center = true }'), "scale.center = false", 2)
    refused(('normal = "control"', 'normal = "contrl"'), "control", 2)


def main() -> int:
    program = files.program_to_test()
    if not program:
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        play = Player(program, Path(name))
        if "LibTorch" not in play("version"):
            print("skipped: a program without LibTorch")
            return SKIPPED
        taught, shared = zero_shot(play, "1.0")
        check(taught > 0.8 and shared > 0.65, f"a shared disease is read in another type (AUC {taught:.3f}, {shared:.3f})")
        taught, own = zero_shot(play, "0.0")
        check(taught > 0.8 and abs(own - 0.5) < 0.15, f"a disease of its own genes is not (AUC {taught:.3f}, {own:.3f})")

        run = play.folder / "run-1.0"
        check_scores(run)
        check_latents(run)
        curve = files.read_table(run / "curves.tsv")
        check({c["set"] for c in curve} == {"test", "type 2"} and max(int(c["epoch"]) for c in curve) == 5, "a line an epoch and set")
        models = {r["model"] for r in files.read_table(run / "sets.tsv")}
        check(models == {"", "majority", "cells", "pca", "latent"}, "simple models are asked about every set")
        check("latent mean" in {r["name"] for r in json.loads((run / "evaluation.json").read_text())["rivals"]},
              "the mean latent of a donor is a baseline")  # fmt: skip
        play("predict", "run-1.0/model", "shared-1.0/cohort.h5ad", "--out", "said.tsv")
        said = {r["cell"]: float(r["p_disease"]) for r in files.read_table(play.folder / "said.tsv")}
        check(all(abs(said[c["cell"]] - float(c["p_disease"])) < 1e-5 for c in files.read_table(run / "predictions.tsv")),
              "predict encodes and says the same again")  # fmt: skip

        (play.folder / "all.toml").write_text(EXPERIMENT.replace("SOURCE", "shared-1.0/cohort.h5ad") + VARIANTS)
        play("run", "all.toml", "--out", "all", "--no-pictures")
        check(len(list((play.folder / "all" / "autoencoder").iterdir())) == 1, "variants share one autoencoder")
        table = files.read_table(play.folder / "all" / "named_sets.tsv")
        check({r["variant"] for r in table} == {"FFN", "FFN, direct", "transformer", "graph", "transductive"}, "every variant is in the table")
        [pair] = files.read_table(play.folder / "all" / "zero_shot.tsv")
        check((pair["zero_shot"], pair["direct"], pair["set"]) == ("FFN", "FFN, direct", "type 2"), "zero-shot stands beside direct")
        difference = float(pair["direct_accuracy"]) - float(pair["zero_shot_accuracy"])
        check(abs(float(pair["difference"]) - difference) < 1e-9, "the difference is that of the two accuracies")
        for variant in ("transformer", "graph", "transductive"):
            auc = float(row(play.folder / "all" / variant / "sets.tsv", set="test", model="", label="as it is", over="cells")["auc"])
            check(auc > 0.7, f"the {variant} learns (AUC {auc:.3f})")
        check_transductive(play, play.folder / "all" / "transductive")
        check_own_head(play)
        check_bad_input(play)
    return 0


if __name__ == "__main__":
    sys.exit(main())
