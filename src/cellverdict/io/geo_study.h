#pragma once
// What files of the Gene Expression Omnibus say of themselves: which kind of file it is, the study, and its samples brought to one
// table of texts. Shared by the readers of series matrices and of SOFT files.
// Must never: guess types. "007", "1e5" and "46,XX" stay the texts they are.

#include <cellverdict/table/frame.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cellverdict {

// soft: a family of a series, a GDS, a single GSM or a GPL in SOFT; annotation: GEO's own .annot of a platform; html: a web page
// in place of the file, as failed downloads leave it.
enum class GeoKind { none, series_matrix, soft, annotation, html };
// Told from the first bytes of the text, gzipped or not. Throws nothing.
GeoKind geo_kind_of(const std::filesystem::path& path);
// Throws InputError for a web page.
void refuse_html(const std::filesystem::path& path);
// "GSE1_series_matrix.txt.gz" → "GSE1", "GSE1_family.soft" → "GSE1"; other names without their endings.
std::string geo_name(const std::filesystem::path& path);

struct GeoStudy {
  std::string accession, title;    // "GSE13159"
  std::string submitted, updated;  // dates as GEO writes them: "Nov 23 2009"
  std::vector<std::string> types;  // "Expression profiling by array"
  std::vector<std::string> platforms;
  std::vector<std::string> supplementary_files;
  // Takes "Series_title" and its value, or those of a data set; other fields are passed over.
  void take(std::string_view field, std::string_view value);
};

// A study and its samples, as a file has them before anything is decided.
struct GeoOutline {
  GeoStudy study;
  Frame samples;                             // one row a sample, texts alone; index = accessions
  std::vector<std::string> characteristics;  // columns of samples that "key: value" made
  std::int64_t n_probes = 0;                 // lines of the table (SOFT: of the longest sample's); -1: not counted
  bool has_values = true;                    // false: a series without a table
  std::vector<std::string> notes;
};

// Fields of samples as they come, brought to columns:
//   geo_accession, title, platform, source_name, organism   always, where the file has them
//   one a key of characteristics ("disease state: AML"); a sample without the key is missing there, two values are joined by "; "
//   other fields where the samples differ in them; repeated fields as description, description.1, …
// Protocols, contacts and links are left out.
class GeoSampleFields {
 public:
  GeoSampleFields(std::string file, std::int64_t n_samples) : file_(std::move(file)), n_samples_(n_samples) {}
  // "Sample_title" with a value for each sample ("" missing).
  void add(std::string_view field, std::vector<std::string> values);
  // Fills samples, characteristics and notes of `outline`. Throws InputError for samples without or with the same accession, and
  // for text that is not UTF-8 in what is kept.
  void finish(GeoOutline& outline) const;

 private:
  struct Field {
    std::string name;
    std::vector<std::string> values;
  };
  std::vector<Field> keyed(std::vector<std::string>& notes) const;
  void check(const Field& field, const Names& samples) const;

  std::string file_;
  std::int64_t n_samples_;
  std::vector<Field> fields_;
};

// The text without surrounding quotes and spaces.
std::string_view geo_text(std::string_view field);
// The fields of a line, separated by tabs; quotes stay. Reuses `out`.
void split_tabs(std::string_view line, std::vector<std::string_view>& out);

}  // namespace cellverdict
