#include <cellverdict/genes/mitochondrial.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace cellverdict {

namespace {

// Ensembl's numbers of the genes on MT, ascending: ENSG00000198695 is MT-ND6, ENSMUSG00000064341 is mt-Nd1.
constexpr std::array kHuman = {198695, 198712, 198727, 198763, 198786, 198804, 198840, 198886, 198888, 198899,
                               198938, 209082, 210049, 210077, 210082, 210100, 210107, 210112, 210117, 210127,
                               210135, 210140, 210144, 210151, 210154, 210156, 210164, 210174, 210176, 210184,
                               210191, 210194, 210195, 210196, 211459, 212907, 228253};
constexpr std::array kMouse = {64336, 64337, 64338, 64339, 64340, 64341, 64342, 64343, 64344, 64345, 64346, 64347, 64348,
                               64349, 64350, 64351, 64352, 64353, 64354, 64355, 64356, 64357, 64358, 64359, 64360, 64361,
                               64363, 64364, 64365, 64366, 64367, 64368, 64369, 64370, 64371, 64372, 65947};

bool has_mitochondrial_id(std::string_view id) {
  for (const auto& [prefix, numbers] :
       {std::pair<std::string_view, const int*>{"ENSG", kHuman.data()}, {"ENSMUSG", kMouse.data()}}) {
    constexpr std::size_t kDigits = 11;
    static_assert(kHuman.size() == kMouse.size());
    if (!id.starts_with(prefix) || id.size() != prefix.size() + kDigits) continue;
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(id.data() + prefix.size(), id.data() + id.size(), number);
    return failure == std::errc() && end == id.data() + id.size() && std::binary_search(numbers, numbers + kHuman.size(), number);
  }
  return false;
}

bool has_mitochondrial_symbol(std::string_view symbol) {
  return symbol.starts_with("MT-") || symbol.starts_with("mt-");
}

}  // namespace

std::vector<bool> mitochondrial_genes(const GeneList& genes) {
  std::vector<bool> flags;
  flags.reserve(genes.symbols.size());
  for (std::size_t g = 0; g < genes.symbols.size(); ++g)
    flags.push_back(has_mitochondrial_symbol(genes.symbols[g]) || has_mitochondrial_id(genes.ids[g]));
  return flags;
}

std::string mitochondrial_rule(const GeneList& genes) {
  if (std::any_of(genes.symbols.begin(), genes.symbols.end(), has_mitochondrial_symbol)) return "symbol";
  if (std::any_of(genes.ids.begin(), genes.ids.end(), has_mitochondrial_id)) return "Ensembl id";
  return {};
}

}  // namespace cellverdict
