"""Prints as JSON the objective and gradient of scikit-learn's MLPClassifier(solver="lbfgs") at given parameters, with and without
weights, and where its own search ends (read by perceptron_test.cpp).

Exit status 3: scikit-learn is not installed.
"""

import json
import sys
import warnings

try:
    import numpy as np
    from sklearn.neural_network import MLPClassifier
except ImportError:
    sys.exit(3)

warnings.simplefilter("ignore")  # one iteration does not converge
rng = np.random.default_rng(11)


def order(*parts):
    return np.concatenate([np.ravel(part) for part in parts]).tolist()


cases = []
for k in (2, 4):
    for weighted in (False, True):
        n, p, width, alpha = 24, 7, 5, 0.7
        truth = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
        x = rng.normal(size=(n, p)) + 0.8 * truth[:, None] * (np.arange(p) % 3 == 0)
        weights = rng.uniform(0.2, 3, n) if weighted else None
        model = MLPClassifier(hidden_layer_sizes=(width,), alpha=alpha, solver="lbfgs", max_iter=1, random_state=0)
        model.fit(x, truth, sample_weight=weights)
        sizes = [c.shape for c in model.coefs_]
        w = [rng.normal(0, 0.6, s) for s in sizes]
        b = [rng.normal(0, 0.6, s[1]) for s in sizes]
        packed = np.concatenate([w[0].ravel(), w[1].ravel(), b[0], b[1]])
        y = (truth == 1)[:, None].astype(float) if k == 2 else np.eye(k)[truth]
        activations = [x] + [None] * 2
        for layer, shape in enumerate(sizes):
            activations[layer + 1] = np.empty((n, shape[1]))
        deltas = [np.empty_like(a) for a in activations[1:]]
        coef_grads = [np.empty(s) for s in sizes]
        intercept_grads = [np.empty(s[1]) for s in sizes]
        loss, gradient = model._loss_grad_lbfgs(packed, x, y, weights, activations, deltas, coef_grads, intercept_grads)
        g1, g2 = gradient[:p * width], gradient[p * width:p * width + width * sizes[1][1]]
        gb1, gb2 = gradient[len(g1) + len(g2):][:width], gradient[len(g1) + len(g2) + width:]
        model.coefs_, model.intercepts_ = w, b
        best = min(MLPClassifier(hidden_layer_sizes=(width,), alpha=alpha, solver="lbfgs", max_iter=5000, tol=1e-10, random_state=s)
                   .fit(x, truth, sample_weight=weights).loss_ for s in range(10))
        cases.append({"n": n, "p": p, "k": k, "width": width, "alpha": alpha, "truth": truth.tolist(), "x": x.ravel().tolist(),
                      "weights": [] if weights is None else weights.tolist(), "parameters": order(w[0], b[0], w[1], b[1]),
                      "loss": float(loss), "gradient": order(g1, gb1, g2, gb2), "best": float(best),
                      "probability": model.predict_proba(x).ravel().tolist()})
json.dump(cases, sys.stdout)
