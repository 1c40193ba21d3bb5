#include <cellverdict/table/names.h>

#include <algorithm>
#include <functional>

namespace cellverdict {

std::vector<std::string> Names::texts() const {
  std::vector<std::string> out;
  out.reserve(size());
  for (const std::string_view name : *this) out.emplace_back(name);
  return out;
}

void Names::append(const Names& below) {
  reserve(size() + below.size(), text_.size() + below.text_.size());
  for (const std::string_view name : below) push_back(name);
}

void Names::reserve(std::size_t n_names, std::size_t n_bytes) {
  ends_.reserve(n_names + 1);
  text_.reserve(n_bytes);
}

void Names::clear() {
  text_.clear();
  ends_.assign(1, 0);
}

RepeatedNames find_repeated(const Names& names) {
  struct Entry {
    std::size_t hash;
    std::int64_t place;
  };
  std::vector<Entry> entries;
  entries.reserve(names.size());
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(names.size()); ++i)
    entries.push_back({std::hash<std::string_view>()(names[i]), i});
  // Equal names have equal hashes and then lie together, in the order of their places.
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    if (const int order = names[a.place].compare(names[b.place]); order != 0) return order < 0;
    return a.place < b.place;
  });
  RepeatedNames found;
  for (std::size_t i = 1, start = 0; i < entries.size(); ++i) {
    if (entries[i].hash != entries[start].hash || names[entries[i].place] != names[entries[start].place]) {
      start = i;
      continue;
    }
    ++found.n_repeated;
    if (found.second < 0 || entries[i].place < found.second) {
      found.first = entries[start].place;
      found.second = entries[i].place;
    }
  }
  return found;
}

}  // namespace cellverdict
