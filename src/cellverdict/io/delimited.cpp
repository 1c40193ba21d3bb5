#include <cellverdict/io/delimited.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/nearest.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/gene_columns.h>

#include <algorithm>
#include <limits>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kPiece = std::int64_t{1} << 18;  // entries read at a time

// Numbers when every value that is there is one.
Column column_of(const Names& texts) {
  std::vector<double> numbers;
  for (const auto text : texts) {
    const auto number = parse_number(std::string(text));
    if (!number && !is_missing_field(text)) return make_text_column(texts);
    numbers.push_back(number.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return make_number_column(std::move(numbers));
}

void name_cells(Names names, SourceHead& head) {
  if (const auto repeated = find_repeated(names).n_repeated; repeated > 0)
    head.notes.push_back(counted(repeated, "cell name") + " repeat" + (repeated == 1 ? "s" : "") + " another");
  head.obs.index = std::move(names);
}

GeneList choose_or_refuse(std::vector<NameColumn> columns, const fs::path& path, std::vector<std::string>& notes) {
  ChosenGenes chosen = choose_genes(columns);
  if (!chosen.genes)
    throw InputError({.where = path.string(),
                      .found = "a gene without a name",
                      .expected = "a name for every gene",
                      .advice = "name it, or add a column gene_id with Ensembl ids"});
  if (chosen.ids_from != columns[0].name) notes.push_back("gene ids are those of column " + chosen.ids_from);
  return std::move(*chosen.genes);
}

SourceHead head_of_rows_as_cells(DelimitedTable& table, SourceHead head, const OpenOptions& options) {
  name_cells(std::move(table.row_names), head);
  for (std::size_t i = 0; i < table.annotations.size(); ++i) {
    std::string& name = table.annotation_names[i];
    if (name.empty()) name = "column_" + std::to_string(i + 2);
    head.obs_columns.push_back(name);
    if (!options.hold_column || options.hold_column(name)) head.obs.set(name, column_of(table.annotations[i]));
  }
  head.genes = choose_or_refuse({{"", table.column_names.texts()}}, head.path, head.notes);
  return head;
}

SourceHead head_of_rows_as_genes(DelimitedTable& table, SourceHead head) {
  std::vector<NameColumn> columns;
  columns.push_back({table.layout.headers[0], table.row_names.texts()});
  for (std::size_t i = 0; i < table.annotations.size(); ++i)
    columns.push_back({table.annotation_names[i], table.annotations[i].texts()});
  table.row_names.clear();
  table.annotations.clear();
  head.genes = choose_or_refuse(columns, head.path, head.notes);
  if (columns.size() > 1)
    head.notes.push_back("columns that describe genes, read for their names alone: " + listed(table.annotation_names));
  name_cells(std::move(table.column_names), head);
  return head;
}

// Lines are cells.
class RowCells : public CellSource {
 public:
  RowCells(SourceHead head, DelimitedTable table) : head_(std::move(head)), table_(std::move(table)) {}
  const SourceHead& head() const override { return head_; }
  void rewind() override { next_ = 0; }
  Column read_obs_column(const std::string& name) const override {
    const auto place = std::find(table_.annotation_names.begin(), table_.annotation_names.end(), name);
    if (place == table_.annotation_names.end()) return CellSource::read_obs_column(name);
    return column_of(table_.annotations[place - table_.annotation_names.begin()]);
  }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_;
    const std::int64_t end = std::min(head_.n_cells, next_ + max_rows);
    if (next_ >= end) return false;
    table_.entries.read(table_.starts[next_], table_.starts[end] - table_.starts[next_], piece_);
    std::size_t k = 0;
    for (; next_ < end; ++next_) {
      for (const auto row_end = static_cast<std::size_t>(table_.starts[next_ + 1] - table_.starts[block.first_row]); k < row_end;
           ++k)
        block.push(piece_[k].column, piece_[k].value);
      block.end_row();
    }
    return true;
  }

 private:
  SourceHead head_;
  DelimitedTable table_;
  std::int64_t next_ = 0;
  std::vector<SpilledEntry> piece_;
};

// Columns are cells: cut into bands that fit the memory, for each of which the entries are swept once.
class ColumnCells : public CellSource {
 public:
  ColumnCells(SourceHead head, DelimitedTable table, std::int64_t memory_bytes)
      : head_(std::move(head)),
        table_(std::move(table)),
        band_entries_(std::max<std::int64_t>(memory_bytes / 2 / static_cast<std::int64_t>(sizeof(SpilledEntry)), 1)),
        counts_(static_cast<std::size_t>(head_.n_cells)) {
    sweep([&](std::int64_t, const SpilledEntry& entry) { ++counts_[entry.column]; });
  }
  const SourceHead& head() const override { return head_; }
  void rewind() override { next_ = 0; }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_;
    if (next_ >= head_.n_cells || max_rows <= 0) return false;
    if (next_ < begin_ || next_ >= end_) load_band();
    const std::int64_t end = std::min(end_, next_ + max_rows);
    for (; next_ < end; ++next_) {
      for (std::int64_t k = starts_[next_ - begin_]; k < starts_[next_ - begin_ + 1]; ++k)
        block.push(band_[k].column, band_[k].value);
      block.end_row();
    }
    return true;
  }

 private:
  template <class Use>
  void sweep(const Use& use) {
    std::int64_t line = 0;
    for (std::int64_t first = 0; first < table_.entries.size(); first += kPiece) {
      const std::int64_t count = std::min(kPiece, table_.entries.size() - first);
      table_.entries.read(first, count, piece_);
      for (std::int64_t i = 0; i < count; ++i) {
        while (first + i >= table_.starts[line + 1]) ++line;
        use(line, piece_[i]);
      }
    }
  }

  // As many cells from next_ on as fit, at least one.
  void load_band() {
    begin_ = end_ = next_;
    starts_.assign(1, 0);
    while (end_ < head_.n_cells && (end_ == begin_ || starts_.back() + counts_[end_] <= band_entries_))
      starts_.push_back(starts_.back() + counts_[end_++]);
    band_.resize(static_cast<std::size_t>(starts_.back()));
    std::vector<std::int64_t> cursor(starts_.begin(), starts_.end() - 1);
    sweep([&](std::int64_t gene, const SpilledEntry& entry) {
      if (entry.column < begin_ || entry.column >= end_) return;
      band_[cursor[entry.column - begin_]++] = {static_cast<std::int32_t>(gene), entry.value};
    });
  }

  SourceHead head_;
  DelimitedTable table_;
  std::int64_t band_entries_, next_ = 0, begin_ = 0, end_ = 0;
  std::vector<std::int64_t> counts_, starts_;  // [n_cells]; [band cells + 1]
  std::vector<SpilledEntry> band_, piece_;     // band: column is the gene
};

std::string kind_of_text(const DelimitedTable& table) {
  const std::string kind = table.layout.separator == '\t'  ? "TSV"
                           : table.layout.separator == ',' ? "CSV"
                                                           : table.layout.separator_name() + "-separated text";
  return kind + (table.gzipped ? ", gzip" : "");
}

// "counts.csv.gz" → "counts".
std::string name_of(fs::path path) {
  if (path.extension() == ".gz") path = path.stem();
  return path.stem().string();
}

}  // namespace

std::unique_ptr<CellSource> open_delimited(const fs::path& path, const OpenOptions& options) {
  DelimitedTable table = read_delimited(path, options.memory_bytes);
  TableSides sides = tell_sides(table);
  if (!options.genes_are.empty()) sides = {options.genes_are == "rows", ""};
  SourceHead head;
  head.path = path;
  head.name = name_of(path);
  head.files = {path};
  head.n_nonzero = table.entries.size();
  head.format = kind_of_text(table) + (sides.genes_are_rows ? ", genes × cells" : ", cells × genes");
  if (!sides.note.empty()) head.notes.push_back(sides.note);
  head.n_cells = static_cast<std::int64_t>(sides.genes_are_rows ? table.column_names.size() : table.row_names.size());
  if (!sides.genes_are_rows) {
    head = head_of_rows_as_cells(table, std::move(head), options);
    return std::make_unique<RowCells>(std::move(head), std::move(table));
  }
  head = head_of_rows_as_genes(table, std::move(head));
  return std::make_unique<ColumnCells>(std::move(head), std::move(table), options.memory_bytes);
}

}  // namespace cellverdict
