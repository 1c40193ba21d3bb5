#pragma once
// A smooth curve through points: local quadratic regression with tricube weights (Cleveland & Devlin 1988), fitted at the vertices
// of a k-d tree over x and blended between them with cubics (Cleveland & Grosse 1991). This is what `loess` of R and scikit-misc
// compute; without ties in x it agrees with them to 1e-8. Numbers in, numbers out.

#include <span>
#include <vector>

namespace cellverdict {

struct LoessOptions {
  double span = 0.3;  // share of the points that each local fit sees
  double cell = 0.2;  // vertices until no cell of the tree holds more than span · cell of the points
};

// The curve at every x: [points]. x and y are finite and of one length. With too few points, or too few distinct x, for a quadratic
// the local fit is a line or a mean.
std::vector<double> fit_loess(std::span<const double> x, std::span<const double> y, const LoessOptions& options = {});

}  // namespace cellverdict
