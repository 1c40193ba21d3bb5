"""Prints as JSON principal components and k-means of scikit-learn, with the points they are of (read by unsupervised_test.cpp).

Exit status 3: scikit-learn is not installed.
"""

import json
import sys

try:
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
except ImportError:
    sys.exit(3)

rng = np.random.default_rng(3)


def counts_like(n, p, k):
    """log(1 + counts) of k groups, mostly zeros."""
    group = rng.integers(0, k, n)
    rate = rng.gamma(0.3, 2.0, (k, p))
    return np.float32(np.log1p(rng.poisson(rate[group]))).astype(float), group


x, _ = counts_like(400, 90, 5)
pca = PCA(n_components=6, svd_solver="full").fit(x)
wide, _ = counts_like(30, 200, 3)
wide_pca = PCA(n_components=5, svd_solver="full").fit(wide)

blobs = np.concatenate([rng.normal(size=(60, 4)) * 0.3 + centre for centre in rng.normal(size=(5, 4)) * 6])
overlapping = rng.normal(size=(500, 3))


def kmeans(points, k):
    fitted = KMeans(n_clusters=k, n_init=10, random_state=0, tol=0).fit(points)
    return {"points": points.ravel().tolist(), "width": points.shape[1], "k": k, "inertia": fitted.inertia_,
            "labels": fitted.labels_.tolist()}


def components(points, fitted):
    return {"x": points.ravel().tolist(), "width": points.shape[1], "variance": fitted.explained_variance_.tolist(),
            "total": float(points.var(axis=0, ddof=1).sum()), "components": fitted.components_.ravel().tolist(),
            "scores": fitted.transform(points).ravel().tolist()}


print(json.dumps({"pca": {"tall": components(x, pca), "wide": components(wide, wide_pca)},
                  "kmeans": {"blobs": kmeans(blobs, 5), "overlapping": kmeans(overlapping, 7)}}))
