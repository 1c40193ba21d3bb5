#include <cellverdict/encode/rank_tokens.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace cellverdict {

namespace {

using Entry = RankScratch::Entry;

constexpr double kTargetSum = 10'000;
constexpr int kMostBucketBits = 12;
constexpr std::size_t kShortBucket = 24;  // up to here putting entries into place one by one is fastest

// Ascending with the value, for values from zero on: exponent and the first digits of the double.
std::uint32_t key_of(double value) {
  return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(value) >> 32);
}

bool goes_before(const Entry& a, const Entry& b) {
  return a.value > b.value || (a.value == b.value && a.order < b.order);
}

void sort_bucket(std::span<Entry> bucket) {
  if (bucket.size() > kShortBucket) return std::sort(bucket.begin(), bucket.end(), goes_before);
  for (std::size_t i = 1; i < bucket.size(); ++i) {  // they come in the order of their columns: equal ones stay so
    const Entry entry = bucket[i];
    std::size_t j = i;
    for (; j > 0 && bucket[j - 1].value < entry.value; --j) bucket[j] = bucket[j - 1];
    bucket[j] = entry;
  }
}

// The first `n_wanted` entries of the whole order into s.ranked. Values of a cell lie within some twenty octaves, so that about as
// many buckets as entries, equally wide on the logarithmic scale that a double's bits are, hold two or three each; only those
// buckets are put into order that the crop leaves.
void order_entries(RankScratch& s, std::size_t n_wanted) {
  const std::size_t n = s.entries.size();
  if (n == 0) return;
  std::uint32_t least = key_of(s.entries[0].value), most = least;
  for (const Entry& entry : s.entries) {
    least = std::min(least, key_of(entry.value));
    most = std::max(most, key_of(entry.value));
  }
  const int bits = std::min(kMostBucketBits, static_cast<int>(std::bit_width(n)));
  const int shift = std::max(0, static_cast<int>(std::bit_width(most - least)) - bits);
  const std::size_t n_buckets = ((most - least) >> shift) + 1;
  s.buckets.assign(n_buckets + 1, 0);
  for (const Entry& entry : s.entries) ++s.buckets[((most - key_of(entry.value)) >> shift) + 1];
  for (std::size_t b = 1; b <= n_buckets; ++b) s.buckets[b] += s.buckets[b - 1];
  s.sorted.resize(n);
  for (const Entry& entry : s.entries) s.sorted[s.buckets[(most - key_of(entry.value)) >> shift]++] = entry;
  // A bucket's number is now where it ends.
  n_wanted = std::min(n_wanted, n);
  for (std::size_t b = 0, begin = 0; b < n_buckets && begin < n_wanted; begin = s.buckets[b++])
    sort_bucket(std::span(s.sorted).subspan(begin, s.buckets[b] - begin));
  s.ranked.resize(n_wanted);
  for (std::size_t i = 0; i < n_wanted; ++i) s.ranked[i] = s.sorted[i].gene;
}

[[noreturn]] void refuse_values(const std::string& found, const std::string& expected) {
  throw DataError({.where = "rank tokens", .found = found, .expected = expected, .advice = "give counts"});
}

}  // namespace

RankEncoder::RankEncoder(const TokenDictionary& dictionary, const TokenColumns& columns, const RankOptions& options)
    : tokens_(dictionary.tokens) {
  begins_ = dictionary.special("<cls>").value_or(-1);
  ends_ = dictionary.special("<eos>").value_or(-1);
  const std::int64_t n_specials = begins_ >= 0 ? 2 : 0;
  most_genes_ = (options.length > 0 ? options.length : dictionary.longest()) - n_specials;
  if (options.length < 0 || most_genes_ < 1)
    throw UsageError({.where = "length",
                      .found = std::to_string(options.length),
                      .expected = "at least " + std::to_string(n_specials + 1) + " tokens"});
  for (const double median : dictionary.medians) weights_.push_back(1 / median);
  std::vector<bool> seen(dictionary.ids.size());
  for (const std::int32_t gene : columns.gene) {
    const bool usable = gene >= 0 && !std::isnan(dictionary.medians[gene]);
    columns_.push_back(usable ? Weighted{weights_[gene], gene} : Weighted{});
    if (!usable) continue;
    sums_ = sums_ || seen[gene];
    seen[gene] = true;
  }
}

void RankEncoder::gather(const CsrRow& counts, double n_counts, RankScratch& s) const {
  const double inverse = 1 / n_counts;
  s.entries.resize(counts.genes.size());
  std::size_t n = 0;
  for (std::size_t k = 0; k < counts.genes.size(); ++k) {
    const Weighted column = columns_[counts.genes[k]];
    // The order of these products is that of the published encoder on .h5ad files, whose last digits decide between near ties.
    s.entries[n] = {static_cast<double>(counts.values[k]) * inverse * kTargetSum * column.weight, column.gene,
                    static_cast<std::uint32_t>(n)};
    n += column.gene >= 0 && counts.values[k] != 0 ? 1 : 0;
  }
  s.entries.resize(n);
}

// Genes with several columns are the sum of them, in the place of the first.
void RankEncoder::gather_summed(const CsrRow& counts, double n_counts, RankScratch& s) const {
  s.place.resize(tokens_.size(), -1);
  s.counts.clear();
  s.entries.clear();
  for (std::size_t k = 0; k < counts.genes.size(); ++k) {
    const std::int32_t gene = columns_[counts.genes[k]].gene;
    if (gene < 0 || counts.values[k] == 0) continue;
    if (s.place[gene] >= 0) {
      s.counts[s.place[gene]] += static_cast<double>(counts.values[k]);
      continue;
    }
    s.place[gene] = static_cast<std::int32_t>(s.counts.size());
    s.entries.push_back({0, gene, static_cast<std::uint32_t>(s.counts.size())});
    s.counts.push_back(static_cast<double>(counts.values[k]));
  }
  const double inverse = 1 / n_counts;
  for (std::size_t i = 0; i < s.entries.size(); ++i) {
    s.entries[i].value = s.counts[i] * inverse * kTargetSum * weights_[s.entries[i].gene];
    s.place[s.entries[i].gene] = -1;
  }
}

void RankEncoder::rank(const CsrRow& counts, double n_counts, RankScratch& scratch) const {
  scratch.ranked.clear();
  float least = 0;
  for (const float count : counts.values) least = std::min(least, count);
  if (least < 0) refuse_values("a negative value (" + std::to_string(least) + ")", "counts");
  if (counts.genes.empty()) return;
  if (!(n_counts > 0) || !std::isfinite(n_counts)) refuse_values("a cell of size " + std::to_string(n_counts), "one above zero");
  if (sums_) {
    gather_summed(counts, n_counts, scratch);
  } else {
    gather(counts, n_counts, scratch);
  }
  order_entries(scratch, static_cast<std::size_t>(most_genes_));
}

void RankEncoder::append(const CsrRow& counts, double n_counts, RankScratch& scratch, PackedTokens& out) const {
  rank(counts, n_counts, scratch);
  if (begins_ >= 0) out.tokens.push_back(begins_);
  for (const std::int32_t gene : scratch.ranked) out.tokens.push_back(tokens_[gene]);
  if (ends_ >= 0) out.tokens.push_back(ends_);
  out.offsets.push_back(static_cast<std::int64_t>(out.tokens.size()));
}

double RankEncoder::panel_sum(const CsrRow& counts) const {
  double sum = 0;
  for (std::size_t k = 0; k < counts.genes.size(); ++k)
    if (columns_[counts.genes[k]].gene >= 0) sum += static_cast<double>(counts.values[k]);
  return sum;
}

void append_rank_tokens(const RankEncoder& encoder, const CsrBlock& counts, std::span<const double> n_counts, int threads,
                        RankWorkspace& workspace, PackedTokens& out) {
  const std::int64_t n_parts = std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(counts.n_rows(), 1));
  workspace.scratch.resize(static_cast<std::size_t>(n_parts));
  workspace.parts.resize(static_cast<std::size_t>(n_parts));
  parallel_for(n_parts, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      PackedTokens& part = workspace.parts[p];
      part.tokens.clear();
      part.offsets.assign(1, 0);
      for (std::int64_t i = counts.n_rows() * p / n_parts; i < counts.n_rows() * (p + 1) / n_parts; ++i)
        encoder.append(counts.row(i), n_counts[i], workspace.scratch[p], part);
    }
  });
  for (const auto& part : workspace.parts) {
    const auto before = static_cast<std::int64_t>(out.tokens.size());
    out.tokens.insert(out.tokens.end(), part.tokens.begin(), part.tokens.end());
    for (std::int64_t i = 1; i <= part.n_cells(); ++i) out.offsets.push_back(before + part.offsets[i]);
  }
}

}  // namespace cellverdict
