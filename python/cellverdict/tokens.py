"""Rank-value tokens as datasets of Hugging Face, the form in which Geneformer reads and writes them, and back.

Needs `pyarrow` (``pip install pyarrow``), which the rest of the package does without; the library `datasets` loads what is written
(``datasets.load_from_disk``) and is not needed to write it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from .errors import InputError, UsageError

_ROWS = 4096  # cells in memory at a time
_FILE = "data-00000-of-00001.arrow"


def _arrow():
    try:
        import pyarrow
    except ImportError:
        raise UsageError("tokens: found no pyarrow, expected it for datasets of Hugging Face; pip install pyarrow.") from None
    return pyarrow


def _feature(arrow_type) -> dict:
    """How `datasets` describes a column. "Sequence" is understood by all its versions."""
    pa = _arrow()
    if pa.types.is_list(arrow_type):
        return {"feature": {"dtype": str(arrow_type.value_type), "_type": "Value"}, "_type": "Sequence"}
    names = {pa.float64(): "float64", pa.int64(): "int64", pa.bool_(): "bool"}
    return {"dtype": names.get(arrow_type, "string"), "_type": "Value"}


def _attribute(values: pd.Series, name: str):
    """A column of obs as Arrow, by the kind of the whole column."""
    pa = _arrow()
    if pd.api.types.is_bool_dtype(values):
        return values.to_numpy(), pa.bool_()
    if pd.api.types.is_integer_dtype(values):
        return values.to_numpy(), pa.int64()
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(np.float64), pa.float64()
    if name in ("input_ids", "length"):
        raise UsageError(f"obs: found a column {name!r} of text, which the dataset uses for itself; rename it.")
    return np.array([None if pd.isna(value) else str(value) for value in values], dtype=object), pa.string()


def _specials(uns: Mapping) -> tuple[list[int], list[int]]:
    known = json.loads(uns["token_specials"])
    return [known[name] for name in ("<cls>",) if name in known], [known[name] for name in ("<eos>",) if name in known]


def _sequences(ranks, token_of_column, begin, end):
    """The tokens of a block of rows one after the other, with where each row's end; rows without genes are left out."""
    ranks = sparse.csr_matrix(ranks)
    row = np.repeat(np.arange(ranks.shape[0]), np.diff(ranks.indptr))
    tokens = token_of_column[ranks.indices[np.lexsort((ranks.data, row))]]
    kept = np.flatnonzero(np.diff(ranks.indptr) > 0)
    lengths = np.diff(ranks.indptr)[kept]
    if begin or end:
        first = np.concatenate([[0], np.cumsum(lengths)])
        places = np.concatenate([np.repeat(first[1:], len(end)), np.repeat(first[:-1], len(begin))])
        # Of what goes in at one place, the end of a cell comes before the beginning of the next.
        order = np.argsort(places, kind="stable")
        tokens = np.insert(tokens, places[order], np.array(end * len(kept) + begin * len(kept), dtype=np.int64)[order])
        lengths = lengths + len(begin) + len(end)
    return tokens.astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32), kept


def tokens_to_dataset(tokens: str | os.PathLike | anndata.AnnData, folder: str | os.PathLike, *, columns: Iterable[str] | None = None) -> Path:
    """Write what `cellverdict tokenise` made as a dataset: `input_ids`, `length` and columns of obs as attributes.

    `columns` of obs, all by default. Cells without any token are left out, as Geneformer does. The folder must not exist; it appears
    whole or not at all. A few thousand cells are in memory at a time.
    """
    pa = _arrow()
    folder = Path(folder)
    if folder.exists():
        raise UsageError(f"{folder}: found something there, expected a new folder; choose another name.")
    data = tokens if isinstance(tokens, anndata.AnnData) else anndata.read_h5ad(tokens, backed="r")
    try:
        if "token_dictionary" not in data.uns or "token" not in data.var:
            raise InputError(f"{tokens if not isinstance(tokens, anndata.AnnData) else 'the AnnData'}: found no uns/token_dictionary, expected "
                             "a file that `cellverdict tokenise` wrote.")  # fmt: skip
        names = [name for name in (data.obs.columns if columns is None else columns) if name != "length"]
        if unknown := [name for name in names if name not in data.obs]:
            raise UsageError(f"columns: found {unknown[0]!r}, expected one of {', '.join(map(str, data.obs.columns))}.")
        attributes = {str(name): _attribute(data.obs[name], str(name)) for name in names}
        schema = pa.schema([("input_ids", pa.list_(pa.int32())), *((name, kind) for name, (_, kind) in attributes.items()), ("length", pa.int64())])
        features = {field.name: _feature(field.type) for field in schema}
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=f".{folder.name}-") as temporary:
            _write_arrow(data, Path(temporary) / _FILE, schema, attributes)
            _write_json(Path(temporary) / "dataset_info.json", {"citation": "", "description": "", "features": features, "homepage": "", "license": ""})
            _write_json(Path(temporary) / "state.json", {
                "_data_files": [{"filename": _FILE}], "_fingerprint": os.urandom(8).hex(), "_format_columns": None, "_format_kwargs": {},
                "_format_type": None, "_output_all_columns": False, "_split": None})  # fmt: skip
            os.chmod(temporary, 0o755)
            shutil.copytree(temporary, folder)
    finally:
        if data is not tokens and data.file is not None:
            data.file.close()
    return folder


def _write_arrow(data, path, schema, attributes):
    pa = _arrow()
    token_of_column = data.var["token"].to_numpy().astype(np.int64)
    begin, end = _specials(data.uns)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for first in range(0, data.n_obs, _ROWS):
            rows = slice(first, min(first + _ROWS, data.n_obs))
            ids, ends, kept = _sequences(data.X[rows], token_of_column, begin, end)
            arrays = [pa.ListArray.from_arrays(pa.array(ends), pa.array(ids))]
            arrays += [pa.array(values[rows][kept], type=kind, from_pandas=True) for values, kind in attributes.values()]
            arrays.append(pa.array(np.diff(ends).astype(np.int64)))
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _write_json(path, what):
    path.write_text(json.dumps(what, indent=2))


def _token_table(tokens) -> pd.Series:
    """Gene → token, of a mapping or of a token_dictionary file."""
    if isinstance(tokens, Mapping):
        return pd.Series(dict(tokens))
    path = Path(tokens)
    if path.suffix == ".json":
        return pd.Series(json.loads(path.read_text()))
    if path.suffix == ".tsv":
        return pd.read_csv(path, sep="\t", header=None, index_col=0, keep_default_na=False).iloc[:, 0]
    raise UsageError(f"{path}: found a name ending in {path.suffix!r}, expected .json or .tsv, or a dict.")


def dataset_to_tokens(folder: str | os.PathLike, dictionary: str | os.PathLike | Mapping[str, int]) -> anndata.AnnData:
    """A dataset of Geneformer's tokens as AnnData like those of `cellverdict tokenise`: X holds the rank of each gene in each cell.

    `dictionary`: the token of each gene, a token_dictionary*.json or .tsv, or a dict. Attributes of the cells become obs.
    """
    pa = _arrow()
    folder = Path(folder)
    try:
        files = [entry["filename"] for entry in json.loads((folder / "state.json").read_text())["_data_files"]]
        table = pa.concat_tables([pa.ipc.open_stream(pa.memory_map(str(folder / file))).read_all() for file in files])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise InputError(f"{folder}: found no dataset of Hugging Face ({' '.join(str(error).split())}), expected one written by "
                         "save_to_disk.") from error  # fmt: skip
    if "input_ids" not in table.column_names:
        raise InputError(f"{folder}: found no column input_ids, expected tokens.")
    token = _token_table(dictionary)
    special = token.index.astype(str).str.match(r"^<.*>$")
    genes = token[~special].sort_values()
    column_of_token = np.full(int(token.max()) + 1, -1, dtype=np.int64)
    column_of_token[genes.to_numpy()] = np.arange(len(genes))
    lists = table["input_ids"].combine_chunks()
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    ids = lists.flatten().to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy(zero_copy_only=False))]).astype(np.int64)
    if len(ids) and (ids.min() < 0 or ids.max() >= len(column_of_token)):
        raise InputError(f"{folder}: found token {int(ids.max())}, expected at most {len(column_of_token) - 1}, the largest of the dictionary.")
    row = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    gene = column_of_token[ids] >= 0
    ids, row = ids[gene], row[gene]
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(ends) - 1))])
    rank = np.arange(len(ids)) - starts[row] + 1
    x = sparse.csr_matrix((rank.astype(np.float32), (row, column_of_token[ids])), shape=(len(ends) - 1, len(genes)))
    if x.nnz != len(ids) or (x.data > len(genes)).any():
        raise InputError(f"{folder}: found a token twice in one cell, expected each gene once.")
    obs = table.drop_columns(["input_ids"]).to_pandas()
    obs.index = [str(i) for i in range(len(obs))]
    out = anndata.AnnData(X=x, obs=obs, var=pd.DataFrame({"token": genes.to_numpy()}, index=genes.index.astype(str)))
    v2 = "<cls>" in token.index
    out.uns = {"token_dictionary": "V2" if v2 else "V1", "token_specials": json.dumps({name: int(token[name]) for name in token.index[special]}),
               "token_vocabulary": str(len(column_of_token))}  # fmt: skip
    return out
