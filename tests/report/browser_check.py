"""Loads the example report in headless Chromium: browser_check.py WRITE_EXAMPLE_REPORT.

Fails on any console message, on any request to the network, and when not every figure was drawn. The checks are first tried on a
page that breaks each rule, so that they are known to see what they look for. Exit code 77: skipped.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BAD_PAGE = """<!DOCTYPE html><body><div class="plot"></div><script data-plot="a" type="application/json">{}</script>
<img src="http://127.0.0.1:9/picture.png"><script>console.error("an error of the page");</script></body>"""


def load(browser: str, page: Path, folder: Path) -> tuple[str, list[str], list[str]]:
    """The finished page as HTML, what it said on the console, and what it asked of the network."""
    log = folder / "net.json"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND",
             f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000",
             "--enable-logging=stderr", f"--log-net-log={log}", "--dump-dom"]
    run = subprocess.run([browser, *flags, page.as_uri()], capture_output=True, text=True, timeout=240)
    console = [line for line in run.stderr.splitlines() if ":CONSOLE" in line]
    return run.stdout, console, asked_by_page(log)


def asked_by_page(log: Path) -> list[str]:
    """Addresses asked for by a page. What the browser asks for itself (updates) has no page as its initiator."""
    asked = set()
    for line in log.read_text(errors="replace").splitlines():
        if '"initiator"' not in line:
            continue
        start = json.loads(line.rstrip().rstrip(",").removesuffix("]}"))["params"]
        if start["initiator"] != "not an origin" and not start["url"].startswith(("file:", "data:", "blob:")):
            asked.add(start["url"])
    return sorted(asked)


def problems(dom: str, console: list[str], asked: list[str]) -> dict[str, str]:
    found = {}
    if console:
        found["console"] = "\n".join(console)
    if asked:
        found["network"] = "\n".join(asked)
    n_specs = len(re.findall(r"<script[^>]*data-plot=", dom))
    n_drawn = len(re.findall(r'<svg[^>]*class="marks"', dom))
    said = re.search(r'<body[^>]*data-drawn="(\d+)"', dom)
    if n_specs == 0 or n_drawn != n_specs or said is None or int(said.group(1)) != n_specs:
        found["figures"] = f"{n_drawn} drawn, {n_specs} specs"
    return found


def main() -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("skipped: no chromium")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bad = folder / "bad.html"
        bad.write_text(BAD_PAGE)
        seen = problems(*load(browser, bad, folder))
        if set(seen) != {"console", "network", "figures"}:
            print(f"the check misses what a bad page does: it saw only {json.dumps(seen, indent=1)}")
            return 1
        subprocess.run([sys.argv[1], folder / "report", "random-cells"], check=True, stdout=subprocess.DEVNULL)
        page = folder / "report" / "report.html"
        if "data-plot" not in page.read_text():
            print("skipped: this build has no JavaScript bundle")
            return 77
        seen = problems(*load(browser, page, folder))
        for what, detail in seen.items():
            print(f"{what}: {detail}")
        return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
