#include <cellverdict/genes/match.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace cellverdict {

namespace {

// Position of each name; names that occur twice stand for nothing.
std::unordered_map<std::string_view, std::int32_t> positions(const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, std::int32_t> places;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto [place, added] = places.emplace(names[i], static_cast<std::int32_t>(i));
    if (!added) place->second = -1;
  }
  return places;
}

GeneMatch match_names(const std::vector<std::string>& from, const std::vector<std::string>& to, std::string by) {
  const auto places = positions(to);
  const auto own = positions(from);
  GeneMatch match{.by = std::move(by)};
  for (const auto& name : from) {
    const auto place = own.at(name) < 0 ? places.end() : places.find(name);
    match.target.push_back(place == places.end() ? -1 : place->second);
    if (match.target.back() >= 0) ++match.n_matched;
  }
  return match;
}

}  // namespace

GeneMatch match_ids(const GeneList& from, const GeneList& to) {
  return match_names(from.ids, to.ids, "id");
}

GeneMatch match_genes(const GeneList& from, const GeneList& to) {
  GeneMatch by_id = match_ids(from, to);
  if (by_id.n_matched * 10 >= to.size()) return by_id;
  GeneMatch by_symbol = match_names(from.symbols, to.symbols, "symbol");
  return by_symbol.n_matched > by_id.n_matched ? by_symbol : by_id;
}

GeneList all_genes(std::span<const GeneList> lists) {
  GeneList all = lists[0];
  std::unordered_set<std::string> known(all.ids.begin(), all.ids.end());
  for (const auto& list : lists.subspan(1))
    for (std::int64_t i = 0; i < list.size(); ++i) {
      if (!known.insert(list.ids[i]).second) continue;
      all.ids.push_back(list.ids[i]);
      all.symbols.push_back(list.symbols[i]);
    }
  return all;
}

GeneList shared_genes(std::span<const GeneList> lists) {
  GeneList shared = lists[0];
  for (const auto& list : lists.subspan(1)) {
    if (list.ids == shared.ids) continue;
    const auto places = positions(list.ids);
    GeneList kept;
    for (std::int64_t i = 0; i < shared.size(); ++i) {
      if (!places.contains(shared.ids[i])) continue;
      kept.ids.push_back(shared.ids[i]);
      kept.symbols.push_back(shared.symbols[i]);
    }
    shared = std::move(kept);
  }
  return shared;
}

}  // namespace cellverdict
