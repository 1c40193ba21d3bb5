"""`explain` on a run: what it writes adds up, from genes to cells to types to units; and what it refuses, it refuses in one sentence.

usage: explain_test.py [PROGRAM]

Exits 77 (skipped) without anndata, or with a program that has no LibTorch.
"""

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files
from files import Player, check

SKIPPED = 77
try:
    import anndata
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

EXPERIMENT = (
    files.BAG_EXPERIMENT
    + """
[evaluate]
samplings = 1  # the cells that are explained
"""
)


def close(a, b, rounding: float = 1e-6) -> bool:
    """Sums over genes and over cells are made from float32 numbers in different orders."""
    return bool(np.allclose(a, b, rtol=1e-5, atol=rounding))


def check_sums(out: Path, run: Path) -> None:
    units, types = anndata.read_h5ad(out / "attributions.h5ad"), anndata.read_h5ad(out / "attributions_by_type.h5ad")
    cells, genes = files.read_table(out / "cells.tsv"), files.read_table(out / "genes.tsv")
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
    pairs = anndata.read_h5ad(out / "attributions_by_unit_and_type.h5ad")
    sums = pairs.X * pairs.obs.n_cells.to_numpy()[:, None]
    for kind, wanted in (("unit", of_unit), ("cell_type", of_type)):
        found = {name: sums[(pairs.obs[kind] == name).to_numpy()].sum() for name in wanted}
        check(close(list(found.values()), list(wanted.values())), f"genes of every type in every unit sum to the cells by {kind}")
    of_units = {unit: sums[(pairs.obs.unit == unit).to_numpy()].sum(axis=0) for unit in units.obs_names}
    check(close(np.array(list(of_units.values())), units.X * n_cells[:, None]), "types and units hold the same attributions")
    for name in whole.obs.cell_type:
        mean = pairs.X[(pairs.obs.cell_type == name).to_numpy()].mean(axis=0)
        check(close(whole[whole.obs.cell_type == name].X.ravel(), mean, 1e-12), "a type's genes are the mean over units that have it")
    check(bool((pairs.layers["magnitude"] >= np.abs(pairs.X) - 1e-12).all()), "so are magnitudes of types in units")
    listed = {(line["unit"], line["cell_type"]): float(line["attribution"]) for line in files.read_table(out / "units_by_type.tsv")}
    check(close([listed[u, t] for u, t in zip(pairs.obs.unit, pairs.obs.cell_type)], sums.sum(axis=1)), "units_by_type.tsv has their sums")
    classes = types[~types.obs.label.isna()]
    check(classes.obs.n_cells.sum() == whole.obs.n_cells.sum(), "classes divide the cells")
    mean = dict(zip(units.var_names, units.X.mean(axis=0)))
    check(close([float(g["attribution"]) for g in genes], [mean[g["gene_id"]] for g in genes], 1e-12), "genes.tsv has the mean over units")
    check(sorted(int(g["expression_rank"]) for g in genes) == list(range(1, len(genes) + 1)), "expression ranks are 1 to n")

    said = {line["unit"]: line for line in files.read_table(run / "units.tsv")}
    column = next(name for name in next(iter(said.values())) if name.endswith("disease") and name != "disease")
    temperature = json.loads((run / "model" / "model.json").read_text()).get("temperature", 1)
    if temperature == 1:
        check(np.allclose([float(said[u][column]) for u in units.obs_names], units.obs.value, atol=1e-5), "the value is what the model says")


def check_expression(out: Path, run: Path, cohort: Path) -> None:
    """Ranks by differential expression are those of scipy's Welch test between pseudobulks of the training units."""
    from scipy import stats

    data = anndata.read_h5ad(cohort)
    labels = {line["unit"]: line["label"] for line in files.read_table(run / "split.tsv") if line["side"] == "train"}
    bulk = {unit: np.asarray(data.X[(data.obs.library == unit).to_numpy()].sum(axis=0), dtype=float).ravel() for unit in labels}
    log = {label: np.array([np.log2(1e6 * bulk[u] / bulk[u].sum() + 1) for u in labels if labels[u] == label]) for label in set(labels.values())}
    t = stats.ttest_ind(log["disease"], log["control"], equal_var=False).statistic
    fold = dict(zip(data.var_names, log["disease"].mean(axis=0) - log["control"].mean(axis=0)))
    t = dict(zip(data.var_names, t))
    genes = files.read_table(out / "genes.tsv")
    check(np.allclose([float(g["t"]) for g in genes], [t[g["gene_id"]] for g in genes], rtol=1e-4, atol=1e-5), "t is scipy's")
    check(np.allclose([float(g["log2_fold_change"]) for g in genes], [fold[g["gene_id"]] for g in genes], atol=1e-5), "so is the fold change")
    by_rank = sorted(genes, key=lambda g: int(g["expression_rank"]))
    sizes = [abs(t[g["gene_id"]]) for g in by_rank]
    check(all(a >= b - 1e-5 for a, b in zip(sizes, sizes[1:])), "ranks go by its size")


def check_page(page: Path) -> None:
    text = page.read_text()
    for said in ("For research. Not for diagnosis", "What moved", "How far to trust it", "the mean training cell of", "fresh weights",
                 "not what causes the disease"):
        check(said in text, f"the page says: {said}")
    check("<script" not in text and "http" not in text.replace("http-equiv", ""), "the page needs nothing but itself")


def check_types(play, folder: Path) -> None:
    """Types that nobody annotated are found among the training cells, and cells need not have any."""
    found = json.loads(play("explain", "run", "--out", "found", "--types", "3", "--json", "--no-pictures"))
    check({t["cell_type"] for t in found["types"]} <= {"type 1", "type 2", "type 3"} and "k-means" in found["cell_types"], "three types")
    check(all(t["markers"] for t in found["types"]), "each with genes that stand out")
    again = json.loads(play("explain", "run", "--out", "found", "--types", "3", "--json", "--no-pictures", "--threads", "1"))
    check(found["types"] == again["types"], "the same types again")
    none = json.loads(play("explain", "run", "--out", "found", "--types", "0", "--json", "--no-pictures"))
    check([t["cell_type"] for t in none["types"]] == ["all"], "or none")


def check_several(play, folder: Path) -> None:
    """Every class, and every fold, by one command."""
    classes = json.loads(play("explain", "run", "--class", "all", "--json", "--no-pictures"))
    check([r["class"] for r in classes["explanations"]] == ["control", "disease"], "each class is explained")
    value = {c: anndata.read_h5ad(folder / "run" / "explained" / c / "attributions.h5ad").obs.value for c in ("control", "disease")}
    check(close(value["control"] + value["disease"], 1), "probabilities of two classes sum to 1")
    play("report", "run", "--no-pictures")
    check('href="explained/explain.html"' in (folder / "run" / "report.html").read_text(), "the report links to the explanation")

    (folder / "folds.toml").write_text(EXPERIMENT + '\n[cv]\nscheme = "group"\nfolds = 3\n')
    play("evaluate", "folds.toml", "--out", "folds", "-q")
    folds = json.loads(play("explain", "folds", "--all-models", "--json", "--no-pictures"))
    check([r["model"] for r in folds["explanations"]] == ["fold-1", "fold-2", "fold-3"], "each fold is explained")
    check(len(folds["agreement"]) == 3 and all(p["rank_correlation"] < 1 for p in folds["agreement"]), "and held against the others")
    rows, genes = files.read_table(folder / "folds" / "explained" / "consensus.tsv"), {}
    for n in (1, 2, 3):
        for line in files.read_table(folder / "folds" / "explained" / f"fold-{n}" / "genes.tsv"):
            genes.setdefault(line["gene_id"], []).append(int(line["rank"]))
    check(all(float(line["median_rank"]) == np.median(genes[line["gene_id"]]) for line in rows), "the consensus has the median of ranks")
    pooled = {line["cell_type"]: line for line in files.read_table(folder / "folds" / "explained" / "types_compared.tsv")}
    values = [line for n in (1, 2, 3) for line in files.read_table(folder / "folds" / "explained" / f"fold-{n}" / "units_by_type.tsv")]
    for name, line in pooled.items():
        own = [float(v["mean_attribution"]) for v in values if v["cell_type"] == name and v["label"] == "disease"]
        check(int(line["n_units"]) == len(own) and np.isclose(float(line["median"]), np.median(own), rtol=1e-4), "types over all folds")
    check(len(rows) == len(genes) and rows[0]["n_among_first"] >= rows[-1]["n_among_first"], "of every gene, the most agreed on first")

    for seed in (1, 9):
        play("train", "bag.toml", "--out", f"seeds{seed}", "--seed", str(seed), "-q")
    (folder / "seeds9").rename(folder / "seeds1" / "seed-9")
    seeds = json.loads(play("explain", "seeds1", "--all-models", "--json", "--no-pictures"))
    check([r["model"] for r in seeds["explanations"]] == ["seed-1", "seed-9"], "each seed of training is explained")
    check((folder / "seeds1" / "explained" / "seed-9" / "explain.html").exists(), "in a folder of its own")


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
        for words in (("--baseline", "zero"), ("--baseline-where", "disease == 'control' and cell_type == 'type 1'"), ()):
            play("explain", "run", "--out", "why", "--steps", "200", "--per-unit-types", "--no-pictures", *words)
            check_sums(folder / "why", folder / "run")
        record = json.loads((folder / "why" / "explain.json").read_text())
        check(record["baseline"] == "class-mean" and "'cell_type'" in record["cell_types"], "the usual baseline is that of the other class")
        check_expression(folder / "why", folder / "run", folder / "sim" / "cohort.h5ad")
        check_page(folder / "why" / "explain.html")
        check_types(play, folder)
        check_several(play, folder)
        play("explain", "run", "--out", "all", "--cells", "0", "--target", "difference", "--class", "control", "--no-pictures")
        check(len(files.read_table(folder / "all" / "cells.tsv")) == sum(int(u["n_cells"]) for u in files.read_table(folder / "run" / "units.tsv")),
              "--cells 0 takes all")

        top = [g["gene_symbol"] for g in files.read_table(folder / "why" / "genes.tsv")][:6]
        (folder / "sets.gmt").write_text("first\tx\t" + "\t".join(top) + "\nnowhere\tx\tNOBODY\n")
        result = json.loads(play("explain", "run", "--out", "why", "--steps", "200", "--gmt", "sets.gmt", "--json", "--no-pictures"))
        check([s["set"] for s in result["sets"]] == ["first"] and result["sets"][0]["n_top"] == 6, "the set of first genes is found")
        check(len(files.read_table(folder / "why" / "sets.tsv")) == 1, "sets.tsv has a line for each set with genes")
        check({line["cell_type"] for line in files.read_table(folder / "why" / "sets_by_type.tsv")} == {t["cell_type"] for t in result["types"]},
              "and sets_by_type.tsv one for each type")
        enriched = files.read_table(folder / "why" / "enrichment.tsv")
        check([e["set"] for e in enriched] == ["first"] and abs(float(enriched[0]["score"])) <= 1, "the set is held against the ranking")
        check(len(result["random_weights_correlation"]) == 1 and abs(result["random_weights_correlation"][0]) <= 1, "a net with fresh weights")
        check(any("1 of 2 sets" in w for w in result["warnings"]), "a set without genes is counted")

        same = json.loads(play("explain", "run", "--out", "again", "--steps", "200", "--compare", "why", "--compare", "all", "--json",
                               "--no-pictures"))["compared"]
        check(same[0]["rank_correlation"] == 1 and same[0]["jaccard"] == 1, "an explanation agrees with itself")
        check(same[1]["rank_correlation"] < 1 and same[1]["n_genes"] == same[0]["n_genes"], "and less with another")

        (folder / "mlp.toml").write_text(EXPERIMENT.replace('kind = "bag"', 'kind = "mlp"'))
        play("train", "mlp.toml", "--out", "cells", "-q")
        for words, expected in [
            (("explain", "cells", "--out", "x"), "kind 'mlp'"),
            (("explain", "run", "--out", "x", "--baseline", "class_mean"), "did you mean 'class-mean'"),
            (("explain", "run", "--out", "x", "--baseline", "zero", "--baseline-where", "disease == 'control'"), "one baseline"),
            (("explain", "run", "--out", "x", "--baseline-where", "diseas == 'control'"), "did you mean 'disease'"),
            (("explain", "run", "--out", "x", "--baseline-where", "disease == 'contrl'"), "did you mean 'control'"),
            (("explain", "run", "--out", "x", "--cell-type", "cell_type", "--types", "3"), "leave one of them out"),
            (("explain", "run", "--out", "x", "--types", "101"), "-1 to 100"),
            (("explain", "folds", "--out", "x"), "fold-1"),
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
