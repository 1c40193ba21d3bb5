"""Python values as TOML, in which the program reads its experiments."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def value_as_toml(value: Any, where: str) -> str:
    """One value on one line. Numbers of numpy and paths are taken too; raises TypeError for what TOML cannot hold."""
    if hasattr(value, "tolist"):  # numpy, pandas
        value = value.tolist()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, os.PathLike)):
        return _text(os.fspath(value))
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(k))} = {value_as_toml(v, f'{where}.{k}')}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(value_as_toml(v, where) for v in (sorted(value) if isinstance(value, (set, frozenset)) else value)) + "]"
    raise TypeError(f"{where}: found {type(value).__name__}, expected a text, number, list or mapping")


def as_toml(root: Mapping[str, Any]) -> str:
    """A mapping of sections as a file: plain keys first, then a heading for each mapping."""
    plain = [f"{_key(k)} = {value_as_toml(v, k)}\n" for k, v in root.items() if not isinstance(v, Mapping)]
    sections = [f"\n[{_key(k)}]\n" + "".join(f"{_key(str(name))} = {value_as_toml(v, f'{k}.{name}')}\n" for name, v in section.items())
                for k, section in root.items() if isinstance(section, Mapping)]
    return "".join(plain + sections)


def as_sets(settings: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The words of ``--set``: one for every leaf, so that what is not named keeps its value."""
    for name, value in settings.items():
        place = f"{path}.{name}" if path else name
        if isinstance(value, Mapping) and value and all(_BARE.fullmatch(str(k)) for k in value):
            yield from as_sets(value, place)
        else:
            yield f"{place}={value_as_toml(value, place)}"
