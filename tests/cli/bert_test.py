"""A BERT of ranked genes from the command line: what it says is what transformers says of the same tokens, it goes on from a folder
with layers frozen, and every wrong wish is refused in a sentence.

    .venv/bin/python tests/cli/bert_test.py build/release/cellverdict
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
    import torch
    from safetensors.numpy import load_file
    from sklearn.metrics import roc_auc_score
    from transformers import BertForMaskedLM, BertForSequenceClassification
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

EXPERIMENT = """[data]
files = ["sim/cohort.h5ad"]
label = "disease"
unit = "donor"
donor = "donor"

[split]
scheme = "group"
validation_fraction = 0

[prepare]
min_genes = 0
max_genes = 0
max_mito_percent = 100
min_cells_per_gene = 1
genes = { select = "all" }
scale = { by = "none" }

[model]
kind = "bert"
bert = { specials = "V2", length = 96, layers = 2, width = 32, heads = 2, feed_forward = 32 }

[train]
epochs = 3
patience = 0
batch_size = 16
optimizer = "adamw"
learning_rate = 3e-3
weight_decay = 1e-3
schedule = "linear"
warmup = 10
clip_norm = 1
loss = "focal"
upsample = true
seed = 3

[evaluate]
baselines = ["majority", "cells"]
permutations = 0
"""


def tokens_of(cell: np.ndarray, ids: list[str], tokens: dict[str, int], medians: dict[str, float], length: int) -> list[int]:
    """The published rule: counts over the gene's median, from the highest to the lowest, ties by column."""
    known = [(x / medians[g], tokens[g]) for x, g in zip(cell, ids) if x > 0 and g in tokens]
    order = np.argsort([-value for value, _ in known], kind="stable")
    return [tokens["<cls>"], *(known[k][1] for k in order[: length - 2]), tokens["<eos>"]]


def check_against_transformers(run: Path, cohort: anndata.AnnData) -> None:
    model = run / "model"
    tokens = json.loads((model / "token_dictionary_cellverdict.json").read_text())
    medians = json.loads((model / "gene_median_dictionary_cellverdict.json").read_text())
    net = BertForSequenceClassification.from_pretrained(model).eval()
    check(net.config.id2label == {0: "control", 1: "disease"}, "transformers opens the model folder, and knows the classes")
    counts = cohort.X.toarray()
    said = {c["cell"]: float(c["p_disease"]) for c in files.read_table(run / "predictions.tsv")}
    for cell in list(said)[:40]:
        ids = tokens_of(counts[cohort.obs_names.get_loc(cell)], list(cohort.var_names), tokens, medians, 96)
        with torch.no_grad():
            p = torch.softmax(net(torch.tensor([ids])).logits, 1)[0, 1].item()
        check(abs(p - said[cell]) < 1e-4, f"{cell}: {said[cell]:.6f} is what transformers says: {p:.6f}")


def check_medians(run: Path, cohort: anndata.AnnData) -> None:
    """Of the training cells alone."""
    training = {r["unit"] for r in files.read_table(run / "split.tsv") if r["side"] == "train"}
    x = cohort.X.toarray()[cohort.obs["donor"].isin(training).to_numpy()].astype(float)
    x = x / x.sum(axis=1, keepdims=True) * 1e4
    medians = json.loads((run / "model" / "gene_median_dictionary_cellverdict.json").read_text())
    for k, gene in enumerate(cohort.var_names):
        if gene in medians:
            check(np.isclose(medians[gene], np.median(x[x[:, k] > 0, k]), rtol=1e-6), f"the median of {gene} is numpy's over training cells")


def check_going_on(play: Player) -> None:
    text = EXPERIMENT.replace('specials = "V2"', 'checkpoint = "run/model", freeze = "first:1,embeddings", specials = "V2"')
    (play.folder / "on.toml").write_text(text)
    said = play("train", "on.toml", "--out", "on", "--set", "train.epochs=1")
    before, after = load_file(play.folder / "run/model/model.safetensors"), load_file(play.folder / "on/model/model.safetensors")
    for name in before:
        if name.startswith("bert.embeddings") or ".layer.0." in name:
            check(np.array_equal(before[name], after[name]), f"{name} is frozen")
    moved = "bert.encoder.layer.1.attention.self.query.weight"
    check(not np.array_equal(before[moved], after[moved]), "layers that are not frozen move")
    check(said is not None, "the dictionary is found beside the checkpoint")


def check_pretraining(play: Player) -> None:
    """Masked genes are learned on the training side before labels are looked at, once for all variants, into a folder of transformers."""
    text = EXPERIMENT.replace('specials = "V2"', 'pretrain_epochs = 6, pretrain_warmup = 5, pretrain_rate = 3e-3, specials = "V2"')
    text += '\n[[variant]]\nname = "all"\n[[variant]]\nname = "first layer frozen"\nset = { "model.bert.freeze" = "first:1" }\n'
    (play.folder / "pre.toml").write_text(text)
    play("train", "pre.toml", "--out", "pre", "--set", "train.epochs=1")
    [folder] = (play.folder / "pre" / "pretrained").iterdir()
    losses = [epoch["train"]["loss"] for epoch in json.loads((folder / "net" / "curve.json").read_text())["epochs"]]
    check(losses[-1] < losses[0] - 0.1, f"masked genes are learned ({losses})")
    net = BertForMaskedLM.from_pretrained(folder / "net")
    check(net.config.vocab_size == len(json.loads((folder / "net" / "token_dictionary_cellverdict.json").read_text())), "transformers opens it")
    before = load_file(folder / "net" / "model.safetensors")
    after = load_file(play.folder / "pre" / "first-layer-frozen" / "model" / "model.safetensors")
    name = "bert.encoder.layer.0.attention.self.query.weight"
    check(np.array_equal(before[name], after[name]), "fine-tuning goes on from it")
    first = (folder / "net" / "model.safetensors").read_bytes()
    play("train", "pre.toml", "--variant", "all", "--out", "pre-again", "--set", "train.epochs=1")
    [again] = (play.folder / "pre-again" / "pretrained").iterdir()
    check(first == (again / "net" / "model.safetensors").read_bytes(), "the same seed gives the same bytes")


def check_refusals(play: Player) -> None:
    def refused(old: str, new: str, says: str, code: int) -> None:
        check(old in EXPERIMENT, f"the experiment has {old}")
        (play.folder / "bad.toml").write_text(EXPERIMENT.replace(old, new))
        said = play("train", "bad.toml", "--out", "bad", code=code)
        check(says in said, f"'{says}' is said; it was: {said}")

    refused("warmup = 10", "warmup = 5000", "a warm-up shorter than the training", 2)
    refused("heads = 2", "heads = 3", "a width that the heads divide", 2)
    refused('kind = "bert"\n', 'kind = "bert"\ninput = "latent"\n', "the net ranks the genes itself", 2)
    refused('specials = "V2"', 'checkpoint = "nowhere"', "nowhere", 2)
    refused('specials = "V2"', 'freeze = "first:9"', "layers", 2)


def main() -> int:
    program = files.program_to_test()
    if not program:
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        play = Player(program, Path(name))
        if "LibTorch" not in play("version"):
            print("skipped: a program without LibTorch")
            return SKIPPED
        play("simulate", "--n-donors", "12", "--n-cells", "60", "--n-genes", "200", "--n-disease-genes", "40", "--effect", "1.5",
             "--low-quality", "0", "--out", "sim")  # fmt: skip
        (play.folder / "study.toml").write_text(EXPERIMENT)
        play("run", "study.toml", "--out", "run", "--no-pictures")
        run, cohort = play.folder / "run", anndata.read_h5ad(play.folder / "sim/cohort.h5ad")
        check_medians(run, cohort)
        check_against_transformers(run, cohort)
        said = files.read_table(run / "predictions.tsv")
        auc = roc_auc_score([c["label"] == "disease" for c in said], [float(c["p_disease"]) for c in said])
        check(auc > 0.75, f"the disease is read from ranks (AUC {auc:.3f})")
        play("predict", "run/model", "sim/cohort.h5ad", "--out", "said.tsv")
        again = {r["cell"]: float(r["p_disease"]) for r in files.read_table(play.folder / "said.tsv")}
        check(all(abs(again[c["cell"]] - float(c["p_disease"])) < 1e-5 for c in files.read_table(run / "predictions.tsv")),
              "predict says the same again")  # fmt: skip
        check_going_on(play)
        check_pretraining(play)
        check_refusals(play)
    return 0


if __name__ == "__main__":
    sys.exit(main())
