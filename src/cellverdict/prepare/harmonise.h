#pragma once
// One word for one thing across studies: a table that says, for values of obs columns, what they are called here.
//
//   column      from                    to         source
//   disease     systemic lupus          SLE
//   disease     Control                 healthy    study_b.h5ad
//   disease     *                       (empty)
//
// `source` empty: of every source. A row of a source goes before one of all, a value before "*", which is every value not listed.
// `to` empty: the value is missing from then on (cells without a label are left out).

#include <cellverdict/table/frame.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cellverdict {

// A column of text whose values are called otherwise; what is called "" is missing from then on.
Column with_values_renamed(const Column& values, const std::function<std::string(const std::string&)>& called_here);

class Harmonisation {
 public:
  // Throws InputError for a table without the columns column, from and to, or with two rows for one value.
  explicit Harmonisation(const std::filesystem::path& file);

  // The columns it says something of, for this source.
  std::vector<std::string> columns(const std::string& source) const;
  Column apply(const std::string& column, const std::string& source, const Column& values) const;

  // All that it says of this source, in one text: equal where it says the same.
  std::string words_for(const std::string& source) const;

  // Throws UsageError for a row of a source that is none of these.
  void check_sources(const std::vector<std::string>& sources) const;

 private:
  using Words = std::map<std::string, std::string>;  // from → to
  const Words* words_of(const std::string& column, const std::string& source) const;

  std::string file_;
  std::map<std::string, std::map<std::string, Words>> words_;  // column → source ("": all) → words
};

}  // namespace cellverdict
