"""Rank-value tokens of real cells by the rule of Geneformer, restated with numpy: v = x / n_counts * 10,000 / median, genes that are not
zero, highest first (stable), cropped. Writes for each file and dictionary the tokens and where each cell's end, as int64 (read by
rank_tokens_test.cpp). Exit status 3: something it needs is not installed.
"""

import sys

try:
    import anndata
    import numpy as np
    import scipy.sparse as sp
except ImportError:
    sys.exit(3)

shared, out = sys.argv[1:3]
N_CELLS = 400
FILES = {"aml": "aml-van-galen/aml.h5ad", "covid": "covid-combat/covid.h5ad"}
VERSIONS = {"v1_gc30M": 2048, "v2_gc104M": 4096}


def table(version, kind, value):
    with open(f"{shared}/geneformer/{version}/{kind}_{version[3:]}.tsv") as file:
        return {key: value(text) for key, text in (line.rstrip("\n").split("\t") for line in file)}


for version, longest in VERSIONS.items():
    tokens = table(version, "token_dictionary", int)
    medians = table(version, "gene_median_dictionary", float)
    names = {name: gene for name, gene in table(version, "gene_name_id_dict", str).items() if gene in tokens}
    current = {old: gene for old, gene in table(version, "ensembl_mapping_dict", str).items() if gene in tokens}
    begin = [tokens["<cls>"]] if "<cls>" in tokens else []
    end = [tokens["<eos>"]] if "<eos>" in tokens else []
    for short, file in FILES.items():
        data = anndata.read_h5ad(f"{shared}/{file}")[:N_CELLS]
        counts = sp.csr_matrix(data.X).astype(np.float64)
        found = [names.get(symbol) or current.get(symbol.upper()) for symbol in data.var_names]
        genes = list(dict.fromkeys(gene for gene in found if gene is not None))  # in the order of their first columns
        place = {gene: i for i, gene in enumerate(genes)}
        columns = [i for i, gene in enumerate(found) if gene is not None]
        sums = sp.csr_matrix((np.ones(len(columns)), (columns, [place[found[i]] for i in columns])), (len(found), len(genes)))
        size = np.asarray(counts.sum(axis=1)).reshape(-1, 1)
        values = sp.csr_matrix((counts @ sums) / size * 10_000 / np.array([medians[gene] for gene in genes]))
        values.sort_indices()
        gene_tokens = np.array([tokens[gene] for gene in genes])
        ids, ends = [], [0]
        for i in range(values.shape[0]):
            row = values[i]
            ranked = gene_tokens[row.indices[np.argsort(-row.data, kind="stable")]]
            ids.append(np.concatenate([begin, ranked[: longest - len(begin) - len(end)], end]).astype(np.int64))
            ends.append(ends[-1] + len(ids[-1]))
        np.concatenate(ids).tofile(f"{out}/{short}_{version}.tokens")
        np.array(ends, dtype=np.int64).tofile(f"{out}/{short}_{version}.ends")
