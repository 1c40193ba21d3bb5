"""Draws classification cases with a fixed seed and prints scikit-learn's numbers for them as JSON (read by metrics_test.cpp).

Exit status 3: scikit-learn is not installed.
"""

import json
import sys
import warnings

try:
    import numpy as np
    import sklearn
    from sklearn import metrics
except ImportError:
    sys.exit(3)

warnings.simplefilter("ignore")
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)  # thousands of calls on a few numbers each
rng = np.random.default_rng(20240611)


def auc(positive, scores):
    return float(metrics.roc_auc_score(positive, scores)) if 0 < positive.sum() < len(positive) else None


def curve(positive, scores):
    if not 0 < positive.sum() < len(positive):
        return []
    fpr, tpr, thresholds = metrics.roc_curve(positive, scores, drop_intermediate=True)
    return [[f, t, None if np.isinf(h) else h] for f, t, h in zip(fpr.tolist(), tpr.tolist(), thresholds.tolist())]


def precision_recall(positive, scores):
    if positive.sum() == 0:
        return None, []
    precision, recall, thresholds = metrics.precision_recall_curve(positive, scores)
    points = zip(precision.tolist(), recall.tolist(), [*thresholds.tolist(), None])
    return float(metrics.average_precision_score(positive, scores)), [list(p) for p in points][::-1]


def rest(truth, probability, predicted, positive):
    n_classes = probability.shape[1]
    classes = list(range(n_classes))
    precision, points = precision_recall((truth == positive).astype(int), probability[:, positive])
    per_class = metrics.precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    brier = metrics.brier_score_loss(truth, probability, labels=classes) if n_classes > 2 else \
        metrics.brier_score_loss((truth == 1).astype(int), probability[:, 1], pos_label=1, labels=[0, 1])
    return {
        "average_precision_score": precision,
        "precision_recall_curve": points,
        "per_class": [np.asarray(x, dtype=float).tolist() for x in per_class],
        "macro_f1": metrics.f1_score(truth, predicted, average="macro", zero_division=0),
        "weighted_f1": metrics.f1_score(truth, predicted, average="weighted", zero_division=0),
        "matthews_corrcoef": metrics.matthews_corrcoef(truth, predicted),
        "class_aucs": [auc((truth == c).astype(int), probability[:, c]) for c in classes],
        "brier_score_loss": brier,
        "top_k": [metrics.top_k_accuracy_score(truth, probability, k=k, labels=classes) for k in range(1, n_classes)]
        if n_classes > 2 else [],
    }


def case(name, truth, probability, positive=1, threshold=0.5):
    truth, probability = np.asarray(truth), np.asarray(probability, dtype=float)
    n_classes = probability.shape[1]
    classes = list(range(n_classes))
    if n_classes == 2:
        scores, is_positive = probability[:, positive], (truth == positive).astype(int)
        predicted = np.where(scores >= threshold, positive, 1 - positive)
        f1 = metrics.f1_score(truth, predicted, labels=classes, pos_label=positive, zero_division=0)
        area = auc(is_positive, scores)
    else:
        predicted = probability.argmax(axis=1)
        f1 = metrics.f1_score(truth, predicted, average="macro", zero_division=0)
        areas = [auc((truth == c).astype(int), probability[:, c]) for c in classes]
        areas = [a for a in areas if a is not None]
        area = float(np.mean(areas)) if areas else None
        if set(truth) == set(classes):  # no class missing: scikit-learn's own average is defined
            area = float(metrics.roc_auc_score(truth, probability, multi_class="ovr", average="macro", labels=classes))
    out = {
        "name": name,
        "truth": truth.tolist(),
        "probability": probability.ravel().tolist(),
        "n_classes": n_classes,
        "positive": positive,
        "threshold": threshold,
        "predicted": predicted.tolist(),
        "confusion_matrix": metrics.confusion_matrix(truth, predicted, labels=classes).ravel().tolist(),
        "log_loss": metrics.log_loss(truth, probability, labels=classes) if n_classes > 1 else None,
        "accuracy_score": metrics.accuracy_score(truth, predicted),
        "balanced_accuracy_score": metrics.balanced_accuracy_score(truth, predicted),
        "f1_score": f1,
        "roc_auc_score": area,
        "roc_curve": curve((truth == positive).astype(int), probability[:, positive]),
    }
    if len(cases) % 3 == 0:  # these take two thirds of the time, and cases of each kind are many
        out |= rest(truth, probability, predicted, positive)
    return out


def two(p):
    return np.stack([1 - p, p], axis=1)


def softmax(n, k, spread=2.0):
    e = np.exp(spread * rng.normal(size=(n, k)))
    return e / e.sum(axis=1, keepdims=True)


cases = []
for n in (1, 2, 3, 50, 1001):
    for share in (0.5, 0.03, 0.97):
        truth = (rng.random(n) < share).astype(int)
        score = np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1)
        for positive in (0, 1):
            for threshold in (0.5, 0.2):
                tag = f"two classes, n {n}, share {share}, positive {positive}, threshold {threshold}"
                cases.append(case(tag, truth, two(score), positive, threshold))
        cases.append(case(f"heavy ties, n {n}, share {share}", truth, two(np.round(score, 1))))
        cases.append(case(f"constant scores, n {n}, share {share}", truth, two(np.full(n, 0.5))))
        cases.append(case(f"probabilities 0 and 1, n {n}, share {share}", truth, two(np.round(score))))
        cases.append(case(f"perfect, n {n}, share {share}", truth, two(truth.astype(float))))
        cases.append(case(f"perfectly wrong, n {n}, share {share}", truth, two(1.0 - truth)))
        cases.append(case(f"neighbouring doubles, n {n}, share {share}", truth, two(0.5 + 2.0**-53 * rng.integers(0, 4, n))))
        cases.append(case(f"one class only, n {n}", np.ones(n, dtype=int), two(score)))
for k in range(3, 8):
    for n in (1, 2, 10, 400):
        truth = rng.integers(0, k, n)
        p = softmax(n, k)
        p[np.arange(n), truth] += 0.2
        p /= p.sum(axis=1, keepdims=True)
        cases.append(case(f"{k} classes, n {n}", truth, p))
        cases.append(case(f"{k} classes, n {n}, the last missing in truth", rng.integers(0, k - 1, n), p))
        cases.append(case(f"{k} classes, n {n}, one in truth", np.full(n, 1), p))
        cases.append(case(f"{k} classes, n {n}, all equal", truth, np.full((n, k), 1 / k)))
        sure = np.zeros((n, k))
        sure[np.arange(n), rng.integers(0, k, n)] = 1
        cases.append(case(f"{k} classes, n {n}, probabilities 0 and 1", truth, sure))
        # Twelfths, with many ties; the last takes what is left, so that rows sum to 1.
        ties = rng.integers(0, 3, (n, k)) / (2.0 * k)
        ties[:, -1] = 1 - ties[:, :-1].sum(axis=1)
        cases.append(case(f"{k} classes, n {n}, heavy ties", truth, ties))
        never = p.copy()
        never[:, 0] = 0
        never /= never.sum(axis=1, keepdims=True)
        cases.append(case(f"{k} classes, n {n}, the first never predicted", truth, never))

json.dump(cases, sys.stdout)
