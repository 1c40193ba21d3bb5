// What a space says of annotations: nobody vouches for himself, and what is shuffled is not told.

#include <cellverdict/base/random.h>
#include <cellverdict/evaluate/space.h>
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace cellverdict;

namespace {

SpaceTable two_clouds(std::int64_t n, double apart) {
  Random random(2, "clouds");
  SpaceTable out{.name = "X", .n_features = 2};
  for (std::int64_t i = 0; i < n; ++i) {
    out.values.push_back(random.uniform() + (i % 2 == 0 ? 0 : apart));
    out.values.push_back(random.uniform());
  }
  return out;
}

SpaceLabels every_other(std::int64_t n) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < n; ++i) names.emplace_back(i % 2 == 0 ? "ill" : "well");
  return labels_of("state", make_text_column(Names(names)));
}

}  // namespace

TEST_CASE("labels stand by how many units have them, and those that are missing have none") {
  const SpaceLabels labels = labels_of("x", make_text_column(Names({"b", "a", "", "a", "c", "b", "a"})));
  CHECK(labels.levels == std::vector<std::string>{"a", "b", "c"});
  CHECK(labels.counts == std::vector<std::int64_t>{3, 2, 1});
  CHECK(labels.codes == std::vector<std::int32_t>{1, 0, -1, 0, 2, 1, 0});
}

TEST_CASE("neighbours tell clouds apart, and a person's own other unit does not count") {
  const auto score = score_neighbours(two_clouds(40, 5), every_other(40), {});
  REQUIRE(score);
  CHECK(score->n_right == 40);
  CHECK(score->majority == 0.5);
  SpaceTable twice{.name = "X", .n_features = 1};  // each person's two units lie together, and have one label of their own
  std::vector<std::string> names;
  std::vector<std::int32_t> person;
  for (int i = 0; i < 20; ++i)
    for (int copy = 0; copy < 2; ++copy) {
      twice.values.push_back(i);
      names.emplace_back(i % 2 == 0 ? "a" : "b");
      person.push_back(i);
    }
  const SpaceLabels labels = labels_of("x", make_text_column(Names(names)));
  CHECK(score_neighbours(twice, labels, {.neighbours = 1})->n_right == 40);
  CHECK(score_neighbours(twice, labels, {.neighbours = 1, .person = person})->n_right == 0);
  CHECK_FALSE(score_neighbours(twice, labels_of("x", make_constant_column("a", 40)), {}));
}

TEST_CASE("cosines between label means: 1 with itself, and -1 of two labels once their mean is off") {
  const LabelSimilarity plain = label_similarity(two_clouds(40, 5), every_other(40), false);
  CHECK(plain.labels.size() == 2);
  CHECK(plain.cosine[0] == 1);
  CHECK(plain.cosine[1] == plain.cosine[2]);
  CHECK(plain.cosine[1] > 0);
  CHECK(label_similarity(two_clouds(40, 5), every_other(40), true).cosine[1] == doctest::Approx(-1));
}

TEST_CASE("what goes with groups is found, and what does not is not") {
  std::vector<std::int32_t> groups;
  NamedNumbers with{.name = "with"}, without{.name = "without"};
  Random random(6, "numbers");
  for (int i = 0; i < 60; ++i) {
    groups.push_back(i % 2);
    with.values.push_back(random.uniform() + i % 2);
    without.values.push_back(random.uniform());
  }
  const auto rows = associations(groups, {every_other(60)}, {with, without});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].strength == doctest::Approx(1));
  CHECK(rows[1].adjusted < 1e-6);
  CHECK(rows[2].p_value > 0.01);
  CHECK(rows[2].adjusted >= rows[2].p_value);
}

TEST_CASE("differences between levels are corrected for how many were looked at, medians by level") {
  const auto rows = level_differences(every_other(6), {{"a", {1, 4, 2, 5, 3, 6}}, {"b", {1, 1, 1, 1, 1, std::nan("")}}});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].levels == std::vector<std::string>{"ill", "well"});
  CHECK(rows[0].median == std::vector<double>{2, 5});
  CHECK(*rows[0].share == 1);
  CHECK(rows[0].p_value == doctest::Approx(0.1));
  CHECK(rows[0].bonferroni == doctest::Approx(0.2));
  CHECK(rows[1].n == std::vector<std::int64_t>{3, 2});
  CHECK(rows[1].p_value == 1);
}

TEST_CASE("a response that can be told is told of people left out; a coin is not") {
  const SpaceTable table = two_clouds(30, 3);
  const auto told = score_response({&table}, every_other(30), {});
  REQUIRE(told.size() == 3);
  CHECK(told[0].n_right == 30);
  REQUIRE(told[0].auc);
  CHECK(told[0].auc->estimate == 1);
  CHECK(told[0].auc->low < 0.95);
  CHECK(told[2].method == "majority");
  CHECK(told[2].n_right == 0);  // half and half: whoever is left out is in the minority of the others
  Random random(8, "coin");
  std::vector<std::string> coin;
  for (int i = 0; i < 30; ++i) coin.emplace_back(random.uniform() < 0.5 ? "heads" : "tails");
  const auto guessed = score_response({&table}, labels_of("coin", make_text_column(Names(coin))), {});
  REQUIRE(guessed[0].auc);
  CHECK(guessed[0].auc->low < 0.5);
  CHECK(guessed[0].auc->high > 0.5);
}
