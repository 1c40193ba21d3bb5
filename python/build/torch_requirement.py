"""Which torch `pip install .` builds against, and so needs: asked by the build, see pyproject.toml.

LibTorch keeps its binary interface within a minor version only, so the package must run with the torch it was built with. Where
the environment that pip installs into has a torch, that one is taken, CUDA build or not (the build's isolation hides it; -I looks
past that, and so does cmake/torch.cmake). Where it has none, it gets the version that the project is tested with.
"""

import re
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"
LEAST = (2, 7)


def installed() -> str | None:
    """The version of the environment's torch, if it has one that is new enough."""
    for isolated in (["-I"], []):
        asked = subprocess.run([sys.executable, *isolated, "-c", "import importlib.metadata as m; print(m.version('torch'))"],
                               capture_output=True, text=True, check=False)
        version = re.match(r"(\d+)\.(\d+)", asked.stdout)
        if asked.returncode == 0 and version and (int(version[1]), int(version[2])) >= LEAST:
            return asked.stdout.strip()
    return None


def tested() -> str:
    return re.search(r"^torch==([\w.]+)", REQUIREMENTS.read_text(encoding="utf-8"), re.M)[1]


def get_requires_for_dynamic_metadata(settings: dict) -> list[str]:
    return [] if installed() else [f"torch=={tested()}"]


def dynamic_metadata(settings: dict, project: dict) -> dict[str, list[str]]:
    release = re.match(r"\d+\.\d+", installed() or tested())[0]
    return {"dependencies": [f"torch=={release}.*"]}
