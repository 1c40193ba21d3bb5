#pragma once
// How well scores rank the positive above the negative; each function equals its scikit-learn counterpart (1.9) to 1e-9.
// Scores that are not numbers are a DataError everywhere, sizes that differ an InternalError.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cellverdict {

struct RocPoint {
  double false_positive_rate, true_positive_rate, threshold;
};

// sklearn.metrics.roc_auc_score: P(score of a positive > score of a negative), ties count half. Nothing when a class is absent.
std::optional<double> roc_auc(std::span<const std::uint8_t> positive, std::span<const double> scores);

// sklearn.metrics.roc_curve(drop_intermediate=True); first point (0, 0, inf). Empty when a class is absent.
std::vector<RocPoint> roc_curve(std::span<const std::uint8_t> positive, std::span<const double> scores);

struct PrecisionRecallPoint {
  double precision, recall, threshold;  // of calling positive what scores at least the threshold
};

// sklearn.metrics.precision_recall_curve, every threshold, from the highest down: first point (1, 0, inf), recall ascending.
// Empty without positives. A classifier that knows nothing has the prevalence as its precision, so show that beside it.
std::vector<PrecisionRecallPoint> precision_recall_curve(std::span<const std::uint8_t> positive, std::span<const double> scores);

// sklearn.metrics.average_precision_score: Σ (recall − recall before) · precision, no interpolation. Nothing without positives.
std::optional<double> average_precision(std::span<const std::uint8_t> positive, std::span<const double> scores);

}  // namespace cellverdict
