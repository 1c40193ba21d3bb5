"""A row of bench/RESULTS.md: processes run in turns, their time and memory, and the page made of all rows."""

import csv
import datetime
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
THREADS = 2


@dataclass
class Run:
    seconds: float
    megabytes: float
    epoch_steps: tuple = ()  # seconds from an epoch's line to the next one's
    said: str = ""


def private_megabytes(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0.0


def measure(command):
    """Runs it to its end; what it said is shown only if it failed."""
    environment = dict(os.environ)
    for name in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
        environment[f"{name}_NUM_THREADS"] = str(THREADS)
    said, epochs, peak = [], [], 0.0

    def listen(stream):
        for line in stream:
            if re.search(r"epoch +\d+/\d+", line):
                epochs.append(time.monotonic())
            said.append(line)

    begin = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=environment)  # fmt: skip
    listener = threading.Thread(target=listen, args=(process.stdout,))
    listener.start()
    while True:
        peak = max(peak, private_megabytes(process.pid))
        try:
            process.wait(timeout=0.005)
            break
        except subprocess.TimeoutExpired:
            pass
    seconds = time.monotonic() - begin
    listener.join()
    if process.returncode != 0:
        sys.exit(f"bench: exit {process.returncode} of: {' '.join(str(part) for part in command)}\n{''.join(said)}")
    steps = tuple(after - before for before, after in zip(epochs, epochs[1:]))
    return Run(seconds, peak, steps, "".join(said))


def spread(values, digits=3):
    return {"median": round(statistics.median(values), digits), "spread": [round(min(values), digits), round(max(values), digits)]}


def ratios(ours, theirs):
    """Round by round."""
    return spread([t / o for o, t in zip(ours, theirs)])


def row(name, peer, ours, theirs, checked="", load=None, **more):
    """`ours` and `theirs`: a Run a round; no peer, no `theirs`."""
    out = {"name": name, "peer": peer or None, "runs": len(ours), "seconds": spread([run.seconds for run in ours])}
    if any(run.megabytes for run in ours):
        out["megabytes"] = round(statistics.median(run.megabytes for run in ours))
    if theirs:
        out |= {"peer_seconds": spread([run.seconds for run in theirs]),
                "speed_ratio": ratios([run.seconds for run in ours], [run.seconds for run in theirs])}  # fmt: skip
    if theirs and any(run.megabytes for run in theirs):
        out["peer_megabytes"] = round(statistics.median(run.megabytes for run in theirs))
        out["memory_ratio"] = round(statistics.median(run.megabytes for run in theirs) / max(out["megabytes"], 1), 2)
    return finished(out | more, checked, load)


def finished(out, checked, load):
    """When it was measured, and how busy the machine was: rows may be of different days."""
    out |= {"checked": checked} if checked else {}
    return out | {"load": round(load, 1) if load is not None else None, "date": datetime.date.today().isoformat()}


def table_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def seconds_of(measured):
    return f"{measured['median']:.2f}" if measured["median"] >= 1 else f"{measured['median']:.3f}"


def span(measured):
    return f"{measured['median']:.2f} ({measured['spread'][0]:.2f}–{measured['spread'][1]:.2f})"


def behind(rows):
    """Where the program is not ahead, in words."""
    lines = []
    for entry in rows:
        speed, memory = entry.get("speed_ratio"), entry.get("memory_ratio")
        if speed and speed["spread"][1] < 1:
            lines.append(f"- {entry['name']}: cellverdict is **slower**, {1 / speed['median']:.2f} times the time of {entry['peer']}.")
        elif speed and speed["spread"][0] <= 1:
            lines.append(f"- {entry['name']} ({entry['peer']}): no difference shown; the spread of the ratio contains 1.")
        if memory and memory < 1:
            lines.append(f"- {entry['name']}: cellverdict takes **more memory**, {1 / memory:.2f} times that of {entry['peer']}.")
    return lines or ["- In none of the rows above."]


def page(about, rows, notes):
    m, v = about["machine"], about["versions"]
    peers = ", ".join(f"{name} {number}" for name, number in v.items() if name != "cellverdict")
    text = [
        "# Measured beside what people use today",
        "",
        "Written by `make bench`; the same numbers are in `results.json`. Do not edit.",
        "",
        f"Machine: {m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB; {m['threads_used']} threads for both sides. cellverdict "
        f"{v['cellverdict']} against {peers}. Load: the largest of the last minute's, taken before every run of the row. The benchmark "
        f"alone makes up to {m['threads_used']}; more means that other work disturbed it, training most of all, whose threads wait for "
        "each other many times a minibatch.",
        "",
        "| what | cellverdict, s | peer | peer, s | times faster (min–max) | memory, MB | peer, MB | times less | load | measured |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in rows:
        has_peer = "peer_seconds" in entry
        cells = [
            entry["name"],
            seconds_of(entry["seconds"]),
            entry["peer"] or "–",
            seconds_of(entry["peer_seconds"]) if has_peer else "–",
            span(entry["speed_ratio"]) if has_peer else "–",
            f"{entry['megabytes']:,}" if "megabytes" in entry else "–",
            f"{entry['peer_megabytes']:,}" if "peer_megabytes" in entry else "–",
            f"{entry['memory_ratio']:.1f}" if "memory_ratio" in entry else "–",
            "–" if entry["load"] is None else f"{entry['load']:.1f}",
            entry["date"],
        ]
        text.append(f"| {' | '.join(cells)} |")
    text += ["", "Where cellverdict is not ahead:", "", *behind(rows), "", "## What was done", ""]
    text += [f"- {entry['name']}{' (' + entry['peer'] + ')' if entry['peer'] else ''}: {entry['checked']}."
             for entry in rows if entry.get("checked")]  # fmt: skip
    return "\n".join([*text, *[f"- {note}" for note in notes], ""])
