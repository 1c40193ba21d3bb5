"""What a saved model says of new cells: predictions beside the user's own annotations."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .anndata_files import private_folder, write_anndata
from .errors import InternalError
from .program import call
from .results import Run, Variant, read_table
from .study import paths_of

PathLike = str | os.PathLike


def predict(model: PathLike | Run | Variant, data: AnnData | PathLike | Sequence[PathLike], *, unit: str | None = None,
            where: str | None = None, gene_map: PathLike | None = None, layer: str | None = None, genome: str | None = None,
            min_overlap: float | None = None, abstain: float | None = None, least_confidence: float | None = None,
            cells: int | None = None, draws: int | None = None, threads: int | None = None, memory: str | None = None,
            quiet: bool = False) -> AnnData | pd.DataFrame:
    """What a saved model says of new cells. Research use: this is no diagnosis.

    Parameters
    ----------
    model
        A model folder, or a run with one model.
    data
        An AnnData with raw counts in X, a layer or raw; or paths: files, 10x folders, folders of libraries, one sample sheet.
    unit
        obs column of libraries or donors; default the model's, else one unit a source.
    where
        Which cells, such as ``"cell_type == 'monocyte'"``; ``"all"``: every cell; default: as the model was trained.
    gene_map
        A table of Ensembl ids and symbols, for data that name genes in another way than the model.
    layer
        ``"X"``, ``"raw"`` or a layer's name; default: the matrix with the counts.
    genome
        10x HDF5 of several genomes: the one to read.
    min_overlap
        Refuse when fewer of the model's genes are there, by share of variance; default 0.8.
    abstain
        No call for units whose familiarity (the share of units held out of training that lie as far from it) is this or less.
    least_confidence
        No call for units whose class is less probable than this.
    cells, draws
        Models of bags: how many cells are drawn of each unit (0: all; default: as in training), and how often.
    threads, memory, quiet
        As for `run`.

    Returns
    -------
    Of an AnnData a copy, with these in obs: ``cellverdict_class`` (the call), ``cellverdict_<class>`` (a probability each) and
    ``cellverdict_passes_qc``; missing for cells left out by `where`. ``uns["cellverdict"]`` holds the table of ``units``, the genes
    found and the warnings. Of paths a DataFrame with one line a cell; ``.attrs["cellverdict"]`` is the same dictionary. A model of bags
    speaks of units: its cells all have the call of their unit, those that fail quality control none; of paths the DataFrame has one
    line a unit.
    """
    if isinstance(model, (Run, Variant)):
        model = model.model
    words: list[PathLike] = []
    for name, value in (("unit", unit), ("where", where), ("layer", layer), ("genome", genome), ("min-overlap", min_overlap),
                        ("abstain", abstain), ("least-confidence", least_confidence), ("cells", cells), ("draws", draws),
                        ("gene-map", None if gene_map is None else os.path.abspath(gene_map))):
        if value is not None:
            words += [f"--{name}", str(value)]
    common: dict[str, Any] = {"threads": threads, "memory": memory, "quiet": quiet}
    with private_folder() as folder:
        table = folder / "predictions.tsv"
        is_bag = _kind_of(model) == "bag"
        if not isinstance(data, AnnData):
            said = call("predict", [model, *paths_of(data), "--out", table, *words], **common)
            result = read_table(table).set_index("unit" if is_bag else "cell")
            if not is_bag:
                result["passes_qc"] = result["passes_qc"] == "yes"
            result.attrs["cellverdict"] = _summary(said, model)
            return result
        repeated = not data.obs_names.is_unique
        if is_bag:
            words += ["--out-cells", folder / "cells.tsv"]
        said = call("predict", [model, write_anndata(data, folder / "data.h5ad", layer=layer, number_cells=repeated), "--out", table, *words],
                    **common)
        answers = read_table(table)
        if is_bag:
            answers = read_table(folder / "cells.tsv").merge(answers, on="unit", how="left").assign(passes_qc="yes")
    return _annotated(data, answers, said, model, repeated)


def _kind_of(model: PathLike) -> str:
    """Of a model folder; what is none is left for the program to refuse."""
    try:
        return json.loads(Path(model, "model.json").read_text(encoding="utf-8"))["model"]["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _summary(said: dict[str, Any], model: PathLike) -> dict[str, Any]:
    classes, units = said["classes"], said["units"]
    table = pd.DataFrame({"n_cells": [u["n_cells"] for u in units], "n_passing": [u["n_passing"] for u in units]},
                         index=pd.Index([u["unit"] for u in units], name="unit", dtype=str))
    for c, name in enumerate(classes):
        table[f"p_{name}"] = [u["probability"][c] if u["probability"] else np.nan for u in units]
    table["predicted"] = pd.Categorical([u["predicted"] or None for u in units], categories=classes)
    for name in ("familiarity", "times_usual_distance"):
        table[name] = pd.array([u[name] for u in units], dtype="Float64").to_numpy(dtype=float, na_value=np.nan)
    table["why_not"] = pd.array([u["why_not"] for u in units], dtype=object)
    summary = {key: said[key] for key in ("n_model_genes", "n_genes_found", "overlap", "matched_by", "depth_ratio")}
    return {"model": str(model), "classes": np.array(classes, dtype=object), **summary, "units": table,
            "warnings": np.array(said["warnings"], dtype=object)}


def _column_of(name: str) -> str:
    """As in the program's --write-into: a slash would be a folder in a file, and these two names are taken."""
    name = name.replace("/", "_")
    return ("cellverdict_p_" if name in ("class", "passes_qc") else "cellverdict_") + name


def _annotated(data: AnnData, cells: pd.DataFrame, said: dict[str, Any], model: PathLike, numbered: bool) -> AnnData:
    rows = cells["cell"].astype(int).to_numpy() if numbered else data.obs_names.get_indexer(cells["cell"])
    if (rows < 0).any() or len(np.unique(rows)) != len(rows):
        raise InternalError("predictions: found cells that are not in the AnnData, expected each of its cells at most once.")
    result = data.to_memory() if data.isbacked else data.copy()
    called = np.full(data.n_obs, -1)
    called[rows] = pd.Categorical(cells["predicted"], categories=said["classes"]).codes
    passes = pd.array([pd.NA] * data.n_obs, dtype="boolean")
    passes[rows] = (cells["passes_qc"] == "yes").to_numpy()
    result.obs["cellverdict_class"] = pd.Categorical.from_codes(called, categories=said["classes"])
    for name in said["classes"]:
        probability = np.full(data.n_obs, np.nan)
        probability[rows] = cells[f"p_{name}"].to_numpy(dtype=float)
        result.obs[_column_of(name)] = probability
    result.obs["cellverdict_passes_qc"] = passes if len(rows) < data.n_obs else np.asarray(passes, dtype=bool)
    result.uns["cellverdict"] = _summary(said, model)
    return result
