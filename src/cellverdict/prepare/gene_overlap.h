#pragma once
// Brings the sources of a study into one gene space, the genes that all of them have, and sees to it that enough of each is left.

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

 private:
  struct Source {
    std::string name, example;  // and one of its ids
    std::int64_t n_genes = 0;
    GeneNaming naming = GeneNaming::other;
  };
  [[noreturn]] void refuse(const Source& smallest, std::int64_t n_shared, double least) const;

  std::vector<Source> sources_;
  std::vector<GeneList> lists_;  // distinct ones: the libraries of a study mostly share theirs
};

}  // namespace cellverdict
