#include <cellverdict/run/tokenise.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/encode/rank_tokens.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/io/token_files.h>
#include <cellverdict/prepare/value_state.h>
#include <cellverdict/table/row_filter.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <optional>

namespace cellverdict {

namespace {

constexpr std::int64_t kBlockEntries = std::int64_t{1} << 21;  // read at a time: 16 MiB
constexpr std::int64_t kJudgedRows = 512;
constexpr const char* kFilter = "filter_pass";  // 1: the cell is good; the published encoder's convention

// Ranks of one thread's rows, in the order of the dictionary's genes.
struct RankedPart {
  RankScratch scratch;
  CsrBlock rows;
  std::vector<std::uint64_t> present;  // a bit for each gene
  std::vector<float> rank;             // [genes]
  std::int64_t n_cropped = 0, n_empty = 0, n_genes = 0;
};

// Genes come out ascending without a sort: bits are set in any order and read in theirs.
void append_ranks(RankedPart& part, std::int64_t n_genes) {
  part.present.resize(static_cast<std::size_t>(n_genes / 64 + 1), 0);
  part.rank.resize(static_cast<std::size_t>(n_genes));
  float rank = 0;
  for (const std::int32_t gene : part.scratch.ranked) {
    part.present[gene / 64] |= std::uint64_t{1} << gene % 64;
    part.rank[gene] = ++rank;
  }
  const std::size_t begin = part.rows.indices.size();
  part.rows.indices.resize(begin + part.scratch.ranked.size());
  part.rows.values.resize(begin + part.scratch.ranked.size());
  std::int32_t* indices = part.rows.indices.data() + begin;
  float* ranks = part.rows.values.data() + begin;
  for (std::size_t word = 0; word < part.present.size(); ++word) {
    for (std::uint64_t bits = part.present[word]; bits != 0; bits &= bits - 1) {
      const auto gene = static_cast<std::int32_t>(64 * word) + std::countr_zero(bits);
      *indices++ = gene;
      *ranks++ = part.rank[gene];
    }
    part.present[word] = 0;
  }
  part.rows.end_row();
}

// Written so that the compiler looks at many at a time; std::floor would be a call for each. Counts above 2³¹ are taken for odd.
bool any_fraction(const CsrBlock& block) {
  int odd = 0;
  for (const float x : block.values)
    odd |= static_cast<int>(static_cast<float>(static_cast<int>(std::min(std::max(0.F, x), 2e9F))) != x);
  return odd != 0;
}

CsrBlock first_rows(const CsrBlock& block) {
  const auto n = static_cast<std::size_t>(std::min(block.n_rows(), kJudgedRows));
  CsrBlock out;
  out.indptr.assign(block.indptr.begin(), block.indptr.begin() + static_cast<std::ptrdiff_t>(n) + 1);
  out.indices.assign(block.indices.begin(), block.indices.begin() + static_cast<std::ptrdiff_t>(out.indptr.back()));
  out.values.assign(block.values.begin(), block.values.begin() + static_cast<std::ptrdiff_t>(out.indptr.back()));
  return out;
}

// One source: which of its cells stay, how large they are, and how its columns are ranked.
struct PlannedTokens {
  SourceFile file;
  std::vector<bool> keep;
  std::vector<double> sizes;  // [cells] of an obs column; empty: sums of the rows
  TokenColumns columns;
};

class Tokeniser {
 public:
  Tokeniser(const RunContext& context, const TokeniseRequest& request)
      : context_(context), request_(request), dictionary_(read_token_dictionary(request.dictionary)) {
    result_.version = dictionary_.version;
    result_.n_genes = dictionary_.n_genes();
    note(request.dictionary.filename().string(), dictionary_.notes);
    std::vector<bool> found(dictionary_.ids.size());
    for (const auto& file : list_sources(request.data, {})) plan(file, found);
    if (result_.n_cells == 0)
      throw DataError({.where = request.output.string(),
                       .found = "no cell left of " + with_commas(result_.n_left_out),
                       .expected = "at least one",
                       .advice = "look at --where and at the column filter_pass"});
    result_.n_found = std::count(found.begin(), found.end(), true);
  }

  TokeniseResult write() {
    H5adContents contents{.obs = std::move(obs_), .var = make_var()};
    contents.packing = request_.gzip ? Hdf5Packing::gzip : Hdf5Packing::none;
    result_.length = RankEncoder(dictionary_, planned_[0].columns, {request_.length}).length();
    contents.next_block = [&](CsrBlock& block) {
      if (next(block)) return true;
      contents.obs.set("length", make_number_column(lengths_));
      contents.notes = describe();
      return false;
    };
    write_h5ad(request_.output, contents);
    if (result_.n_empty > 0)
      result_.notes.push_back(counted(result_.n_empty, "cell") + " without counts in the dictionary's genes: their rows are empty");
    return std::move(result_);
  }

 private:
  void note(const std::string& of, const std::vector<std::string>& notes) {
    for (const auto& text : notes) result_.notes.push_back(of + ": " + text);
  }

  void plan(const SourceFile& file, std::vector<bool>& found) {
    const LabelledSource opened = open_labelled(file, open_options(context_, request_.data));
    const SourceHead& head = opened.head;
    const std::string where = head.path.string();
    PlannedTokens planned{.file = file, .columns = match_tokens(head.genes, dictionary_, where)};
    for (const std::int32_t gene : planned.columns.gene)
      if (gene >= 0) found[gene] = true;
    planned.keep = request_.data.where.empty() ? std::vector<bool>(static_cast<std::size_t>(head.n_cells), true)
                                               : matching_rows(head.obs, request_.data.where);
    note(file.name, head.notes);
    note(file.name, planned.columns.notes);
    leave_out_filtered(head, planned);
    if (request_.size != "all" && request_.size != "panel") {
      const Column& sizes = head.obs.column(request_.size, where + " --size");
      if (sizes.kind != Column::Kind::number)
        throw UsageError(
            {.where = where + " obs/" + request_.size, .found = "text", .expected = "numbers, the sizes of the cells"});
      planned.sizes = sizes.numbers;
    }
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < head.n_cells; ++i)
      if (planned.keep[i]) rows.push_back(i);
    result_.n_cells += std::ssize(rows);
    result_.n_left_out += head.n_cells - std::ssize(rows);
    append_rows(obs_, std::ssize(rows) == head.n_cells ? head.obs : head.obs.select(rows));
    planned_.push_back(std::move(planned));
  }

  void leave_out_filtered(const SourceHead& head, PlannedTokens& planned) {
    const Column* column = head.obs.find(kFilter);
    if (column == nullptr || request_.every_cell) return;
    std::int64_t n = 0;
    for (std::int64_t i = 0; i < head.n_cells; ++i) {
      const std::string text = column->text(i);
      if (text == "1" || text == "True" || !planned.keep[i]) continue;
      planned.keep[i] = false;
      ++n;
    }
    if (n > 0) note(planned.file.name, {counted(n, "cell") + " left out because " + kFilter + " is not 1"});
  }

  Frame make_var() const {
    std::map<std::string, std::string> symbols;  // the first name in order: which of several is the same in every run
    for (const auto& [name, id] : dictionary_.id_of_name)
      if (auto& symbol = symbols[id]; symbol.empty() || name < symbol) symbol = name;
    Frame var;
    var.index = dictionary_.ids;
    std::vector<std::string> names;
    for (const auto& id : dictionary_.ids) {
      const auto known = symbols.find(id);
      names.push_back(known == symbols.end() ? id : known->second);
    }
    var.set("gene_symbols", make_text_column(names));
    var.set("token", make_number_column({dictionary_.tokens.begin(), dictionary_.tokens.end()}));
    var.set("median", make_number_column(dictionary_.medians));
    return var;
  }

  std::map<std::string, std::string> describe() const {
    nlohmann::ordered_json specials = nlohmann::ordered_json::object();
    for (const auto& [name, token] : dictionary_.specials) specials[name] = token;
    const nlohmann::ordered_json counts = {
        {"cells_left_out", result_.n_left_out}, {"empty_cells", result_.n_empty}, {"cropped_cells", result_.n_cropped},
        {"genes_found", result_.n_found},       {"genes", result_.n_genes},       {"tokens", result_.n_tokens}};
    return {{"token_dictionary", dictionary_.version}, {"token_length", std::to_string(result_.length)},
            {"token_specials", specials.dump()},       {"token_vocabulary", std::to_string(dictionary_.vocabulary())},
            {"token_size_factor", request_.size},      {"token_counts", counts.dump()}};
  }

  bool next(CsrBlock& out) {
    while (at_ < planned_.size()) {
      if (!opened_) open();
      if (context_.stopping())
        throw Interrupted(
            {.where = "tokenising", .found = "an interrupt", .expected = "", .advice = "nothing was written; run again"});
      if (opened_->source->read_block(block_rows_, read_)) {
        check_values();
        rank(out);
        context_.progress("tokenise " + planned_[at_].file.name, read_.first_row + read_.n_rows(), opened_->head.n_cells);
        return true;
      }
      opened_.reset();
      ++at_;
    }
    return false;
  }

  void open() {
    opened_ = open_labelled(planned_[at_].file, open_options(context_, request_.data));
    const SourceHead& head = opened_->head;
    encoder_.emplace(dictionary_, planned_[at_].columns, RankOptions{request_.length});
    watch_.emplace(head.path.string(), "accept", head.layers);
    block_rows_ = head.n_nonzero > 0 ? std::clamp<std::int64_t>(kBlockEntries * head.n_cells / head.n_nonzero, 64, 16384) : 1024;
  }

  void check_values() {
    if (request_.as_they_are || (read_.first_row > 0 && !any_fraction(read_))) return;
    if (const std::string text = watch_->see(read_.first_row == 0 ? first_rows(read_) : read_); !text.empty()) {
      if (watch_->state() == ValueState::normalised)
        throw DataError({.where = opened_->head.path.string(),
                         .found = "values that are normalised already",
                         .expected = "raw counts",
                         .advice = "name the matrix with the counts with --layer, or rank them as they are with --as-they-are"});
      context_.warn(text);
      result_.notes.push_back(text);
    }
  }

  double size_of(const CsrRow& counts, std::int64_t cell) const {
    const auto& sizes = planned_[at_].sizes;
    double size = 0;
    if (!sizes.empty()) {
      size = sizes[cell];
    } else if (request_.size == "panel") {
      size = encoder_->panel_sum(counts);
    } else {
      for (const float x : counts.values) size += static_cast<double>(x);
    }
    const bool matters = !sizes.empty() || !counts.values.empty();
    if (matters && !(size > 0) && encoder_->panel_sum(counts) > 0)
      throw DataError({.where = opened_->head.path.string() + " cell " + opened_->head.cell_name(cell),
                       .found = "a size of " + fmt::format("{}", size) + (sizes.empty() ? "" : " in obs/" + request_.size),
                       .expected = "one above zero",
                       .advice = "use --size all"});
    return size;
  }

  void rank(CsrBlock& out) {
    const std::int64_t n_parts = std::clamp<std::int64_t>(context_.threads, 1, std::max<std::int64_t>(read_.n_rows(), 1));
    parts_.resize(static_cast<std::size_t>(n_parts));
    parallel_for(n_parts, context_.threads, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) {
        parts_[p].rows.clear();
        for (std::int64_t i = read_.n_rows() * p / n_parts; i < read_.n_rows() * (p + 1) / n_parts; ++i)
          if (planned_[at_].keep[read_.first_row + i]) rank_row(i, parts_[p]);
      }
    });
    for (const auto& part : parts_) {
      const std::int64_t before = std::ssize(out.indices);
      out.indices.insert(out.indices.end(), part.rows.indices.begin(), part.rows.indices.end());
      out.values.insert(out.values.end(), part.rows.values.begin(), part.rows.values.end());
      for (std::int64_t i = 1; i <= part.rows.n_rows(); ++i) {
        out.indptr.push_back(before + part.rows.indptr[i]);
        count(part.rows.indptr[i] - part.rows.indptr[i - 1]);
      }
    }
  }

  void rank_row(std::int64_t i, RankedPart& part) const {
    const CsrRow counts = read_.row(i);
    const double size = size_of(counts, read_.first_row + i);
    part.scratch.ranked.clear();
    if (size > 0) encoder_->rank(counts, size, part.scratch);
    append_ranks(part, dictionary_.n_genes());
  }

  void count(std::int64_t n_genes) {
    const std::int64_t n_specials = encoder_->length() - encoder_->most_genes();
    lengths_.push_back(static_cast<double>(n_genes + n_specials));
    result_.n_tokens += n_genes + n_specials;
    result_.n_empty += n_genes == 0 ? 1 : 0;
    result_.n_cropped += n_genes == encoder_->most_genes() ? 1 : 0;
  }

  const RunContext& context_;
  const TokeniseRequest& request_;
  TokenDictionary dictionary_;
  TokeniseResult result_;
  Frame obs_;
  std::vector<double> lengths_;  // [cells written]
  std::vector<PlannedTokens> planned_;

  // The source under way.
  std::size_t at_ = 0;
  std::optional<LabelledSource> opened_;
  std::optional<RankEncoder> encoder_;
  std::optional<ValueWatch> watch_;
  std::int64_t block_rows_ = 1024;
  CsrBlock read_;
  std::vector<RankedPart> parts_;
};

}  // namespace

TokeniseResult tokenise_files(const RunContext& context, const TokeniseRequest& request) {
  if (!request.output.string().ends_with(".h5ad"))
    throw UsageError({.where = "--out", .found = request.output.string(), .expected = "a name ending in .h5ad"});
  return Tokeniser(context, request).write();
}

}  // namespace cellverdict
