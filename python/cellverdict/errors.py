"""What can go wrong, as exceptions: each carries the one sentence the program said."""

from __future__ import annotations


class CellverdictError(Exception):
    """Base of all errors that this package raises itself."""


class InputError(CellverdictError):
    """The data did not allow what was asked (exit code 1 of the program): a file or AnnData that is missing, damaged or unfit."""


class UsageError(CellverdictError, ValueError):
    """An option or the experiment is wrong (exit code 2)."""


class InternalError(CellverdictError, RuntimeError):
    """A bug in cellverdict (exit code 70), or a program that does not start or was killed."""
