// write_example FOLDER [random-cells]: the example report, with a cross-validation; and a split of cells, for browser_check.py and
// for looking at.

#include <report/example_evaluation.h>
#include <report/example_folds.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  auto input = example::report();
  for (auto& variant : input.variants) example::measure(variant.evaluation);
  input.variants.push_back(example::folds_variant());
  if (argc > 2) input.variants.push_back(example::random_cells_variant());
  const auto result = cellverdict::write_report({}, input, argv[1], {});
  std::cout << result.html.string() << '\n' << result.specs.size() << " figures\n" << result.note << '\n';
}
