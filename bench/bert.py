"""The rows of BERT: bert_inference, bert_finetune and bert_int8 (build/…/bench/bench_bert). Called by run.py; the other side is in bert_peers.py."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lineage import runs_of
from rows import HERE, THREADS, Run, row

BATCH, SHORTEST, LONGEST = 8, 600, 2048  # sequences a batch, tokens a sequence

NOTES = (
    f"bert_inference, bert_finetune: the shape of Geneformer V1-10M (6 layers of 256, 4 heads) with a classifier of 3 classes, initialised and "
    f"saved by transformers; batches of {BATCH} sequences of {SHORTEST} to {LONGEST:,} tokens. transformers pads to the longest and masks (sdpa); "
    "cellverdict packs. Two batches for inference; one step of training is forward with all dropouts at 0.02, backward and AdamW. Some runs "
    "a process, in turns; the first is not counted.",
)


def write_batches(path, n, shrink):
    import numpy as np

    rng, numbers = np.random.default_rng(1), [n]
    for _ in range(n):
        offsets = np.concatenate([[0], np.cumsum(rng.integers(SHORTEST, LONGEST + 1, BATCH) // shrink)])
        numbers += [BATCH, *offsets, *rng.integers(2, 25426, offsets[-1])]
    np.array(numbers, np.int64).tofile(path)


def same_logits(ours, theirs):
    import numpy as np

    off = float(np.abs(np.fromfile(ours, np.float32) - np.fromfile(theirs, np.float32)).max())
    if not off <= 1e-4:
        sys.exit(f"bench: logits of cellverdict and transformers differ by {off}: not the same work")
    return f"logits differ by {off:.0e} at most"


def speed(runs):
    """Tokens a second, of the median run."""
    by_speed = sorted(run.said["tokens"] / run.seconds for run in runs)
    return f"{by_speed[len(by_speed) // 2]:,.0f}"


def by_length(program, model, shrink):
    said = []
    for tokens in (256 // shrink, 1024 // shrink, 2048 // shrink):
        said.append(f"{speed(runs_of([program, 'lengths', model, tokens, THREADS])[1:])} of {tokens:,}")
    return "tokens/s of cellverdict by length: " + ", ".join(said)


def measure_group(bench):
    program, folder = Path(bench.program).parent / "bench" / "bench_bert", bench.work / "bert"
    folder.mkdir()
    model, batches, ours, theirs = (folder / name for name in ("model", "batches", "ours", "theirs"))
    write_batches(batches, 2, bench.shrink)
    peers = [sys.executable, HERE / "bert_peers.py"]
    subprocess.run([*peers, "make", model], check=True, capture_output=True)
    for what, runs, rounds in (("inference", 3, min(bench.rounds, 4)), ("finetune", 2, min(bench.rounds, 3))):
        load, sides = os.getloadavg()[0], ([], [])
        us = [program, what, model, batches, THREADS, runs, *([ours] if what == "inference" else [])]
        them = [*peers, what, model, f"--batches={batches}", f"--threads={THREADS}", f"--runs={runs}", f"--out={theirs}"]
        for _ in range(rounds):
            for side, command in zip(sides, (us, them)):
                side.extend(runs_of(command)[1:])
        said = f"{speed(sides[0])} tokens/s against {speed(sides[1])}"
        said += "; " + (same_logits(ours, theirs) + "; " + by_length(program, model, bench.shrink) if what == "inference" else
                        "loss and gradients agree in tests/nets")  # fmt: skip
        bench.add(row(f"bert_{what}", "transformers, sdpa, padded", *sides, said, load))
    for layers, width, tokens in ((12, 768, 512), (6, 256, 256)):
        load = os.getloadavg()[0]
        runs = runs_of([program, "int8", layers, width, tokens // bench.shrink, THREADS, 5])[1:]
        sides = [Run(run.said[side], 0) for run in runs for side in ("seconds", "float_seconds")]
        said = f"8 sequences; the last layer's tokens are {runs[0].said['off']:.1%} off"
        bench.add(row(f"bert_int8, {layers} × {width}, {tokens} tokens", "cellverdict, float32", sides[::2], sides[1::2], said, load))
    shutil.rmtree(folder)
