"""Datasets of Hugging Face: what is written loads there, and what Geneformer wrote comes back the same."""

import json
import os
import subprocess
from pathlib import Path

import anndata
import cellverdict
import numpy as np
import pytest
from cellverdict.program import environment

pa = pytest.importorskip("pyarrow", reason="skipped: no pyarrow")
SHARED = Path(os.environ.get("CELLVERDICT_SHARED_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))


@pytest.fixture(scope="module")
def shared():
    if not SHARED.exists():
        pytest.skip("skipped: no shared data")
    return SHARED


def small(tmp_path, with_specials):
    """Ten genes, three cells of which one is empty, through the program."""
    genes = [f"ENSG{i:011d}" for i in range(1, 11)]
    specials = ["<pad>", "<mask>"] + (["<cls>", "<eos>"] if with_specials else [])
    folder = tmp_path / "dictionary"
    folder.mkdir()
    (folder / "token_dictionary.json").write_text(json.dumps({name: i for i, name in enumerate(specials + genes)}))
    (folder / "gene_median_dictionary.json").write_text(json.dumps({gene: 1.0 for gene in genes}))
    counts = np.array([[0, 3, 0, 0, 9, 1, 0, 0, 0, 2], [0] * 10, [5, 4, 3, 2, 1, 0, 0, 0, 0, 7]], dtype=np.float32)
    cells = anndata.AnnData(X=counts, obs={"kind": ["a", "b", "c"], "n": [1, 2, 3], "x": [0.5, np.nan, 2]})
    cells.var_names = genes
    cells.obs_names = ["c0", "c1", "c2"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    out = tmp_path / "tokens.h5ad"
    command = [cellverdict.program(), "tokenise", tmp_path / "cells.h5ad", "--dictionary", folder, "--out", out]
    subprocess.run(command, check=True, capture_output=True, env=environment())
    return folder, out


@pytest.mark.parametrize("with_specials", [False, True])
def test_tokens_go_to_a_dataset_and_come_back(tmp_path, with_specials):
    datasets = pytest.importorskip("datasets", reason="skipped: no datasets")
    folder, out = small(tmp_path, with_specials)
    written = cellverdict.tokens_to_dataset(out, tmp_path / "dataset")
    loaded = datasets.load_from_disk(written)
    first = 4 if with_specials else 2
    cells = [[first + 4, first + 1, first + 9, first + 5], [first + 9, first, first + 1, first + 2, first + 3, first + 4]]
    assert loaded["input_ids"][:] == [[2, *cell, 3] if with_specials else cell for cell in cells]
    assert loaded["length"][:] == [len(ids) for ids in loaded["input_ids"][:]]
    assert loaded["kind"][:] == ["a", "c"] and loaded["n"][:] == [1, 3] and loaded["x"][:] == [0.5, 2]
    back = cellverdict.dataset_to_tokens(written, folder / "token_dictionary.json")
    tokens = anndata.read_h5ad(out)
    assert (back.X.toarray() == tokens.X.toarray()[[0, 2]]).all()
    assert list(back.var_names) == list(tokens.var_names) and back.uns["token_dictionary"] == tokens.uns["token_dictionary"]
    again = cellverdict.tokens_to_dataset(back, tmp_path / "again", columns=["kind"])
    assert datasets.load_from_disk(again)["input_ids"][:] == loaded["input_ids"][:]


def test_a_dataset_that_geneformer_wrote_comes_back_the_same(shared, tmp_path):
    datasets = pytest.importorskip("datasets", reason="skipped: no datasets")
    given = datasets.load_from_disk(shared / "geneformer" / "tokenised_arrow")
    tokens = cellverdict.dataset_to_tokens(shared / "geneformer" / "tokenised_arrow", shared / "geneformer/v1_gc30M/token_dictionary_gc30M.tsv")
    assert tokens.n_obs == given.num_rows == 354
    written = cellverdict.tokens_to_dataset(tokens, tmp_path / "dataset")
    ours = datasets.load_from_disk(written)
    assert ours["input_ids"][:] == given["input_ids"][:] and ours["length"][:] == given["length"][:]
    assert ours["donor"][:] == given["donor"][:] and ours["n_counts_UMIs"][:] == given["n_counts_UMIs"][:]
    assert ours.features == datasets.Features({name: given.features[name] for name in ours.features})


def test_what_is_no_dataset_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(cellverdict.InputError, match="found no dataset of Hugging Face"):
        cellverdict.dataset_to_tokens(tmp_path, {"<pad>": 0, "ENSG1": 1})
    with pytest.raises(cellverdict.InputError, match="found no uns/token_dictionary"):
        cellverdict.tokens_to_dataset(anndata.AnnData(np.ones((2, 2), dtype=np.float32)), tmp_path / "new")
    with pytest.raises(cellverdict.UsageError, match="expected a new folder"):
        cellverdict.tokens_to_dataset(anndata.AnnData(np.ones((2, 2), dtype=np.float32)), tmp_path)
