"""Can disease be read from gene expression, in people the model has never seen?

A thin layer over the program cellverdict: paths or AnnData in, DataFrames and AnnData out. Each call starts the program once and
waits for it; nothing is kept between calls.

>>> import cellverdict
>>> study = cellverdict.run("experiment.toml", adata)
>>> study.scores
>>> called = cellverdict.predict(study, other)
"""

from .errors import CellverdictError, InputError, InternalError, UsageError
from .looking import Inspection, inspect, simulate
from .predicting import predict
from .program import program
from .results import Run, Variant
from .study import evaluate, prepare, run, train
from .tokens import dataset_to_tokens, tokens_to_dataset

__all__ = ["CellverdictError", "InputError", "Inspection", "InternalError", "Run", "UsageError", "Variant", "dataset_to_tokens", "evaluate",
           "inspect", "predict", "prepare", "program", "run", "simulate", "tokens_to_dataset", "train"]
