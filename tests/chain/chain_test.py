"""Each verb reads what the last one wrote, and the same input gives the same bytes, also after an interruption.

usage: chain_test.py [PROGRAM] [WORDS…]      PROGRAM: else $CELLVERDICT_PROGRAM; WORDS: only tests whose name has them all
"""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SKIPPED = 77
# A model that trains in a moment; quality control for cells of a few hundred genes.
SMALL = ["--no-pictures", *(word for key, value in {
    "prepare.min_genes": 20, "prepare.min_cells_per_gene": 2, "prepare.genes.n": 100, "model.width": 16, "model.depth": 1,
    "train.epochs": 3, "train.batch_size": 64}.items() for word in ("--set", f"{key}={value}"))]
LEARNT = ["model/model.safetensors", "model/model.json", "predictions.tsv", "evaluation.json", "units.tsv", "split.tsv"]


class Skip(Exception):
    """This machine cannot play the test."""


class Chain:
    """The program, and a study simulated once that every test may read."""

    def __init__(self, program: str, shared: Path):
        self.program, self.shared = program, shared
        self.lmna = self.simulate(shared / "lmna", "--design", "lmna")
        (shared / "study.toml").write_text(
            f'[data]\nsources = "{self.lmna / "samples.csv"}"\nlabel = "genotype"\nunit = "library"\ndonor = "donor"\n'
            '[split]\nscheme = "matched"\nby = "day"\ntest = 19\nvalidation = 0\n[evaluate]\ncovariates = ["day"]\n')
        self.study = shared / "study.toml"

    def start(self, *words, folder=None) -> subprocess.Popen:
        return subprocess.Popen([self.program, *map(str, words)], cwd=folder or self.shared, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=os.environ | {"NO_COLOR": "1"})

    def run(self, *words, folder=None, code=0) -> subprocess.CompletedProcess:
        process = self.start(*words, folder=folder)
        out, err = process.communicate(timeout=120)
        if code == 0 and "a cellverdict built without LibTorch" in err:
            raise Skip("built without LibTorch")
        assert process.returncode == code, f"{' '.join(map(str, words))}: exit {process.returncode}, expected {code}\n{err[-1500:]}"
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def simulate(self, folder: Path, *options) -> Path:
        self.run("simulate", "-q", "--out", folder, "--n-cells", 40, "--n-genes", 400, "--n-disease-genes", 20, "--n-day-genes", 10, *options)
        return folder


def digests(folder: Path, names=None) -> dict[str, str]:
    found = names or sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != "resources.json")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in found}


def same(a: dict, b: dict) -> None:
    differ = [name for name in a | b if a.get(name) != b.get(name)]
    assert not differ, f"other bytes: {differ}"


def rows(file: Path) -> list[dict]:
    with open(file, newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def check_predictions(folder: Path) -> None:
    """A line for every test cell of split.tsv, probabilities that sum to one, the call of the larger unless a threshold was chosen."""
    lines, split = rows(folder / "predictions.tsv"), rows(folder / "split.tsv")
    tested = {r["unit"]: int(r["n_cells"]) for r in split if r["side"] == "test"}
    assert {u: sum(r["unit"] == u for r in lines) for u in tested} == tested
    assert len(lines) == sum(tested.values())
    classes = [name[2:] for name in lines[0] if name.startswith("p_")]
    assert set(r["label"] for r in lines) <= set(classes) and len(classes) >= 2
    for r in lines:
        assert abs(sum(float(r[f"p_{c}"]) for c in classes) - 1) < 1e-6 and r["predicted"] in classes
    assert {r["unit"] for r in rows(folder / "units.tsv")} == set(tested)


def test_every_verb_reads_what_the_last_one_wrote(chain: Chain, folder: Path):
    seen = json.loads(chain.run("inspect", chain.lmna / "samples.csv", "--label", "genotype", "--by", "day", "--unit", "library", "--json").stdout)
    assert seen["n_cells"] == 480 and len(seen["sources"]) == 12 and seen["labels"] == ["Control", "Patient"], seen
    assert all(s["values"] == "counts" for s in seen["sources"])
    told = json.loads(chain.run("init", chain.lmna / "samples.csv", "-o", "mine.toml", "--json", folder=folder).stdout)
    assert told["file"] == "mine.toml"
    ran = json.loads(chain.run("run", "mine.toml", *SMALL, "--json", folder=folder).stdout)
    run = folder / "runs/mine"
    assert (folder / ran["report"]).read_text().startswith("<!") and len(ran["evaluations"]) == 1
    check_predictions(run)
    record = json.loads((run / "run.json").read_text())
    assert record["command"].startswith("cellverdict run mine.toml") and len(record["inputs"]) >= 36

    stranger = chain.simulate(folder / "stranger", "--design", "lmna", "--seed", 7)
    said = json.loads(chain.run("predict", run / "model", stranger / "samples.csv", "--unit", "library", "--json", folder=folder).stdout)
    assert said["n_cells"] == 480 and len(said["units"]) == 12 and said["overlap"] == 1 and said["classes"] == ["Control", "Patient"]
    table = rows(folder / "predictions.tsv")
    assert len(table) == 480 and set(table[0]) == {"cell", "unit", "p_Control", "p_Patient", "predicted", "passes_qc"}
    text = chain.run("predict", run / "model", stranger / "GSM8325046", "-o", "one.tsv", folder=folder).stdout
    assert "GSM8325046" in text and len(rows(folder / "one.tsv")) == 40

    before = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    drawn = json.loads(chain.run("report", run, "--no-pictures", "--json", folder=folder).stdout)
    assert (run / "report.html").read_bytes() == before and Path(drawn["report"]) == run / "report.html"


def test_a_cohort_in_one_h5ad_file_goes_the_same_way(chain: Chain, folder: Path):
    chain.simulate(folder / "cohort", "--n-donors", 10, "--seed", 3)
    seen = json.loads(chain.run("inspect", "cohort/cohort.h5ad", "--json", folder=folder).stdout)
    assert seen["n_cells"] == 400 and seen["sources"][0]["values"] == "counts"
    chain.run("init", "cohort/cohort.h5ad", "-o", "cohort.toml", folder=folder)
    chain.run("run", "cohort.toml", *SMALL, "--set", "split.scheme=random-units", folder=folder)
    check_predictions(folder / "runs/cohort")
    split = rows(folder / "runs/cohort/split.tsv")
    assert len({r["unit"] for r in split}) == len(split), "a unit was torn"


def test_the_shards_of_the_store_open_in_anndata_with_the_counts_of_the_files(chain: Chain, folder: Path):
    try:
        import gzip

        import anndata
        import numpy as np
        import scipy.io
    except ImportError:
        raise Skip("anndata is not installed") from None
    chain.run("prepare", chain.study, *SMALL[1:], "--out", folder / "run")
    shards = sorted((folder / "run/store").glob("0*.h5ad"))
    assert len(shards) == 12
    shard = anndata.read_h5ad(shards[3])
    source = chain.lmna / "GSM8325049"
    counts = scipy.io.mmread(source / "matrix.mtx.gz").T.tocsr()
    barcodes = gzip.decompress((source / "barcodes.tsv.gz").read_bytes()).decode().split()
    genes = [line.split("\t")[0] for line in gzip.decompress((source / "features.tsv.gz").read_bytes()).decode().splitlines()]
    place = {b: i for i, b in enumerate(barcodes)}
    # A barcode that another library has too carries the name of its own.
    chosen = [place[name.removesuffix("-GSM8325049")] for name in shard.obs_names]
    assert len(set(shard.obs_names)) == len(chosen) > 30 and sorted(shard.var_names) == sorted(genes)
    columns = [genes.index(g) for g in shard.var_names]
    assert np.array_equal(shard.X.toarray(), counts[chosen][:, columns].toarray())


def test_a_second_run_skips_every_stage_and_changes_no_byte(chain: Chain, folder: Path):
    chain.run("run", chain.study, *SMALL, "--out", "run", folder=folder)
    before = digests(folder / "run")
    said = chain.run("run", chain.study, *SMALL, "--out", "run", folder=folder).stderr
    for stage in ("prepare", "train", "evaluate"):
        assert f"{stage:<9} up to date" in said, said
    assert "epoch" not in said and "read  " not in said
    same(before, digests(folder / "run"))
    # Another way to judge is judged anew, on the same model.
    said = chain.run("run", chain.study, *SMALL, "--set", "evaluate.covariates=[]", "--out", "run", folder=folder).stderr
    assert "train     up to date" in said and "evaluate  up to date" not in said
    # Another learning rate is another model, on the same store.
    said = chain.run("run", chain.study, *SMALL, "--set", "train.learning_rate=0.01", "--out", "run", folder=folder).stderr
    assert "prepare   up to date" in said and "train     up to date" not in said


def test_the_same_seed_and_threads_give_the_same_bytes_in_two_folders(chain: Chain, folder: Path):
    for name in ("a", "b"):
        chain.run("run", chain.study, *SMALL, "--out", name, "--threads", 2, folder=folder)
    same(digests(folder / "a", LEARNT), digests(folder / "b", LEARNT))
    same(digests(folder / "a/store"), digests(folder / "b/store"))
    chain.run("run", chain.study, *SMALL, "--out", "c", "--threads", 2, "--seed", 8, folder=folder)
    assert digests(folder / "a", LEARNT)["model/model.safetensors"] != digests(folder / "c", LEARNT)["model/model.safetensors"]


def test_the_store_has_the_same_bytes_for_any_number_of_threads_and_any_memory(chain: Chain, folder: Path):
    chain.run("prepare", chain.study, *SMALL[1:], "--out", "one", "--threads", 1, folder=folder)
    for name, options in {"two": ("--threads", 2), "many": ("--threads", 7), "tight": ("--threads", 2, "--memory", "16MB")}.items():
        chain.run("prepare", chain.study, *SMALL[1:], "--out", name, *options, folder=folder)
        same(digests(folder / "one"), digests(folder / name))


def interrupt(chain: Chain, folder: Path, how: int, long: list) -> tuple[int, str]:
    """Sends a signal after the third epoch of a training: the exit code and what was said."""
    process = chain.start("run", chain.study, *long, "--out", "stopped", folder=folder)
    said = ""
    for line in process.stderr:
        said += line
        if "epoch   3/" in line:
            process.send_signal(how)
    process.wait(60)
    process.stdout.close()
    return process.returncode, said


def check_resumes(chain: Chain, folder: Path, how: int, code: int) -> str:
    long = [*SMALL, "--threads", "1", "--set", "train.epochs=60", "--set", "train.patience=0", "--set", "train.batch_size=32"]
    chain.run("run", chain.study, *long, "--out", "whole", folder=folder)
    stopped, said = interrupt(chain, folder, how, long)
    assert stopped == code, f"exit {stopped}, expected {code}\n{said[-800:]}"
    assert (folder / "stopped/checkpoint").exists() and not (folder / "stopped/model").exists() and not (folder / "stopped/run.json").exists()
    again = chain.run("run", chain.study, *long, "--out", "stopped", "--resume", folder=folder).stderr
    assert "resume    after epoch" in again and "epoch   1/" not in again, again
    same(digests(folder / "whole", LEARNT), digests(folder / "stopped", LEARNT))
    assert not (folder / "stopped/checkpoint").exists()
    left = [p.name for p in (folder / "stopped").rglob(".*")]
    assert how == signal.SIGKILL or not left, f"left behind: {left}"
    return said


def test_control_c_says_how_to_go_on_and_resume_gives_the_bytes_of_an_uninterrupted_run(chain: Chain, folder: Path):
    said = check_resumes(chain, folder, signal.SIGINT, 130).splitlines()[-1]
    assert said.startswith("cellverdict run: ") and "--resume" in said and said.endswith("."), said


def test_a_killed_run_resumes_to_the_same_bytes(chain: Chain, folder: Path):
    check_resumes(chain, folder, signal.SIGKILL, -signal.SIGKILL)


def test_control_c_while_reading_leaves_sources_that_are_whole_and_nothing_else(chain: Chain, folder: Path):
    process = chain.start("run", chain.study, *SMALL, "--out", "run", folder=folder)
    said = ""
    for line in process.stderr:
        said += line
        if "read  " in line:
            process.send_signal(signal.SIGINT)
            break
    said += process.communicate(timeout=60)[1]
    assert process.returncode == 130, f"exit {process.returncode}\n{said}"
    left = sorted((folder / "run").rglob("*")) if (folder / "run").exists() else []
    assert all("store.parts" in str(p) for p in left) and not any(p.name.startswith((".", "spool")) for p in left), left
    chain.run("run", chain.study, *SMALL, "--out", "run", folder=folder)
    assert not (folder / "run/store.parts").exists()


def test_variants_share_one_store_and_one_report(chain: Chain, folder: Path):
    text = chain.study.read_text() + '[[variant]]\nname = "day 19"\n[[variant]]\nname = "day 9"\nset = { "split.test" = 9 }\n'
    (folder / "two.toml").write_text(text)
    said = json.loads(chain.run("run", "two.toml", *SMALL, "--json", folder=folder).stdout)
    assert [e["name"] for e in said["evaluations"]] == ["day 19", "day 9"]
    assert sorted(p.name for p in (folder / "runs/two").iterdir()) == ["comparison.tsv", "day-19", "day-9", "figures", "model-card.md", "report.html", "run.json", "store"]
    for name in ("day-19", "day-9"):
        check_predictions(folder / "runs/two" / name)
        # The effective configuration is an experiment file itself.
        chain.run("run", folder / "runs/two" / name / "experiment.toml", "--dump-config", folder=folder)


def main() -> int:
    arguments = sys.argv[1:]
    program = arguments.pop(0) if arguments and Path(arguments[0]).is_file() else os.environ.get("CELLVERDICT_PROGRAM", "")
    if not program:
        print("skipped: no program; set CELLVERDICT_PROGRAM or give its path")
        return SKIPPED
    tests = [(n, t) for n, t in globals().items() if n.startswith("test_") and all(w in n for w in arguments)]
    with tempfile.TemporaryDirectory(prefix="cellverdict_chain.") as shared:
        chain = Chain(str(Path(program).resolve()), Path(shared))

        def play(item):
            name, test = item
            start = time.monotonic()
            folder = Path(shared) / name
            folder.mkdir()
            try:
                test(chain, folder)
                verdict, said = "passed", ""
            except Skip as reason:
                verdict, said = "skipped", str(reason)
            except Exception:
                verdict, said = "failed", traceback.format_exc(limit=-2)
            return verdict, f"{verdict}: {name[5:].replace('_', ' ')}  {time.monotonic() - start:.1f} s" + (f"\n{said}" if said else "")

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(play, tests))
    print(*(said for _, said in results), sep="\n")
    return 1 if not tests or any(verdict == "failed" for verdict, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
