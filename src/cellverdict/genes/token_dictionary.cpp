#include <cellverdict/genes/token_dictionary.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/genes/ensembl.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cellverdict {

namespace {

constexpr double kLeastShare = 0.5;
constexpr std::size_t kShownUnknown = 5;

using Places = std::unordered_map<std::string, std::int32_t>;

std::string in_capitals(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

bool is_special(const std::string& name) {
  return name.starts_with('<') && name.ends_with('>');
}

[[noreturn]] void refuse(const std::string& where, std::string found, std::string expected) {
  throw InputError({where, std::move(found), std::move(expected), "use the dictionary files as they were published"});
}

Places places_of(const std::vector<std::string>& ids) {
  Places out;
  out.reserve(ids.size());
  for (std::size_t g = 0; g < ids.size(); ++g) out.emplace(ids[g], static_cast<std::int32_t>(g));
  return out;
}

void set_version(TokenDictionary& dictionary, const std::string& where) {
  const bool begins = dictionary.special("<cls>").has_value(), ends = dictionary.special("<eos>").has_value();
  if (begins != ends) refuse(where, begins ? "<cls> without <eos>" : "<eos> without <cls>", "both (V2) or neither (V1)");
  if (!dictionary.special("<pad>") || !dictionary.special("<mask>")) refuse(where, "no <pad> or no <mask>", "both");
  dictionary.version = begins ? "V2" : "V1";
}

void set_tokens(TokenDictionary& dictionary, const TokenDictionaryParts& parts, const std::string& where) {
  auto tokens = parts.tokens;
  std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& [name, token] = tokens[i];
    if (token < 0 || token > std::numeric_limits<std::int32_t>::max() - 1)
      refuse(where, fmt::format("token {} for {}", token, name), "a count");
    if (i > 0 && token == tokens[i - 1].second)
      refuse(where, fmt::format("token {} for both {} and {}", token, tokens[i - 1].first, name), "a token of its own for each");
    if (is_special(name)) {
      dictionary.specials.emplace_back(name, static_cast<std::int32_t>(token));
    } else {
      dictionary.ids.push_back(name);
      dictionary.tokens.push_back(static_cast<std::int32_t>(token));
    }
  }
  if (dictionary.ids.empty()) refuse(where, "no gene with a token", "genes");
  auto names = dictionary.ids;
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    refuse(where, *twice + " twice", "each gene once");
}

void set_medians(TokenDictionary& dictionary, const Places& places, const TokenDictionaryParts& parts, const std::string& where) {
  dictionary.medians.assign(dictionary.ids.size(), std::numeric_limits<double>::quiet_NaN());
  std::int64_t n_without_token = 0;
  for (const auto& [id, median] : parts.medians) {
    if (is_special(id)) continue;  // Geneformer gives the specials medians, which nothing uses
    if (!(median > 0) || !std::isfinite(median))
      refuse(where, fmt::format("a median of {} for {}", median, id), "a number above 0");
    const auto place = places.find(id);
    if (place == places.end()) {
      ++n_without_token;
      continue;
    }
    if (!std::isnan(dictionary.medians[place->second])) refuse(where, "two medians for " + id, "one");
    dictionary.medians[place->second] = median;
  }
  const auto n_without =
      std::count_if(dictionary.medians.begin(), dictionary.medians.end(), [](double m) { return std::isnan(m); });
  if (n_without == std::ssize(dictionary.medians))
    refuse(where, "no median of any gene that has a token", "medians of these genes");
  if (n_without > 0) dictionary.notes.push_back(counted(n_without, "gene") + " with a token but no median are never used");
  if (n_without_token > 0) dictionary.notes.push_back(counted(n_without_token, "median") + " of genes without a token left out");
}

// Pairs whose id has a token; the last of equal keys counts, as in Python.
std::unordered_map<std::string, std::string> leading_to(const Places& places,
                                                        const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::unordered_map<std::string, std::string> out;
  for (const auto& [name, id] : pairs)
    if (places.contains(id)) out.insert_or_assign(name, id);
  return out;
}

class ColumnMatcher {
 public:
  explicit ColumnMatcher(const TokenDictionary& dictionary) : dictionary_(dictionary), places_(places_of(dictionary.ids)) {}

  std::int32_t match(const std::string& given, TokenColumns& out) const {
    const std::string id = without_version(given);
    const bool ensembl = looks_like_ensembl(id);
    if (id != given) ++out.n_versions;
    if (ensembl || dictionary_.id_of_name.empty()) {
      const std::int32_t gene = by_id(id, out);
      if (gene >= 0 || ensembl) return gene;
    }
    if (const auto named = dictionary_.id_of_name.find(id); named != dictionary_.id_of_name.end()) {
      ++out.n_by_name;
      return places_.at(named->second);
    }
    return by_id(id, out);
  }

 private:
  std::int32_t by_id(const std::string& id, TokenColumns& out) const {
    const std::string capitals = in_capitals(id);
    if (const auto current = dictionary_.current_id.find(capitals); current != dictionary_.current_id.end()) {
      out.n_replaced += current->second != capitals ? 1 : 0;
      return places_.at(current->second);
    }
    for (const auto& name : {id, capitals})
      if (const auto place = places_.find(name); place != places_.end()) return place->second;
    return -1;
  }

  const TokenDictionary& dictionary_;
  Places places_;
};

void describe(TokenColumns& out, std::int64_t n_columns) {
  out.notes.push_back(fmt::format("{} of {} have a token", with_commas(out.n_known), counted(n_columns, "gene")));
  const auto say = [&](std::int64_t n, const char* noun, const char* what) {
    if (n > 0) out.notes.push_back(counted(n, noun) + what);
  };
  say(out.n_versions, "version", " taken off ids");
  say(out.n_replaced, "old name", " taken for the current id");
  say(out.n_by_name, "gene", " found by symbol");
  say(out.n_summed, "column", " added to another of the same gene");
}

}  // namespace

std::int64_t TokenDictionary::vocabulary() const {
  std::int64_t largest = tokens.empty() ? -1 : tokens.back();
  for (const auto& [name, token] : specials) largest = std::max<std::int64_t>(largest, token);
  return largest + 1;
}

std::optional<std::int32_t> TokenDictionary::special(const std::string& name) const {
  for (const auto& [known, token] : specials)
    if (known == name) return token;
  return std::nullopt;
}

TokenDictionary make_token_dictionary(const TokenDictionaryParts& parts, const std::string& where) {
  TokenDictionary out;
  set_tokens(out, parts, where);
  set_version(out, where);
  const Places places = places_of(out.ids);
  set_medians(out, places, parts, where);
  out.id_of_name = leading_to(places, parts.names);
  out.current_id = leading_to(places, parts.collapse);
  return out;
}

TokenDictionary make_own_dictionary(const GeneList& genes, const std::vector<double>& medians, const std::string& version) {
  std::vector<std::size_t> order(genes.ids.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return genes.ids[a] < genes.ids[b]; });
  TokenDictionaryParts parts;
  parts.tokens = {{"<pad>", 0}, {"<mask>", 1}};
  if (version == "V2") parts.tokens.insert(parts.tokens.end(), {{"<cls>", 2}, {"<eos>", 3}});
  std::int64_t n_unseen = 0;
  for (const std::size_t g : order) {
    if (std::isnan(medians[g])) {
      ++n_unseen;
      continue;
    }
    parts.tokens.emplace_back(genes.ids[g], std::ssize(parts.tokens));
    parts.medians.emplace_back(genes.ids[g], medians[g]);
    if (genes.symbols[g] != genes.ids[g]) parts.names.emplace_back(genes.symbols[g], genes.ids[g]);
  }
  if (parts.medians.empty())
    throw DataError({.where = "token dictionary", .found = "no gene with counts in any cell", .expected = "at least one"});
  TokenDictionary out = make_token_dictionary(parts, "token dictionary");
  if (n_unseen > 0) out.notes.push_back(counted(n_unseen, "gene") + " without counts in any cell left out");
  return out;
}

TokenColumns match_tokens(const GeneList& columns, const TokenDictionary& dictionary, const std::string& where) {
  const ColumnMatcher matcher(dictionary);
  TokenColumns out;
  std::vector<bool> found(dictionary.ids.size());
  for (const auto& id : columns.ids) {
    const std::int32_t gene = matcher.match(id, out);
    out.gene.push_back(gene);
    if (gene < 0) {
      if (out.unknown.size() < kShownUnknown) out.unknown.push_back(id);
      continue;
    }
    ++out.n_known;
    (found[gene] ? out.n_summed : out.n_genes) += 1;
    found[gene] = true;
  }
  const auto share = [](std::int64_t n, std::int64_t of) { return of > 0 ? static_cast<double>(n) / static_cast<double>(of) : 0; };
  const double of_columns = share(out.n_known, columns.size()), of_dictionary = share(out.n_genes, dictionary.n_genes());
  if (of_columns < kLeastShare && of_dictionary < kLeastShare) {
    std::string first;
    for (const auto& id : out.unknown) first += (first.empty() ? "" : ", ") + id;
    throw DataError({.where = where,
                     .found = fmt::format("{} of {} ({:.1f} %) in the token dictionary, unknown are {}{}", with_commas(out.n_known),
                                          counted(columns.size(), "gene"), 100 * of_columns, first,
                                          std::ssize(out.unknown) < columns.size() - out.n_known ? ", …" : ""),
                     .expected = "at least half of the file's genes or of the dictionary's",
                     .advice = "check species and ids, or give a table of Ensembl ids and symbols with --gene-map"});
  }
  describe(out, columns.size());
  return out;
}

}  // namespace cellverdict
