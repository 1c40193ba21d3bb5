#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/ensembl.h>
#include <cellverdict/genes/identity.h>

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace cellverdict {

namespace {

constexpr std::size_t kNamesShown = 5;

// The first few; how many there are is said beside them.
std::string some(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kNamesShown; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kNamesShown ? text + ", …" : text;
}

void take_versions_off(GeneList& genes, GeneIdentity& identity) {
  std::string first;
  for (std::size_t i = 0; i < genes.ids.size(); ++i) {
    std::string plain = without_version(genes.ids[i]);
    if (plain == genes.ids[i]) continue;
    if (identity.n_versions++ == 0) first = genes.ids[i] + " → " + plain;
    if (genes.symbols[i] == genes.ids[i]) genes.symbols[i] = plain;  // the file has no other name for it
    genes.ids[i] = std::move(plain);
  }
  if (identity.n_versions > 0)
    identity.notes.push_back("versions are taken off " + counted(identity.n_versions, "Ensembl id") + " (" + first + ")");
}

// The ids a symbol has in the map; none for null.
const std::vector<std::string>* ids_of(const GeneMap& map, const std::string& symbol) {
  const auto found = map.ids_of.find(symbol);
  return found == map.ids_of.end() ? nullptr : &found->second;
}

void map_symbols(GeneList& genes, const GeneMap& map, GeneIdentity& identity) {
  std::int64_t n_symbols = 0;
  for (std::size_t i = 0; i < genes.ids.size(); ++i) {
    if (looks_like_ensembl(genes.ids[i])) {
      const auto symbol = map.symbol_of.find(genes.ids[i]);
      if (genes.symbols[i] != genes.ids[i] || symbol == map.symbol_of.end()) continue;
      genes.symbols[i] = symbol->second;
      ++identity.n_named;
      continue;
    }
    ++n_symbols;
    const auto* ids = ids_of(map, genes.symbols[i]);
    if (ids == nullptr) {
      identity.unknown.push_back(genes.symbols[i]);
    } else if (ids->size() > 1) {
      identity.ambiguous.push_back(genes.symbols[i]);
    } else {
      genes.ids[i] = ids->front();
      ++identity.n_mapped;
    }
  }
  if (identity.n_named > 0)
    identity.notes.push_back(counted(identity.n_named, "Ensembl id") + (identity.n_named == 1 ? " gets its" : " get their") +
                             " symbol from " + map.file);
  if (n_symbols == 0) return;
  std::string note =
      fmt::format("{} of {} mapped to Ensembl ids by {}", with_commas(identity.n_mapped), counted(n_symbols, "symbol"), map.file);
  if (!identity.ambiguous.empty())
    note +=
        fmt::format("; {} with several ids there and kept as they are: {}", identity.ambiguous.size(), some(identity.ambiguous));
  if (!identity.unknown.empty())
    note += fmt::format("; {} unknown there and kept as they are: {}", with_commas(std::ssize(identity.unknown)),
                        some(identity.unknown));
  identity.notes.push_back(std::move(note));
}

// Gives each id its place, and the places their names.
void join_columns(GeneList&& genes, GeneIdentity& identity) {
  std::unordered_map<std::string_view, std::int32_t> places;  // of the ids in `genes`
  std::vector<bool> told(genes.ids.size());
  bool by_symbol = false;
  for (const auto& id : genes.ids) {
    const auto [place, added] = places.emplace(id, static_cast<std::int32_t>(places.size()));
    identity.target.push_back(place->second);
    if (added) continue;
    ++identity.n_summed;
    by_symbol = by_symbol || !looks_like_ensembl(id);
    if (told[place->second]) continue;
    told[place->second] = true;
    identity.summed.push_back(id);
  }
  std::int32_t next = 0;
  for (std::size_t i = 0; i < genes.ids.size(); ++i) {
    if (identity.target[i] != next) continue;
    ++next;
    identity.genes.ids.push_back(genes.ids[i]);
    identity.genes.symbols.push_back(std::move(genes.symbols[i]));
  }
  if (identity.n_summed == 0) return;
  identity.notes.push_back(
      fmt::format("{} {} the gene of another one and {} added to it{}: {}", counted(identity.n_summed, "column"),
                  identity.n_summed == 1 ? "names" : "name", identity.n_summed == 1 ? "is" : "are",
                  by_symbol ? " (without ids, columns of one symbol cannot be told apart)" : "", some(identity.summed)));
}

void find_shared_symbols(GeneIdentity& identity) {
  std::unordered_map<std::string_view, int> n_ids;
  for (const auto& symbol : identity.genes.symbols)
    if (++n_ids[symbol] == 2) identity.shared_symbols.push_back(symbol);
}

}  // namespace

GeneNaming naming_of(const GeneList& genes) {
  if (mostly_ensembl(genes.ids)) return GeneNaming::ensembl;
  return genes.ids == genes.symbols ? GeneNaming::symbols : GeneNaming::other;
}

std::string gene_naming_name(GeneNaming naming) {
  switch (naming) {
    case GeneNaming::ensembl:
      return "Ensembl ids";
    case GeneNaming::symbols:
      return "symbols";
    case GeneNaming::other:
      return "ids of another kind";
  }
  return {};
}

GeneIdentity resolve_genes(const GeneList& as_in_file, const GeneMap* map) {
  GeneIdentity identity;
  GeneList genes = as_in_file;
  take_versions_off(genes, identity);
  if (map != nullptr) map_symbols(genes, *map, identity);
  join_columns(std::move(genes), identity);
  find_shared_symbols(identity);
  identity.naming = naming_of(identity.genes);
  return identity;
}

}  // namespace cellverdict
