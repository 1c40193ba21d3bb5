#include <cellverdict/io/resolved_genes.h>

#include <utility>

namespace cellverdict {

namespace {

class ResolvedSource : public CellSource {
 public:
  ResolvedSource(std::unique_ptr<CellSource> source, const GeneIdentity& identity)
      : source_(std::move(source)), head_(source_->head()) {
    head_.genes = identity.genes;
    head_.notes.insert(head_.notes.end(), identity.notes.begin(), identity.notes.end());
    if (!identity.sums_columns()) return;
    target_ = identity.target;
    head_.n_nonzero = -1;  // entries of one gene become one
  }

  const SourceHead& head() const override { return head_; }
  void rewind() override { source_->rewind(); }
  Column read_obs_column(const std::string& name) const override { return source_->read_obs_column(name); }
  ColumnPieces open_obs_column(const std::string& name) const override { return source_->open_obs_column(name); }

  bool read_block(std::int64_t max_rows, CsrBlock& block) override {
    if (target_.empty()) return source_->read_block(max_rows, block);
    const bool more = source_->read_block(max_rows, as_in_file_);
    block.clear();
    block.first_row = as_in_file_.first_row;
    for (std::int64_t i = 0; i < as_in_file_.n_rows(); ++i) sum_row(as_in_file_.row(i), block);
    return more;
  }

 private:
  void sum_row(const CsrRow& row, CsrBlock& block) const {
    const std::size_t begin = block.indices.size();
    for (std::size_t k = 0; k < row.genes.size(); ++k) block.push(target_[row.genes[k]], row.values[k]);
    block.sort_from(begin);
    std::size_t end = begin;  // of what is kept
    for (std::size_t k = begin; k < block.indices.size();) {
      const std::int32_t gene = block.indices[k];
      float sum = 0;
      for (; k < block.indices.size() && block.indices[k] == gene; ++k) sum += block.values[k];
      if (sum == 0) continue;  // only negative values can do that
      block.indices[end] = gene;
      block.values[end++] = sum;
    }
    block.indices.resize(end);
    block.values.resize(end);
    block.end_row();
  }

  std::unique_ptr<CellSource> source_;
  SourceHead head_;
  std::vector<std::int32_t> target_;  // empty: the columns are the genes
  CsrBlock as_in_file_;
};

}  // namespace

std::unique_ptr<CellSource> with_resolved_genes(std::unique_ptr<CellSource> source, const GeneIdentity& identity) {
  if (identity.notes.empty() && identity.genes == source->head().genes) return source;
  return std::make_unique<ResolvedSource>(std::move(source), identity);
}

}  // namespace cellverdict
