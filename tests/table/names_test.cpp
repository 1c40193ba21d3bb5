#include <cellverdict/table/names.h>

#include <doctest/doctest.h>

using cellverdict::find_repeated;
using cellverdict::Names;

TEST_CASE("names come back as they were put in, empty and repeated ones too") {
  Names names{"AAAC-1", "", "AAAC-1"};
  names.push_back("naïve");
  CHECK(names.size() == 4);
  CHECK(names[1].empty());
  CHECK(names.texts() == std::vector<std::string>{"AAAC-1", "", "AAAC-1", "naïve"});
  Names more{"x"};
  more.append(names);
  CHECK(more == Names{"x", "AAAC-1", "", "AAAC-1", "naïve"});
  CHECK(more != names);
  more.clear();
  CHECK(more.empty());
}

TEST_CASE("the first name that stands twice is found, and how many repeat another") {
  CHECK(find_repeated({"a", "b", "c"}).n_repeated == 0);
  const auto found = find_repeated({"a", "b", "c", "b", "a", "b"});
  CHECK(found.n_repeated == 3);
  CHECK(found.first == 1);
  CHECK(found.second == 3);
}
