"""AnnData objects as files for the program: written into a private folder for as long as a call lasts."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from anndata import AnnData

from .errors import InputError, UsageError


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else can read (``$TMPDIR`` says where), removed at the end whatever happens."""
    with tempfile.TemporaryDirectory(prefix="cellverdict-") as folder:
        yield Path(folder)


def write_anndata(adata: AnnData, path: Path, *, layer: str | None = None, number_cells: bool = False) -> Path:
    """Write what the program may read of `adata`, uncompressed; `adata` itself is not changed.

    Of the matrices X, the layers and raw, all are written unless `layer` names one. With `number_cells` the cells are called
    0, 1, 2, … in the file, for objects whose names repeat.
    """
    if adata.n_obs == 0 or adata.n_vars == 0:
        raise InputError(f"the AnnData '{path.stem}': found {adata.n_obs} cells × {adata.n_vars} genes, expected at least one of each.")
    obs, var = adata.obs.copy(), adata.var.copy()
    if number_cells:
        obs.index = [str(i) for i in range(adata.n_obs)]
    layers = {name: adata.layers[name] for name in adata.layers if layer in (None, name)}
    x = adata.X if layer in (None, "X") or not (layers or layer == "raw") else None
    uns = {name: adata.uns[name] for name in ("schema_version", "version") if name in adata.uns}  # tell CELLxGENE's files apart
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of anndata, about names that repeat and texts that become categories: the copy's affair
        written = AnnData(X=x, obs=obs, var=var, layers=layers, uns=uns)
        if adata.raw is not None and layer in (None, "raw"):
            written.raw = AnnData(X=adata.raw.X, obs=obs[[]], var=adata.raw.var)
        try:
            written.write_h5ad(path)
        except OSError:
            raise
        except Exception as error:
            raise InputError(f"the AnnData '{path.stem}' cannot be written as .h5ad: {' '.join(str(error).split())}") from error
    return path


def write_all(data: Mapping[str, AnnData], folder: Path, *, layer: str | None = None) -> list[Path]:
    """One file for each, called by its key."""
    paths = []
    for name, adata in data.items():
        if not isinstance(name, str) or not name or "/" in name or name.startswith("."):
            raise UsageError(f"data: found the name {name!r}, expected names that can be those of files; rename it.")
        if not isinstance(adata, AnnData):
            raise TypeError(f"data[{name!r}]: found {type(adata).__name__}, expected AnnData; give paths as a list")
        paths.append(write_anndata(adata, folder / f"{name}.h5ad", layer=layer))
    return paths
