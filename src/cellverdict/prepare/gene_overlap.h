#pragma once
// Brings the sources of a study into one gene space, and sees to it that enough of each is left: the genes that all of them have,
// those that any of them has, or those of a panel. Genes that a source lacks count as 0 in its cells.

#include <cellverdict/genes/identity.h>
#include <cellverdict/table/genes.h>

#include <string>
#include <vector>

namespace cellverdict {

class GeneOverlap {
 public:
  void add(const std::string& source, const GeneList& genes);

  // The shared genes, in the first source's order and with its symbols. Says how many they are and how many of each source are left
  // out. Throws DataError when they are fewer than `least` (0 to 1) of the smallest source's.
  GeneList settle(double least, std::vector<std::string>& notes) const;

  // All genes, in the order in which they are met with. Throws DataError when a source shares fewer than `least` of the smaller
  // list's with the first one.
  GeneList settle_union(double least, std::vector<std::string>& notes) const;

  // Those of the panel, by id or by symbol. Throws DataError when a source has fewer than `least` of them.
  void settle_panel(const GeneList& panel, double least, std::vector<std::string>& notes) const;

 private:
  struct Source {
    std::string name, example;  // and one of its ids
    std::int64_t n_genes = 0;
    GeneNaming naming = GeneNaming::other;
    std::size_t list = 0;
  };
  [[noreturn]] void refuse(const Source& smallest, std::int64_t n_shared, double least) const;

  // The list of a source.
  const GeneList& genes_of(std::size_t source) const { return lists_[sources_[source].list]; }

  std::vector<Source> sources_;
  std::vector<GeneList> lists_;  // distinct ones: the libraries of a study mostly share theirs
};

}  // namespace cellverdict
