"""From an experiment and AnnData to results as tables; errors, the log and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import anndata
import cellverdict
import pandas as pd
import pytest
from cellverdict.toml import as_sets, as_toml


def temporary_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("cellverdict-*"))


def test_the_tables_hold_what_the_files_hold(study, cohort):
    evaluation = json.loads((study.folder / "evaluation.json").read_text())
    assert study.evaluation == evaluation
    net = study.scores[study.scores["model"] == "net"]
    for measured, (_, line) in zip(evaluation["metrics"], net.iterrows(), strict=True):
        assert (line["metric"], line["over"], line["estimate"]) == (measured["metric"], measured["over"], measured["estimate"])
        if measured["interval"]:
            assert line["low"] <= line["estimate"] <= line["high"]
        else:
            assert pd.isna(line["low"]) and line["why_no_interval"]
    assert set(study.scores["model"]) == {"net", *(rival["name"] for rival in evaluation["rivals"])}
    assert list(study.units.index) == [unit["unit"] for unit in evaluation["units"]]
    tested = study.split[study.split["side"] == "test"]
    assert dict(study.predictions["unit"].value_counts()) == dict(zip(tested["unit"], tested["n_cells"]))
    assert set(study.predictions.index) <= set(cohort.obs_names)
    assert study.report == study.folder / "report.html" and study.verdict in study._repr_html_()
    assert len(study.history) == 3 and study.history["validation_auc"].between(0, 1).all()
    assert anndata.read_h5ad(study.store[0]).n_obs == study.split["n_cells"].sum()


def test_an_anndata_gives_the_numbers_of_its_file(learns, cohort, cohort_file, experiment, tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(as_toml(experiment | {"data": experiment["data"] | {"files": [str(cohort_file)]}}))
    from_file = cellverdict.evaluate(file, out=tmp_path / "file", quiet=True)
    from_object = cellverdict.evaluate(file, {"cohort": cohort}, out=tmp_path / "object", quiet=True)
    pd.testing.assert_frame_equal(from_file.predictions, from_object.predictions)
    pd.testing.assert_frame_equal(from_file.scores, from_object.scores)
    assert from_object.report is None


def test_a_stage_with_the_same_object_is_skipped(learns, cohort, experiment, tmp_path, capfd):
    before = temporary_folders()
    prepared = cellverdict.prepare(experiment, cohort, out=tmp_path / "run")
    assert "kept" in capfd.readouterr().err and len(prepared.store) == 1 and set(prepared.split["side"]) == {"train", "validation", "test"}
    with pytest.raises(cellverdict.InputError, match="call `train`"):
        prepared.model  # noqa: B018
    trained = cellverdict.train(experiment, cohort, out=tmp_path / "run")
    assert "up to date" in capfd.readouterr().err and (trained.model / "model.safetensors").is_file()
    assert temporary_folders() == before


def test_several_objects_are_sources_by_name(cohort, experiment, tmp_path):
    parts = {f"study {b}": cohort[cohort.obs["batch"] == b] for b in ("B1", "B2")}
    prepared = cellverdict.prepare(experiment, parts, out=tmp_path / "run", quiet=True)
    assert [f.name for f in prepared.store] == ["000_study_B1.h5ad", "001_study_B2.h5ad"]
    assert prepared.split["n_cells"].sum() == sum(anndata.read_h5ad(f).n_obs for f in prepared.store)
    with pytest.raises(cellverdict.UsageError, match="names that can be those of files"):
        cellverdict.prepare(experiment, {"a/b": cohort}, out=tmp_path / "other", quiet=True)


def test_variants_are_a_mapping_and_one_table(learns, cohort, experiment, tmp_path):
    experiment["variant"] = [{"name": "narrow", "set": {"model.width": 4}}, {"name": "wide one", "set": {"model.width": 8}}]
    run = cellverdict.run(experiment, cohort, out=tmp_path / "run", pictures=False, quiet=True)
    assert list(run) == ["narrow", "wide one"] and set(run.scores["variant"]) == set(run)
    assert len(run.units) == len(run["narrow"].units) + len(run["wide one"].units)
    with pytest.raises(ValueError, match="2 variants"):
        run.model  # noqa: B018
    with pytest.raises(KeyError, match="wide one"):
        run["wide"]
    assert cellverdict.predict(run["wide one"], cohort, quiet=True).n_obs == cohort.n_obs
    assert list(cellverdict.Run(tmp_path / "run")) == ["narrow", "wide one"]


def test_folds_have_a_model_each(learns, cohort, experiment, tmp_path):
    run = cellverdict.evaluate(experiment, cohort, out=tmp_path / "run", quiet=True, cv={"scheme": "stratified-group", "folds": 3})
    assert len(run.models) == 3 and sorted(run.units.index) == sorted(set(cohort.obs["library"])) and set(run.split["fold"]) == {1, 2, 3}
    with pytest.raises(ValueError, match="choose one of"):
        run.model  # noqa: B018


def test_errors_carry_the_sentence_of_the_program(cohort, experiment, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(cellverdict.UsageError, match="epochs"):
        cellverdict.prepare(experiment, cohort, out=out, quiet=True, train={"epochz": 3})
    with pytest.raises(cellverdict.InputError, match="missing.h5ad") as caught:
        cellverdict.prepare(experiment, tmp_path / "missing.h5ad", out=out, quiet=True)
    assert str(caught.value).endswith(".") and not str(caught.value).startswith("cellverdict")
    with pytest.raises(TypeError, match="unexpected keyword argument 'quite'"):
        cellverdict.prepare(experiment, cohort, out=out, quite=True)
    with pytest.raises(cellverdict.InputError, match="0 cells"):
        cellverdict.prepare(experiment, cohort[:0], out=out, quiet=True)
    cohort.obs["mixed"] = [{"a": 1}] * cohort.n_obs
    with pytest.raises(cellverdict.InputError, match="cannot be written"):
        cellverdict.prepare(experiment, cohort, out=out, quiet=True)
    assert not (out / "store").exists()


def test_a_program_that_is_not_there_or_dies_is_an_internal_error(cohort, tmp_path, monkeypatch):
    for body, said in ((None, "found nothing"), ("kill -9 $$", "SIGKILL"), ("echo 'x: error while loading shared libraries: libc10.so' >&2; exit 127", "libc10.so"),
                       ("echo 'cellverdict inspect: error: a bug in cellverdict: x' >&2; exit 70", "^a bug in cellverdict: x$")):
        fake = tmp_path / "fake"
        if body:
            fake.write_text(f"#!/bin/sh\n{body}\n")
            fake.chmod(0o755)
        monkeypatch.setenv("CELLVERDICT_PROGRAM", str(fake))
        with pytest.raises(cellverdict.InternalError, match=said):
            cellverdict.inspect(cohort, quiet=True)


def test_quiet_is_quiet_and_the_log_comes_live(cohort, experiment, tmp_path, capsys):
    cellverdict.prepare(experiment, cohort, out=tmp_path / "a", quiet=True)
    assert capsys.readouterr().err == ""
    cellverdict.prepare(experiment, cohort, out=tmp_path / "b")
    assert "cellverdict prepare: " in capsys.readouterr().err


def test_an_interrupt_stops_the_program_in_good_order(learns, cohort_file, experiment, tmp_path):
    """In a child, as a notebook's kernel is interrupted: the signal reaches Python alone."""
    script = tmp_path / "train.py"
    long = experiment | {"train": {"epochs": 100000, "patience": 0}}
    script.write_text(textwrap.dedent(f"""
        import sys
        sys.path[:0] = {sys.path!r}
        import cellverdict
        try:
            cellverdict.train({long!r}, {str(cohort_file)!r}, out={str(tmp_path / "run")!r}, threads=1)
        except KeyboardInterrupt:
            sys.exit(99)
        """))
    child = subprocess.Popen([sys.executable, script], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    log: list[str] = []
    reader = threading.Thread(target=lambda: log.extend(child.stderr), daemon=True)
    reader.start()
    deadline = time.monotonic() + 90
    while not (tmp_path / "run/checkpoint/checkpoint.safetensors").exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGINT)
    assert child.wait(60) == 99, "".join(log)
    reader.join(10)
    assert "--resume" in "".join(log)
    assert (tmp_path / "run/checkpoint/checkpoint.safetensors").is_file() and not (tmp_path / "run/model").exists()


def test_inspect_shows_what_goes_with_the_label(cohort, cohort_file):
    seen = cellverdict.inspect(cohort, label="disease", by="batch", unit="library", quiet=True)
    assert seen.n_cells == cohort.n_obs and seen.sources.loc["data", "values"] == "counts"
    counted = pd.crosstab(cohort.obs["batch"], cohort.obs["disease"])
    assert seen.contingency.to_numpy().tolist() == counted.to_numpy().tolist() and seen.contingency_units.to_numpy().sum() == 12
    assert "path" in cellverdict.inspect(cohort_file, quiet=True).sources and cellverdict.inspect(cohort_file, quiet=True).contingency is None


def test_values_become_toml():
    import tomllib

    import numpy as np
    root = {"title": 'a "b"\n\x7f\\ ü', "data": {"files": [Path("x.h5ad")], "classes": {"AML (M3)": "disease", "x.y": ""}},
            "train": {"learning_rate": np.float32(0.5), "epochs": np.int64(3), "flag": True, "small": 1e-7},
            "variant": [{"name": "a", "set": {"split.test": ["1", 2]}}]}
    back = tomllib.loads(as_toml(root))
    assert back["title"] == root["title"] and back["data"] == {"files": ["x.h5ad"], "classes": {"AML (M3)": "disease", "x.y": ""}}
    assert back["train"] == {"learning_rate": 0.5, "epochs": 3, "flag": True, "small": 1e-7} and back["variant"] == root["variant"]
    assert list(as_sets({"prepare": {"genes": {"n": 5}}, "data": {"classes": {"x.y": ""}}})) == ["prepare.genes.n=5", 'data.classes={ "x.y" = "" }']
    with pytest.raises(TypeError, match="train.epochs: found NoneType"):
        as_toml({"train": {"epochs": None}})
