// The kept rows of a file whose names and columns are read in pieces.

#include <cellverdict/io/kept_source.h>

#include <algorithm>
#include <utility>

namespace cellverdict {

KeptRows::KeptRows(std::vector<bool> keep) : keep_(std::move(keep)) {
  for (std::size_t row = 0; row < keep_.size(); ++row) {
    if (row % kPieceRows == 0) before_.push_back(n_kept_);
    n_kept_ += keep_[row] ? 1 : 0;
  }
}

void KeptRows::each_run(std::int64_t first_kept, std::int64_t count,
                        const std::function<void(std::int64_t, const std::vector<bool>&)>& work) const {
  if (count == 0) return;
  // The last run that begins with no more kept rows before it than are to be passed over.
  std::int64_t run = std::upper_bound(before_.begin(), before_.end(), first_kept) - before_.begin() - 1;
  std::int64_t at = before_[run];  // number of the next kept row
  for (std::vector<bool> keep; at < first_kept + count; ++run) {
    const std::int64_t first = run * kPieceRows, end = std::min(first + kPieceRows, std::ssize(keep_));
    keep.assign(static_cast<std::size_t>(end - first), false);
    bool any = false;
    for (std::int64_t row = first; row < end; ++row) {
      if (!keep_[row]) continue;
      if (at >= first_kept && at < first_kept + count) any = keep[row - first] = true;
      ++at;
    }
    if (any) work(first, keep);
  }
}

std::function<Names(std::int64_t, std::int64_t)> kept_names(std::function<Names(std::int64_t, std::int64_t)> whole,
                                                            std::shared_ptr<const KeptRows> rows) {
  return [whole = std::move(whole), rows = std::move(rows)](std::int64_t first, std::int64_t count) {
    Names names;
    rows->each_run(first, count, [&](std::int64_t run, const std::vector<bool>& keep) {
      const Names piece = whole(run, std::ssize(keep));
      for (std::size_t i = 0; i < keep.size(); ++i)
        if (keep[i]) names.push_back(piece[static_cast<std::int64_t>(i)]);
    });
    return names;
  };
}

namespace {

// Of numbers or codes.
template <class T>
std::function<void(std::int64_t, std::int64_t, T*)> kept_values(std::function<void(std::int64_t, std::int64_t, T*)> whole,
                                                                std::shared_ptr<const KeptRows> rows) {
  if (!whole) return {};
  return [whole = std::move(whole), rows = std::move(rows)](std::int64_t first, std::int64_t count, T* to) {
    std::vector<T> piece;
    rows->each_run(first, count, [&](std::int64_t run, const std::vector<bool>& keep) {
      piece.resize(keep.size());
      whole(run, std::ssize(piece), piece.data());
      for (std::size_t i = 0; i < keep.size(); ++i)
        if (keep[i]) *to++ = piece[i];
    });
  };
}

}  // namespace

ColumnPieces kept_pieces(ColumnPieces whole, const std::shared_ptr<const KeptRows>& rows) {
  whole.numbers = kept_values(std::move(whole.numbers), rows);
  whole.codes = kept_values(std::move(whole.codes), rows);
  if (whole.form != ColumnPieces::Form::texts) return whole;
  whole.texts = [texts = std::move(whole.texts), rows](std::int64_t first, std::int64_t count) {
    ColumnPieces::Texts out;
    rows->each_run(first, count, [&](std::int64_t run, const std::vector<bool>& keep) {
      const ColumnPieces::Texts piece = texts(run, std::ssize(keep));
      for (std::size_t i = 0; i < keep.size(); ++i) {
        if (!keep[i]) continue;
        out.texts.push_back(piece.texts[static_cast<std::int64_t>(i)]);
        if (!piece.missing.empty()) out.missing.push_back(piece.missing[i]);
      }
    });
    return out;
  };
  return whole;
}

}  // namespace cellverdict
