"""`predict` on an AnnData says what the program says of the file, and leaves the object alone."""

import csv
import subprocess

import anndata
import cellverdict
import numpy as np
import pandas as pd
import pytest
from cellverdict.program import environment


def by_the_program(program, model, file, folder, *words) -> list[dict]:
    """The table that the program itself writes, read by other means than the package's."""
    table = folder / "by_program.tsv"
    subprocess.run([program, "predict", model, file, "-o", table, "-q", *words], env=environment(), check=True, stdout=subprocess.DEVNULL)
    with open(table, newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def same_as(called: anndata.AnnData, lines: list[dict]) -> None:
    assert list(called.obs_names) == [line["cell"] for line in lines]
    assert list(called.obs["cellverdict_class"]) == [line["predicted"] for line in lines]
    assert list(called.obs["cellverdict_passes_qc"]) == [line["passes_qc"] == "yes" for line in lines]
    for name in called.obs["cellverdict_class"].cat.categories:
        assert list(called.obs[f"cellverdict_{name}"]) == [float(line[f"p_{name}"]) for line in lines]


def test_an_anndata_and_its_file_are_called_alike(study, program, cohort, cohort_file, tmp_path):
    called = cellverdict.predict(study, cohort, quiet=True)
    same_as(called, by_the_program(program, study.model, cohort_file, tmp_path))
    assert called.obs["cellverdict_class"].nunique() == 2
    assert called.obs["cellverdict_passes_qc"].dtype == bool and not called.obs["cellverdict_passes_qc"].all()


def test_the_given_object_is_not_touched(study, cohort):
    before = cohort.copy()
    called = cellverdict.predict(study, cohort, quiet=True)
    pd.testing.assert_frame_equal(cohort.obs, before.obs)
    assert list(cohort.uns) == list(before.uns) and (cohort.X != before.X).nnz == 0
    assert list(called.obs.columns[:cohort.obs.shape[1]]) == list(cohort.obs.columns) and called.shape == cohort.shape
    called.obs["donor"] = "x"
    called.X.data[:] = 0
    assert (cohort.X != before.X).nnz == 0 and list(cohort.obs["donor"]) == list(before.obs["donor"])


def test_cells_in_another_order_keep_their_own_calls(study, cohort):
    order = np.random.default_rng(1).permutation(cohort.n_obs)
    called, shuffled = (cellverdict.predict(study, data, quiet=True) for data in (cohort, cohort[order]))
    assert list(shuffled.obs_names) == list(cohort.obs_names[order])
    np.testing.assert_allclose(shuffled.obs["cellverdict_disease"], called.obs["cellverdict_disease"].iloc[order], atol=1e-6)


def test_names_of_cells_may_repeat(study, cohort):
    called = cellverdict.predict(study, cohort, quiet=True)
    cohort.obs_names = ["cell"] * cohort.n_obs
    again = cellverdict.predict(study, cohort, quiet=True)
    assert list(again.obs_names) == ["cell"] * cohort.n_obs
    assert list(again.obs["cellverdict_disease"]) == list(called.obs["cellverdict_disease"])


def analysed(cohort: anndata.AnnData) -> anndata.AnnData:
    """As after scanpy: X normalised, log-transformed and cut to some genes."""
    x = cohort.X.toarray()
    logged = anndata.AnnData(np.log1p(x / np.maximum(x.sum(axis=1, keepdims=True), 1) * 1e4).astype(np.float32), cohort.obs, cohort.var)
    return logged


def test_counts_are_found_in_a_layer_or_in_raw(study, cohort):
    plain = cellverdict.predict(study, cohort, quiet=True)
    layered = analysed(cohort)
    layered.layers["counts"] = cohort.X
    raw = analysed(cohort)
    raw.raw = cohort
    raw = raw[:, :50].copy()
    raw.obsm["X_pca"], raw.uns["pca"] = np.zeros((raw.n_obs, 3)), {"variance": np.ones(3)}
    for data in (layered, raw):
        called = cellverdict.predict(study, data, quiet=True)
        assert called.shape == data.shape and list(called.layers) == list(data.layers) and (called.raw is None) == (data.raw is None)
        assert list(called.obs["cellverdict_disease"]) == list(plain.obs["cellverdict_disease"])
    layered.layers["spliced"] = layered.layers.pop("counts")
    named = cellverdict.predict(study, layered, layer="spliced", quiet=True)
    assert list(named.obs["cellverdict_disease"]) == list(plain.obs["cellverdict_disease"])


def test_values_that_are_no_counts_are_refused(study, cohort):
    with pytest.raises(cellverdict.InputError, match="log"):
        cellverdict.predict(study, analysed(cohort), quiet=True)


def test_cells_left_out_have_no_call(study, cohort):
    called = cellverdict.predict(study, cohort, where="cell_type == 'type 1'", quiet=True)
    asked = (cohort.obs["cell_type"] == "type 1").to_numpy()
    assert list(called.obs["cellverdict_class"].notna()) == list(asked)
    assert list(called.obs["cellverdict_disease"].notna()) == list(asked)
    assert list(called.obs["cellverdict_passes_qc"].notna()) == list(asked)


def test_units_are_the_means_of_their_passing_cells(study, cohort, tmp_path):
    called = cellverdict.predict(study, cohort, unit="donor", quiet=True)
    units = called.uns["cellverdict"]["units"]
    passing = called.obs[called.obs["cellverdict_passes_qc"]]
    means = passing.groupby("donor", observed=True)["cellverdict_disease"].mean()
    np.testing.assert_allclose(units["p_disease"], means[units.index], rtol=1e-6)
    called.write_h5ad(tmp_path / "called.h5ad")
    back = anndata.read_h5ad(tmp_path / "called.h5ad")
    assert list(back.obs["cellverdict_class"]) == list(called.obs["cellverdict_class"])
    assert back.uns["cellverdict"]["units"].shape == units.shape


def test_paths_give_a_table(study, cohort_file, cohort):
    table = cellverdict.predict(study.model, cohort_file, quiet=True)
    called = cellverdict.predict(study.model, cohort, quiet=True)
    assert list(table.index) == list(cohort.obs_names)
    assert list(table["p_disease"]) == list(called.obs["cellverdict_disease"]) and table["passes_qc"].dtype == bool
    assert table.attrs["cellverdict"]["units"]["n_cells"].sum() == cohort.n_obs
    backed = anndata.read_h5ad(cohort_file, backed="r")
    assert list(cellverdict.predict(study, backed, quiet=True).obs["cellverdict_disease"]) == list(table["p_disease"])
