"""What a run folder holds, as DataFrames. Everything is read when asked for, so a Run is as current as its folder."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from .errors import InputError

# Names that only look like numbers ("007", "1e3") stay texts.
_TEXTS = {"cell": str, "unit": str, "donor": str, "label": str, "stratum": str, "class": str, "predicted": str, "side": str}


def read_table(path: Path) -> pd.DataFrame:
    """A table that the program wrote: tab-separated, nothing quoted, nothing missing."""
    if not path.is_file():
        raise InputError(f"{path}: found nothing, expected a table of results; this stage has not been run.")
    return pd.read_csv(path, sep="\t", dtype=_TEXTS, keep_default_na=False, quoting=3)


def _measured(metrics: list[dict], model: str) -> Iterator[dict[str, Any]]:
    for m in metrics:
        interval = m.get("interval") or {}
        yield {"model": model, "metric": m["metric"], "over": m["over"], "estimate": m["estimate"], "low": interval.get("low"),
               "high": interval.get("high"), "method": interval.get("method"), "why_no_interval": m.get("why_not") or None}


class Variant:
    """The results of one variant of an experiment.

    Attributes
    ----------
    name
        Of the variant; empty when the experiment has none.
    folder
        Where its files are.
    """

    def __init__(self, name: str, folder: Path):
        self.name, self.folder = name, folder

    def __repr__(self) -> str:
        return f"Variant({self.name!r}, {str(self.folder)!r})"

    @property
    def evaluation(self) -> dict[str, Any]:
        """All numbers of the report, as ``evaluation.json`` holds them."""
        path = self.folder / "evaluation.json"
        if not path.is_file():
            raise InputError(f"{path}: found nothing, expected the numbers on the held-out side; call `evaluate` or `run`.")
        return json.loads(path.read_text(encoding="utf-8"))

    @property
    def verdict(self) -> str:
        """The result in words."""
        evaluation = self.evaluation
        return " ".join(filter(None, [evaluation.get("answer"), evaluation["verdict"]]))

    @property
    def scores(self) -> pd.DataFrame:
        """One line a model and metric: ``model`` ("net" or a simple model), ``metric``, ``over`` (units or cells), ``estimate``,
        the 95 % interval ``low`` to ``high`` with its ``method``, or ``why_no_interval``."""
        evaluation = self.evaluation
        rows = list(_measured(evaluation["metrics"], "net"))
        for rival in evaluation.get("rivals", []):
            rows += _measured(rival["metrics"], rival["name"])
        table = pd.DataFrame(rows, columns=["model", "metric", "over", "estimate", "low", "high", "method", "why_no_interval"])
        return table.astype({"estimate": float, "low": float, "high": float})

    @property
    def units(self) -> pd.DataFrame:
        """One line a held-out unit, indexed by its name: the mean probability of its cells, the call."""
        return read_table(self.folder / "units.tsv").set_index("unit")

    @property
    def predictions(self) -> pd.DataFrame:
        """One line a test cell, indexed by its name."""
        return read_table(self.folder / "predictions.tsv").set_index("cell")

    @property
    def split(self) -> pd.DataFrame:
        """Who was on which side; of a cross-validation, every fold below the other with its number in ``fold``."""
        folds = self._folds()
        if not folds:
            return read_table(self.folder / "split.tsv")
        return pd.concat([read_table(f / "split.tsv").assign(fold=k) for k, f in folds.items()], ignore_index=True)

    def _folds(self) -> dict[int, Path]:
        found = {int(f.name.removeprefix("fold-")): f for f in self.folder.glob("fold-*") if f.name.removeprefix("fold-").isdigit()}
        return dict(sorted(found.items()))

    @property
    def models(self) -> list[Path]:
        """The model folders: one, or one a fold of a cross-validation."""
        return [f / "model" for f in (list(self._folds().values()) or [self.folder]) if (f / "model/model.json").is_file()]

    @property
    def model(self) -> Path:
        """The model folder, for `cellverdict.predict`."""
        models = self.models
        if len(models) == 1:
            return models[0]
        if not models:
            raise InputError(f"{self.folder / 'model'}: found nothing, expected a trained model; call `train` or `run`.")
        raise ValueError(f"{self.folder}: a cross-validation has {len(models)} models, one a fold: choose one of `.models`")

    @property
    def history(self) -> pd.DataFrame:
        """One line an epoch of `model`: ``train_loss``, ``validation_auc`` and so on."""
        card = json.loads((self.model / "model.json").read_text(encoding="utf-8"))
        rows = [{"epoch": epoch["epoch"], **{f"{side}_{name}": number for side in ("train", "validation")
                                             for name, number in (epoch.get(side) or {}).items()}} for epoch in card["history"]["epochs"]]
        return pd.DataFrame(rows).set_index("epoch")

    @property
    def figures(self) -> dict[str, Path]:
        """The drawn figures by name, as SVG; ``.vl.json`` beside each is its Vega-Lite specification."""
        return {f.stem: f for f in sorted(self.folder.glob("figures/*.svg"))}


class Run(Mapping[str, Variant]):
    """A run folder: a mapping of its variants, and the results of all of them in one table.

    Where the experiment has no variants, or one, the attributes of `Variant` are there too: ``run.evaluation``, ``run.model``.

    Parameters
    ----------
    folder
        That `run`, `prepare`, `train` or `evaluate` wrote.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self._variants = self._read_variants()

    def _read_variants(self) -> dict[str, Variant]:
        record = self.folder / "run.json"
        if record.is_file():
            listed = json.loads(record.read_text(encoding="utf-8"))["variants"]
            return {v["name"]: Variant(v["name"], self.folder / v["folder"]) for v in listed}
        found = {} if not (self.folder / "experiment.toml").is_file() else {"": Variant("", self.folder)}
        found |= {f.parent.name: Variant(f.parent.name, f.parent) for f in sorted(self.folder.glob("*/experiment.toml"))}
        if not found:
            raise InputError(f"{self.folder}: found no experiment.toml, expected a run folder that cellverdict wrote.")
        return found

    def __getitem__(self, name: str) -> Variant:
        if name not in self._variants:
            raise KeyError(f"{name!r}: the variants are {', '.join(map(repr, self._variants))}")
        return self._variants[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variants)

    def __len__(self) -> int:
        return len(self._variants)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}): {', '.join(filter(None, self)) or 'one experiment'}"

    def _repr_html_(self) -> str:
        parts = [f"<p>{html.escape(f'{v.name}: ' if v.name else '')}{html.escape(v.verdict)}</p>"
                 for v in self.values() if (v.folder / "evaluation.json").is_file()]
        if self.report:
            path = html.escape(os.path.relpath(self.report))
            parts.append(f'<p><a href="{path}" target="_blank">{path}</a></p>')
        return "".join(parts) or f"<p>{html.escape(repr(self))}</p>"

    def _only(self) -> Variant:
        if len(self) != 1:
            raise ValueError(f"{self.folder} holds {len(self)} variants: choose one, as in run[{next(iter(self))!r}]")
        return next(iter(self.values()))

    def _tables(self, name: str) -> pd.DataFrame:
        if len(self) == 1:
            return getattr(self._only(), name)
        tables = []
        for variant in self.values():
            table = getattr(variant, name)
            table.insert(0, "variant", variant.name)
            tables.append(table)
        return pd.concat(tables, ignore_index=isinstance(tables[0].index, pd.RangeIndex))

    @property
    def report(self) -> Path | None:
        """``report.html``, where it was drawn."""
        path = self.folder / "report.html"
        return path if path.is_file() else None

    @property
    def store(self) -> list[Path]:
        """The counts of the cells that passed quality control: ``.h5ad`` files, one a source, for `anndata.read_h5ad`."""
        return sorted(f for f in self.folder.glob("store*/*.h5ad") if f.name != "statistics.h5ad")

    evaluation = property(lambda self: self._only().evaluation, doc=Variant.evaluation.__doc__)
    verdict = property(lambda self: self._only().verdict, doc=Variant.verdict.__doc__)
    model = property(lambda self: self._only().model, doc=Variant.model.__doc__)
    models = property(lambda self: self._only().models, doc=Variant.models.__doc__)
    history = property(lambda self: self._only().history, doc=Variant.history.__doc__)
    figures = property(lambda self: self._only().figures, doc=Variant.figures.__doc__)
    scores = property(lambda self: self._tables("scores"), doc=Variant.scores.__doc__ + " Of several variants, ``variant`` names each.")
    units = property(lambda self: self._tables("units"), doc=Variant.units.__doc__)
    predictions = property(lambda self: self._tables("predictions"), doc=Variant.predictions.__doc__)
    split = property(lambda self: self._tables("split"), doc=Variant.split.__doc__)
