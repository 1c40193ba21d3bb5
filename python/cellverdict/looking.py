"""What data hold before anything is learned, and studies made up with known truth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from anndata import AnnData

from .anndata_files import private_folder, write_all
from .program import call
from .study import paths_of

PathLike = str | os.PathLike


@dataclass(frozen=True)
class Inspection:
    """What `inspect` found.

    Attributes
    ----------
    n_cells
        In all sources.
    sources
        One line a source: format, cells, genes, how genes are named, kind of values, layers, notes.
    columns
        One line an obs column: kind, missing values, the values.
    contingency
        Cells of each label in each value of `by`; None unless both were named.
    contingency_units
        The same in units; None unless `unit` was named.
    warnings
        What to mind, in sentences.
    """

    n_cells: int
    sources: pd.DataFrame
    columns: pd.DataFrame
    contingency: pd.DataFrame | None
    contingency_units: pd.DataFrame | None
    warnings: list[str]


def inspect(data: AnnData | Mapping[str, AnnData] | PathLike | Sequence[PathLike], *, label: str | None = None, by: str | None = None,
            unit: str | None = None, gene_map: PathLike | None = None, layer: str | None = None, genome: str | None = None,
            threads: int | None = None, memory: str | None = None, quiet: bool = False) -> Inspection:
    """What is in data: cells, genes, kind of values, annotations; with `label` and `by` a table and what it warns of.

    Parameters
    ----------
    data
        As for `run`.
    label
        obs column you want to predict.
    by
        obs column that may go with it and be learned in its place: day, batch, site.
    unit
        obs column of libraries or donors, to count them too.
    gene_map, layer, genome, threads, memory, quiet
        As for `predict`.
    """
    words: list[str] = []
    for name, value in (("label", label), ("by", by), ("unit", unit), ("layer", layer), ("genome", genome),
                        ("gene-map", None if gene_map is None else os.path.abspath(gene_map))):
        if value is not None:
            words += [f"--{name}", value]
    with private_folder() as folder:
        if isinstance(data, AnnData):
            data = {"data": data}
        paths = write_all(data, folder, layer=layer) if isinstance(data, Mapping) else paths_of(data)
        found = call("inspect", [*paths, *words], threads=threads, memory=memory, quiet=quiet)
    rows = found["contingency"]

    def table(of: str) -> pd.DataFrame | None:
        if not rows or not rows[0][of]:
            return None
        return pd.DataFrame([r[of] for r in rows], index=pd.Index([r["batch"] for r in rows], name=by), columns=pd.Index(found["labels"], name=label))

    sources = pd.DataFrame(found["sources"]).set_index("name")
    if isinstance(data, Mapping):
        sources = sources.drop(columns="path")  # of files that are no longer there
    return Inspection(found["n_cells"], sources, pd.DataFrame(found["columns"]).set_index("name"), table("n_cells"),
                      table("n_units") if unit else None, found["warnings"])


def simulate(out: PathLike, *, design: str = "cohort", seed: int | None = None, threads: int | None = None, memory: str | None = None,
             quiet: bool = False, **options: Any) -> Path:
    """Make a study with known truth in the folder `out`: negative-binomial cells of several types, donors, days and batches.

    Parameters
    ----------
    out
        Folder to write into.
    design
        ``"cohort"``: donors of two conditions; ``"lmna"``: the twelve libraries of GSE269705.
    **options
        Those of ``cellverdict help simulate``, with underscores: ``n_donors=24, n_cells=500, effect=0.8``.

    Returns
    -------
    The path of the data: an ``.h5ad`` file, or a sample sheet of 10x folders. ``truth.json`` and its tables lie beside it.
    """
    words: list[str] = ["--design", design, "--out", os.fspath(out)]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return Path(call("simulate", words, seed=seed, threads=threads, memory=memory, quiet=quiet)["data"])
