"""From an experiment and data to a Run: the verbs run, prepare, train and evaluate."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anndata import AnnData

from .anndata_files import private_folder, write_all
from .program import call
from .results import Run
from .toml import as_sets, as_toml

PathLike = str | os.PathLike
Experiment = PathLike | Mapping[str, Any]
Data = AnnData | Mapping[str, AnnData] | PathLike | Sequence[PathLike]

_SECTIONS = ("title", "data", "split", "cv", "prepare", "model", "train", "evaluate", "explain", "sweep")
_PATHS = ("sources", "files", "gene_map")


def paths_of(data: PathLike | Sequence[PathLike]) -> list[str]:
    """One path or several, each whole: the program may read them from another folder."""
    listed = [data] if isinstance(data, (str, os.PathLike)) else list(data)
    return [os.path.abspath(path) for path in listed]


def _whole_paths(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Paths given in Python start where Python runs, not where the experiment is written to."""
    out = dict(section)
    for key in _PATHS:
        value = out.get(prefix + key)
        if not value:
            continue
        out[prefix + key] = os.path.abspath(value) if isinstance(value, (str, os.PathLike)) else paths_of(value)
    return out


def _experiment_file(experiment: Experiment, folder: Path) -> Path:
    if not isinstance(experiment, Mapping):
        return Path(experiment)
    root = dict(experiment)
    if isinstance(root.get("data"), Mapping):
        root["data"] = _whole_paths(root["data"])
    if isinstance(root.get("variant"), Sequence):
        root["variant"] = [{**v, "set": _whole_paths(v["set"], "data.")} if isinstance(v.get("set"), Mapping) else v for v in root["variant"]]
    path = folder / "experiment.toml"
    path.write_text(as_toml(root), encoding="utf-8")
    return path


def _layer_of(experiment: Experiment, sections: Mapping[str, Any]) -> str | None:
    for place in (sections, experiment):
        if isinstance(place, Mapping) and isinstance(place.get("data"), Mapping) and place["data"].get("layer"):
            return place["data"]["layer"]
    return None


def _data_settings(data: Data | None, folder: Path, layer: str | None) -> dict[str, Any]:
    """[data] sources or files, in place of the experiment's."""
    if data is None:
        return {}
    if isinstance(data, AnnData):
        data = {"data": data}
    if isinstance(data, Mapping):
        return {"sources": "", "files": list(map(str, write_all(data, folder, layer=layer)))}
    paths = paths_of(data)
    if len(paths) == 1 and paths[0].endswith((".csv", ".tsv")):
        return {"sources": paths[0], "files": []}
    return {"sources": "", "files": paths}


def _study(verb: str, experiment: Experiment, data: Data | None, out: PathLike | None, variant: str | None, sections: Mapping[str, Any],
           flags: Mapping[str, bool], common: Mapping[str, Any]) -> Run:
    for name in sections:
        if name not in _SECTIONS:
            raise TypeError(f"{verb}() got an unexpected keyword argument {name!r}; settings are given by section, as in train={{'epochs': 5}}")
    if out is None:
        out = Path("runs") / ("experiment" if isinstance(experiment, Mapping) else Path(experiment).stem)
    with private_folder() as folder:
        settings = dict(sections)
        own = _whole_paths(settings.get("data", {})) | _data_settings(data, folder, _layer_of(experiment, sections))
        if own:
            settings["data"] = own
        words: list[PathLike] = [_experiment_file(experiment, folder), "--out", out]
        for line in as_sets(settings):
            words += ["--set", line]
        if variant is not None:
            words += ["--variant", variant]
        call(verb, words + [f"--{name}" for name, wanted in flags.items() if wanted], **common)
    return Run(out)


def run(experiment: Experiment, data: Data | None = None, *, out: PathLike | None = None, variant: str | None = None, resume: bool = False,
        pictures: bool = True, seed: int | None = None, threads: int | None = None, memory: str | None = None, quiet: bool = False,
        **sections: Any) -> Run:
    """From an experiment to a report: prepare, train, evaluate, report. Stages whose inputs did not change are skipped.

    Parameters
    ----------
    experiment
        Path of an experiment file (TOML), or the same as a mapping: ``{"data": {"label": "disease", …}, "split": {…}}``.
    data
        In place of the experiment's ``[data] sources`` or ``files``: an AnnData, several by name, one path (a file, a folder, a
        sample sheet) or a list of paths. AnnData objects must hold raw counts in X, a layer or raw; they are written to a private
        temporary folder while the call lasts, and not changed.
    out
        The run folder; default ``runs/<name of the file>``, ``runs/experiment`` for a mapping.
    variant
        One variant by name; default all.
    resume
        Go on from the checkpoint of an interrupted training.
    pictures
        Draw PNG and SVG beside the report.
    seed
        Of everything random; default the experiment's, else 42.
    threads
        Default all this process may use.
    memory
        Budget for caches and blocks, such as ``"512MB"``; default 2 GB.
    quiet
        No log on ``sys.stderr``, only warnings.
    **sections
        Settings over the experiment's, by section: ``train={"epochs": 5}, prepare={"genes": {"n": 2000}}``.

    Returns
    -------
    The run: ``.scores``, ``.units``, ``.predictions`` (DataFrames), ``.evaluation``, ``.model``, ``.report``.

    Raises
    ------
    UsageError, InputError, InternalError
        With one sentence that says what to do. Ctrl-C (KeyboardInterrupt) keeps the finished epochs for `resume`.

    Examples
    --------
    >>> study = cellverdict.run("mine.toml", adata, out="runs/mine")
    >>> study.scores
    """
    return _study("run", experiment, data, out, variant, sections, {"resume": resume, "no-pictures": not pictures},
                  {"seed": seed, "threads": threads, "memory": memory, "quiet": quiet})


def prepare(experiment: Experiment, data: Data | None = None, *, out: PathLike | None = None, variant: str | None = None,
            seed: int | None = None, threads: int | None = None, memory: str | None = None, quiet: bool = False, **sections: Any) -> Run:
    """The first stage of `run` alone: the store of counts (``.store``) and who would be on which side (``.split``)."""
    return _study("prepare", experiment, data, out, variant, sections, {},
                  {"seed": seed, "threads": threads, "memory": memory, "quiet": quiet})


def train(experiment: Experiment, data: Data | None = None, *, out: PathLike | None = None, variant: str | None = None, resume: bool = False,
          seed: int | None = None, threads: int | None = None, memory: str | None = None, quiet: bool = False, **sections: Any) -> Run:
    """`run` up to the trained model (``.model``, ``.history``). The test side stays closed."""
    return _study("train", experiment, data, out, variant, sections, {"resume": resume},
                  {"seed": seed, "threads": threads, "memory": memory, "quiet": quiet})


def evaluate(experiment: Experiment, data: Data | None = None, *, out: PathLike | None = None, variant: str | None = None,
             resume: bool = False, seed: int | None = None, threads: int | None = None, memory: str | None = None, quiet: bool = False,
             **sections: Any) -> Run:
    """`run` up to the numbers on the held-out side; no report is drawn."""
    return _study("evaluate", experiment, data, out, variant, sections, {"resume": resume},
                  {"seed": seed, "threads": threads, "memory": memory, "quiet": quiet})
