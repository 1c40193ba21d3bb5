#include <cellverdict/io/kept_source.h>

#include <utility>

namespace cellverdict {

namespace {

class KeptSource : public CellSource {
 public:
  KeptSource(std::unique_ptr<CellSource> whole, SourceHead head, KeptParts parts)
      : whole_(std::move(whole)), head_(std::move(head)), cells_(std::move(parts.cells)) {
    std::int32_t next = 0;
    for (const bool kept : parts.genes) gene_.push_back(kept ? next++ : -1);
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override {
    whole_->rewind();
    next_row_ = 0;
  }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    block.clear();
    block.first_row = next_row_;
    while (block.n_rows() == 0) {
      if (!whole_->read_block(max_rows, all_)) return false;
      for (std::int64_t i = 0; i < all_.n_rows(); ++i)
        if (cells_.empty() || cells_[all_.first_row + i]) append(all_.row(i), block);
    }
    next_row_ += block.n_rows();
    return true;
  }

 private:
  void append(const CsrRow& row, CsrBlock& block) const {
    if (gene_.empty()) {
      block.indices.insert(block.indices.end(), row.genes.begin(), row.genes.end());
      block.values.insert(block.values.end(), row.values.begin(), row.values.end());
    } else {
      for (std::size_t k = 0; k < row.genes.size(); ++k)
        if (const std::int32_t gene = gene_[row.genes[k]]; gene >= 0) block.push(gene, row.values[k]);
    }
    block.end_row();
  }

  std::unique_ptr<CellSource> whole_;
  SourceHead head_;
  std::vector<bool> cells_;
  std::vector<std::int32_t> gene_;  // [genes of the whole source] its number among the kept, -1: left out; empty: all are kept
  std::int64_t next_row_ = 0;
  CsrBlock all_;
};

}  // namespace

std::unique_ptr<CellSource> keep_parts(std::unique_ptr<CellSource> whole, SourceHead head, KeptParts parts) {
  return std::make_unique<KeptSource>(std::move(whole), std::move(head), std::move(parts));
}

Column kept_column(const Column& column, const std::vector<bool>& keep) {
  if (keep.empty()) return column;
  Column out;
  out.kind = column.kind;
  out.levels = column.levels;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    if (column.kind == Column::Kind::text) {
      out.codes.push_back(column.codes[i]);
    } else {
      out.numbers.push_back(column.numbers[i]);
    }
  }
  return out;
}

Frame kept_rows(const Frame& frame, const std::vector<bool>& keep) {
  if (keep.empty()) return frame;
  Frame out;
  for (std::size_t i = 0; i < keep.size(); ++i)
    if (keep[i]) out.index.push_back(frame.index[static_cast<std::int64_t>(i)]);
  out.names = frame.names;
  for (const auto& column : frame.columns) out.columns.push_back(kept_column(column, keep));
  return out;
}

GeneList kept_genes(const GeneList& genes, const std::vector<bool>& keep) {
  if (keep.empty()) return genes;
  GeneList out;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    out.ids.push_back(genes.ids[i]);
    out.symbols.push_back(genes.symbols[i]);
  }
  return out;
}

}  // namespace cellverdict
