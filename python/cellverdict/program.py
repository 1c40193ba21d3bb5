"""Where the program is and how it is called: one child process a call, its log passed on live, its errors raised.

Nothing is computed here, and nothing is kept between calls.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .errors import InputError, InternalError, UsageError

_PACKAGE = Path(__file__).resolve().parent
_KINDS = {1: InputError, 2: UsageError}
_LIBRARY_NOT_LOADED = 127
_ERROR = re.compile(r"cellverdict(?: [a-z]+)?: error: (.*)", re.S)


def program() -> Path:
    """The program that is called: ``$CELLVERDICT_PROGRAM``, else the one installed with this package."""
    named = os.environ.get("CELLVERDICT_PROGRAM")
    path = Path(named).absolute() if named else _packaged()
    if not path.is_file():
        raise InternalError(f"{path}: found nothing, expected the program cellverdict; "
                            + ("check CELLVERDICT_PROGRAM." if named else "install the package with pip, or name the program in CELLVERDICT_PROGRAM."))
    return path


def _packaged() -> Path:
    # An editable install has the program in one folder and these files in another.
    for folder in importlib.util.find_spec(__package__).submodule_search_locations or []:
        if (Path(folder) / "bin/cellverdict").is_file():
            return Path(folder) / "bin/cellverdict"
    return _PACKAGE / "bin/cellverdict"


def _torch_libraries() -> Path | None:
    """The folder of the LibTorch of this environment, found without importing torch."""
    found = importlib.util.find_spec("torch")
    return Path(found.submodule_search_locations[0]) / "lib" if found and found.submodule_search_locations else None


def environment() -> dict[str, str]:
    """The environment the program is called with: the packaged one is told where LibTorch and its own files are."""
    env = dict(os.environ)
    env.setdefault("CELLVERDICT_PYTHON", sys.executable)  # draws the report's pictures
    if not env.get("CELLVERDICT_PROGRAM"):
        env.setdefault("CELLVERDICT_SHARE", str(_packaged().parent.parent / "share/cellverdict"))
        if libraries := _torch_libraries():
            env["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [str(libraries), env.get("LD_LIBRARY_PATH")]))
    return env


def call(verb: str, words: Iterable[str | os.PathLike], *, quiet: bool = False, seed: int | None = None, threads: int | None = None,
         memory: str | None = None) -> Any:
    """Run one verb and give back its result.

    Parameters
    ----------
    verb
        Such as ``"run"``.
    words
        What follows it on the command line.
    quiet
        Only warnings go to ``sys.stderr``, and no log.
    seed, threads, memory
        The options of every verb; ``None`` leaves the program's default.

    Returns
    -------
    The program's ``--json`` result.

    Raises
    ------
    InputError, UsageError, InternalError
        With the program's one sentence.
    KeyboardInterrupt
        After the program has stopped in good order.
    """
    line = [str(program()), verb, *map(os.fspath, words), "--json"]
    for name, value in (("seed", seed), ("threads", threads), ("memory", memory)):
        if value is not None:
            line += [f"--{name}", str(value)]
    if quiet:
        line.append("--quiet")
    # A process group of its own: a Ctrl-C in the terminal reaches this process alone, which passes on exactly one, because the
    # program takes a second one as an order to drop everything.
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                          errors="replace", env=environment(), process_group=0) as child:
        result: list[str] = []
        reader = threading.Thread(target=lambda: result.append(child.stdout.read()), daemon=True)
        reader.start()
        try:
            complaint = _pass_on(child)
            child.wait()
        except KeyboardInterrupt:
            _stop(child, verb)
            raise
        finally:
            if child.poll() is None:
                child.kill()
        reader.join()
    if child.returncode == 0:
        return json.loads(result[0])
    if child.returncode == 130:
        raise KeyboardInterrupt(complaint)
    raise _error_of(child.returncode, complaint)


def _pass_on(child: subprocess.Popen) -> str:
    """Every line of the log to sys.stderr (which in a notebook is the cell's output) but for the last complaint, which is given back."""
    complaint: list[str] = []
    for line in child.stderr:
        error = _ERROR.match(line)
        if error or complaint or _is_loader_message(line):  # a sentence may quote a text with line breaks
            complaint.append((error[1] if error else line).strip())
        else:
            print(line, end="", file=sys.stderr, flush=True)
    return " ".join(complaint)


def _is_loader_message(line: str) -> bool:
    return "error while loading shared libraries" in line or "symbol lookup error" in line


def _stop(child: subprocess.Popen, verb: str) -> None:
    """One interrupt, and time to finish the batch and write the checkpoint; a second Ctrl-C ends it at once."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    try:
        complaint = _pass_on(child)
        child.wait()
        if complaint:
            print(f"cellverdict {verb}: {complaint}", file=sys.stderr)
    except KeyboardInterrupt:
        child.kill()


def _error_of(code: int, complaint: str) -> Exception:
    if code in _KINDS:
        return _KINDS[code](complaint or f"the program ended with exit code {code} and no word.")
    if code == _LIBRARY_NOT_LOADED or _is_loader_message(complaint):
        try:
            torch = importlib.metadata.version("torch")
        except importlib.metadata.PackageNotFoundError:
            torch = "none"
        return InternalError(f"the program does not start with the torch of this environment ({torch}): {complaint}; it belongs to the torch it "
                             "was built with: install cellverdict again with `pip install --force-reinstall --no-deps`.")
    if code < 0:
        name = signal.Signals(-code).name
        advice = "; most often the machine's memory was used up: give a smaller `memory` or fewer cells" if name == "SIGKILL" else ""
        return InternalError(f"the program was ended by {name}{advice}.")
    return InternalError(complaint or f"the program ended with exit code {code} and no word.")
