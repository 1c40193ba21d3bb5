#include <cellverdict/prepare/row_spool.h>

#include <cellverdict/base/parallel.h>

#include <algorithm>
#include <cstring>

namespace cellverdict {

namespace {

// Values of one type at the end of bytes, as another type.
template <class To, class From>
void pack_as(std::span<const From> values, PackedBytes& out) {
  // Whatever was packed before has an even number of bytes, and four where the type has four.
  auto* const to = reinterpret_cast<To*>(out.grow(values.size() * sizeof(To)));
  for (std::size_t k = 0; k < values.size(); ++k) to[k] = static_cast<To>(values[k]);
}

template <class From, class To>
void unpack_as(const std::byte* bytes, std::int64_t n, To* out) {
  const auto* const from = reinterpret_cast<const From*>(bytes);
  for (std::int64_t k = 0; k < n; ++k) out[k] = static_cast<To>(from[k]);
}

void align(PackedBytes& bytes) {
  const std::size_t n = (4 - bytes.size() % 4) % 4;
  std::fill_n(bytes.grow(n), n, std::byte{0});
}

}  // namespace

RowSpool::RowSpool(const std::filesystem::path& stem, std::int64_t n_genes, std::int64_t head_bytes)
    : head_bytes_(head_bytes),
      narrow_genes_(head_bytes == 0 && n_genes <= 65536),
      rows_(stem.string() + ".rows"),
      genes_(stem.string() + ".genes"),
      values_(stem.string() + ".values") {
  genes_.reserve(head_bytes);
}

void RowSpool::pack(std::int64_t cell, const CsrRow& row, bool whole, PackedRows& out) const {
  align(out.values);
  out.rows.push_back({cell, static_cast<std::int64_t>(out.genes.size()), static_cast<std::int64_t>(out.values.size()),
                      static_cast<std::int32_t>(row.genes.size()), whole ? 0 : 1});
  if (narrow_genes_) {
    pack_as<std::uint16_t>(row.genes, out.genes);
  } else {
    pack_as<std::int32_t>(row.genes, out.genes);
  }
  if (whole) {
    pack_as<std::uint16_t>(row.values, out.values);
  } else {
    pack_as<float>(row.values, out.values);
  }
}

void RowSpool::append(std::span<PackedRows> parts, int threads) {
  struct Place {
    std::int64_t rows, genes, values;
  };
  std::vector<Place> places;
  for (auto& part : parts) {
    align(part.genes);
    align(part.values);
    places.push_back({rows_.reserve(static_cast<std::int64_t>(part.rows.size() * sizeof(PackedRows::Row))),
                      genes_.reserve(static_cast<std::int64_t>(part.genes.size())),
                      values_.reserve(static_cast<std::int64_t>(part.values.size()))});
    for (auto& row : part.rows) {
      row.genes_at += places.back().genes;
      row.values_at += places.back().values;
    }
  }
  parallel_for(std::ssize(parts), threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      rows_.write_at(places[p].rows, parts[p].rows.data(),
                     static_cast<std::int64_t>(parts[p].rows.size() * sizeof(PackedRows::Row)));
      genes_.write_at(places[p].genes, parts[p].genes.data(), static_cast<std::int64_t>(parts[p].genes.size()));
      if (head_bytes_ > 0) genes_.begin_flush(places[p].genes, static_cast<std::int64_t>(parts[p].genes.size()));
      values_.write_at(places[p].values, parts[p].values.data(), static_cast<std::int64_t>(parts[p].values.size()));
    }
  });
}

void RowSpool::finish() {
  for (ScratchFile* file : {&rows_, &genes_, &values_}) file->close();
}

void RowSpool::open() {
  row_table_ = reinterpret_cast<const PackedRows::Row*>(rows_.bytes());
  gene_bytes_ = genes_.bytes();
  value_bytes_ = values_.bytes();
  finish();
}

void RowSpool::read_genes(std::int64_t i, std::int32_t* out) const {
  const auto& place = row(i);
  if (narrow_genes_) {
    unpack_as<std::uint16_t>(gene_bytes_ + place.genes_at, place.n_entries, out);
  } else {
    unpack_as<std::int32_t>(gene_bytes_ + place.genes_at, place.n_entries, out);
  }
}

void RowSpool::read_counts(std::int64_t i, std::uint16_t* out) const {
  const auto& place = row(i);
  if (place.n_entries > 0)
    std::memcpy(out, value_bytes_ + place.values_at, static_cast<std::size_t>(place.n_entries) * sizeof(std::uint16_t));
}

void RowSpool::read_values(std::int64_t i, float* out) const {
  const auto& place = row(i);
  if (place.wide != 0) {
    unpack_as<float>(value_bytes_ + place.values_at, place.n_entries, out);
  } else {
    unpack_as<std::uint16_t>(value_bytes_ + place.values_at, place.n_entries, out);
  }
}

}  // namespace cellverdict
