"""`cellverdict space` as a user types it, on made patients whose truth is known: what it says, what scikit-learn says of the same
numbers, what anndata reads of what it writes, and what it refuses."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import files

try:
    import anndata
    import numpy as np
    import pandas as pd
    from scipy.stats import mannwhitneyu
    from sklearn.neighbors import KNeighborsClassifier
except ImportError:
    print("skipped: no anndata or scikit-learn")
    sys.exit(77)

PROGRAM = files.program_to_test()
rng = np.random.default_rng(1)


def run(*words, code=0):
    done = subprocess.run([PROGRAM, "space", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return done


def made(folder: Path, n=90):
    disease = rng.choice(["A", "B", "C"], n, p=[0.5, 0.3, 0.2])
    severe = np.where(disease == "A", rng.choice(["mild", "severe"], n), None)
    study = rng.choice(["S1", "S2", "S3"], n)
    centres = pd.DataFrame(rng.normal(0, 1.5, (3, 12)), index=list("ABC"))
    x = centres.loc[disease].to_numpy() + rng.normal(0, 1, (n, 12)) + np.where(severe == "severe", 1.5, 0)[:, None]
    bulk = np.repeat(rng.normal(0, 3, (3, 60))[[int(s[1]) - 1 for s in study]], 1, 0) + rng.normal(0, 1, (n, 60))
    obs = pd.DataFrame({"disease": disease, "severity": severe, "study": study, "donor": [f"D{i // 2}" for i in range(n)],
                        "split": rng.choice(["train", "test"], n), "age": rng.normal(50, 9, n),
                        "p_A": np.where(severe == "severe", 0.5, 0.2) + rng.random(n) / 3,
                        "response": np.where(x[:, 0] + rng.normal(0, 0.5, n) > np.median(x[:, 0]), "yes", "no")},
                       index=[f"P{i}" for i in range(n)])
    for name in ("disease", "severity", "study", "donor", "split", "response"):
        obs[name] = pd.Categorical(obs[name])
    data = anndata.AnnData(np.zeros((n, 1), np.float32), obs=obs,
                           obsm={"X_patient": x.astype(np.float32), "X_pseudobulk": bulk.astype(np.float32)})
    data.write_h5ad(folder / "patients.h5ad")
    return data


def leave_one_out(x, y, k):
    calls = [KNeighborsClassifier(k, algorithm="brute").fit(np.delete(x, i, 0), np.delete(y, i)).predict(x[i:i + 1])[0]
             for i in range(len(y))]
    return float(np.mean(np.array(calls) == y))


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    data = made(folder)
    file, out = folder / "patients.h5ad", folder / "out"
    attributions = pd.DataFrame({"NK cell": np.where(data.obs["severity"] == "severe", 2, 0) + rng.normal(0, 1, 90),
                                 "B cell": rng.normal(0, 1, 90)}, index=data.obs_names)
    attributions.iloc[:80].to_csv(folder / "attributions.tsv", sep="\t")
    full = ["--colour", "disease", "--colour", "age", "--severity", "severity", "--study", "study", "--beside", "X_pseudobulk",
            "--values", folder / "attributions.tsv", "--response", "response", "--split", "split", "--json"]
    said = json.loads(run(file, *full, "--out", out).stdout)

    # Leave-one-out accuracy is scikit-learn's, never the share on the points themselves.
    x, y = data.obsm["X_patient"].astype(float), data.obs["disease"].to_numpy().astype(str)
    by = {(r["column"], r["table"]): r for r in said["neighbours"]}
    assert abs(by["disease", "X_patient"]["accuracy"] - leave_one_out(x, y, 5)) < 1e-12
    labelled = data.obs["severity"].notna().to_numpy()
    truth = leave_one_out(x[labelled], data.obs["severity"].to_numpy().astype(str)[labelled], 5)
    assert abs(by["severity", "X_patient"]["accuracy"] - truth) < 1e-12
    bulk = next(r for r in said["neighbours"] if r["column"] == "study" and r["table"].startswith("X_pseudobulk"))
    assert bulk["accuracy"] > 0.9 > by["study", "X_patient"]["accuracy"]
    assert ("age", "X_patient") not in by  # numbers are no labels

    # Rank sums of the numbers of obs and of the table, as scipy's, corrected for how many there are.
    tests = {r["number"]: r for r in said["severity"]}
    assert set(tests) == {"age", "p_A", "NK cell", "B cell"}
    groups = [attributions["NK cell"].iloc[:80][(data.obs["severity"] == level).to_numpy()[:80]] for level in ("severe", "mild")]
    p = mannwhitneyu(*groups).pvalue
    assert abs(np.log(tests["NK cell"]["p"] / p)) < 1e-9
    assert abs(tests["NK cell"]["bonferroni"] - min(1, 4 * p)) < 1e-12
    assert tests["age"]["bonferroni"] >= tests["age"]["fdr"] >= tests["age"]["p"]
    assert any("no row for 10 units" in note for note in said["notes"])

    # The frozen embedding tells the response better than what it is held against.
    response = {r["method"]: r for r in said["response"]}
    assert response["logistic regression on X_patient"]["accuracy"] > 0.75 > response["majority"]["accuracy"]
    assert response["logistic regression on X_patient"]["auc"] > 0.8
    assert sum(r["chosen"] for r in said["subgroups"]) == 1
    assert {"column", "strength", "p"} <= set(said["associations"][0])

    # What is written opens in anndata, everything of the original in it.
    back = anndata.read_h5ad(out / "space.h5ad")
    assert back.obsm["X_umap"].shape == (90, 2) and back.obsm["X_pca"].shape == (90, 12)
    assert back.obsm["X_umap_beside"].shape == (90, 2) and "subgroup" in back.obs
    assert np.array_equal(back.obsm["X_patient"], data.obsm["X_patient"]) and list(back.obs_names) == list(data.obs_names)
    centred = x - x.mean(0)
    scores = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(np.abs(back.obsm["X_pca"][:, :2]), np.abs(scores[0][:, :2] * scores[1][:2]), atol=1e-4)
    page = (out / "space.html").read_text()
    assert "<h1>The space of 90 units</h1>" in page and "http" not in page.replace("http-equiv", "")
    for table in ("neighbours", "similarity", "subgroups", "associations", "severity", "response"):
        assert (out / f"{table}.tsv").read_text().count("\n") > 1, table
    assert (out / "figures" / "by_disease.vl.json").exists() and (out / "figures" / "severity_boxes.vl.json").exists()

    # The same bytes again and with another number of threads.
    again = folder / "again"
    run(file, *full, "--out", again, "--threads", 1)
    for table in ("neighbours.tsv", "subgroups.tsv", "response.tsv", "figures/by_disease.vl.json"):
        assert (out / table).read_bytes() == (again / table).read_bytes(), table

    # Rows left out hold NaN; units of one person do not vouch for each other.
    part = run(file, "--colour", "study", "--where", "disease == 'A'", "--person", "donor", "--out", folder / "part")
    n_a = int((y == "A").sum())
    assert f"{n_a} units × 12 features of X_patient" in part.stdout, part.stdout
    umap = anndata.read_h5ad(folder / "part" / "space.h5ad").obsm["X_umap"]
    assert np.array_equal(np.isnan(umap[:, 0]), y != "A")
    twins = anndata.concat([data, data], index_unique="-")
    twins.obs["same"] = pd.Categorical(list(data.obs_names) * 2)
    twins.obs["coin"] = pd.Categorical(np.tile(rng.choice(["heads", "tails"], 90), 2))
    twins.write_h5ad(folder / "twins.h5ad")
    nearest = ["--colour", "coin", "--neighbours", 1, "--json"]
    alone = json.loads(run(folder / "twins.h5ad", *nearest, "--out", folder / "t1").stdout)
    apart = json.loads(run(folder / "twins.h5ad", *nearest, "--person", "same", "--out", folder / "t2").stdout)
    assert alone["neighbours"][0]["accuracy"] == 1 and apart["neighbours"][0]["accuracy"] < 0.75

    # Units and studies of the training are noticed, also under another name.
    trained = data[:3].copy()
    trained.obs_names = ["P0", "other", "names"]
    trained.write_h5ad(folder / "trained.h5ad")
    warned = run(file, "--study", "study", "--trained-on", folder / "trained.h5ad", "--out", folder / "w").stderr
    assert "The model was trained on 1 unit of these" in warned and "3 units lie exactly where" in warned
    assert "trained on units of study" in warned

    # What cannot be done is said in one sentence and leaves nothing behind.
    for words, fragment, code in (
            (["--colour", "diseas"], "'disease'", 2), (["--embedding", "X_patent"], "X_patient", 2), (["--distance", "far"], "euclidean or cosine", 2),
            (["--where", "disease == 'Z'"], "Z", 2), (["--top-labels", 9], "1 to 8", 2), (["--values", folder / "attributions.tsv"], "--severity", 2)):
        error = run(file, *words, "--out", folder / "none", code=code).stderr
        assert fragment in error and error.count("error:") == 1, error
        assert not (folder / "none").exists()
    assert "no patients.h5ad" in run(folder / "part", "--out", folder / "none", code=1).stderr
    assert "--out" in run(file, code=2).stderr
    broken = data.copy()
    broken.obsm["X_patient"][4, 2] = np.nan
    broken.write_h5ad(folder / "broken.h5ad")
    assert "row 4" in run(folder / "broken.h5ad", "--out", folder / "none", code=1).stderr
print("space: what it says, writes and refuses is as it should be")
