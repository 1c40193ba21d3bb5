#include <cellverdict/io/hdf5_storage.h>

#include <cellverdict/base/run_context.h>

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cellverdict {

namespace {

constexpr H5Z_filter_t kLzf = 32000;  // registered with The HDF Group by h5py

std::optional<bool> is_big_endian(hid_t type) {
  const H5T_order_t order = H5Tget_order(type);
  if (H5Tget_size(type) == 1) return false;
  if (order != H5T_ORDER_LE && order != H5T_ORDER_BE) return std::nullopt;
  return order == H5T_ORDER_BE;
}

bool is_half(hid_t type) {
  std::size_t sign = 0, exponent_at = 0, exponent_bits = 0, fraction_at = 0, fraction_bits = 0;
  return H5Tget_size(type) == 2 && H5Tget_fields(type, &sign, &exponent_at, &exponent_bits, &fraction_at, &fraction_bits) >= 0 &&
         sign == 15 && exponent_at == 10 && exponent_bits == 5 && fraction_at == 0 && fraction_bits == 10 &&
         H5Tget_ebias(type) == 15 && H5Tget_norm(type) == H5T_NORM_IMPLIED;
}

// Nothing for numbers of unusual bits.
std::optional<Hdf5Number> number_of(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t bytes = H5Tget_size(type);
  const auto big_endian = is_big_endian(type);
  if (!big_endian || bytes == 0 || H5Tget_precision(type) != bytes * 8 || H5Tget_offset(type) != 0) return std::nullopt;
  const Hdf5Number number{.real = kind == H5T_FLOAT,
                          .bytes = static_cast<int>(bytes),
                          .is_signed = kind == H5T_FLOAT || H5Tget_sign(type) != H5T_SGN_NONE,
                          .big_endian = *big_endian};
  if (kind == H5T_INTEGER && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8)) return number;
  if (kind != H5T_FLOAT) return std::nullopt;
  for (const hid_t known : {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE})
    if (H5Tequal(type, known) > 0) return number;
  return is_half(type) ? std::optional(number) : std::nullopt;
}

struct Pipeline {
  std::vector<Hdf5Filter> filters;
  bool known = true;                   // all of them can be undone here
  std::optional<std::string> missing;  // one that libhdf5 lacks too
};

// "blosc (HDF5 filter 32001)". Files name their filters, some at the length of an address.
std::string name_of(H5Z_filter_t id, std::string name) {
  static constexpr std::pair<H5Z_filter_t, const char*> kCommon[] = {
      {H5Z_FILTER_SZIP, "szip"}, {32001, "blosc"}, {32004, "lz4"}, {32008, "bitshuffle"}, {32015, "zstd"}, {32026, "blosc2"}};
  for (const auto& [known, called] : kCommon)
    if (known == id) name = called;
  const std::string number = "HDF5 filter " + std::to_string(id);
  return name.empty() ? number : name + " (" + number + ")";
}

Pipeline pipeline_of(const Hdf5Object& dataset, hid_t creation) {
  Pipeline out;
  const int n = H5Pget_nfilters(creation);
  for (int i = 0; i < n; ++i) {
    std::array<unsigned, 32> parameters{};
    std::array<char, 64> name{};
    std::size_t n_parameters = parameters.size();
    unsigned flags = 0, config = 0;
    const H5Z_filter_t id = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &n_parameters, parameters.data(),
                                           name.size() - 1, name.data(), &config);
    if (id < 0) dataset.refuse("a filter that cannot be understood", "", "the file is damaged");
    if (id == H5Z_FILTER_DEFLATE) {
      out.filters.push_back({Hdf5Filter::Kind::deflate});
    } else if (id == kLzf) {
      out.filters.push_back({Hdf5Filter::Kind::lzf});
    } else if (id == H5Z_FILTER_FLETCHER32) {
      out.filters.push_back({Hdf5Filter::Kind::fletcher32});
    } else if (id == H5Z_FILTER_SHUFFLE && n_parameters > 0) {
      out.filters.push_back({Hdf5Filter::Kind::shuffle, parameters[0]});
    } else {
      if (H5Zfilter_avail(id) <= 0) out.missing = name_of(id, name.data());
      out.known = false;
    }
  }
  out.known = out.known && Hdf5Unpacker::can_unpack(out.filters);
  return out;
}

// A chunk at the edge may be stored without its filters, and H5Dread_chunk does not say so.
bool filters_every_chunk(hid_t creation) {
  unsigned options = 0;
  return H5Pget_chunk_opts(creation, &options) >= 0 && (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) == 0;
}

void describe_contiguous(const Hdf5Object& dataset, Hdf5Storage& out) {
  const haddr_t offset = H5Dget_offset(dataset.id());
  void* descriptor = nullptr;
  if (offset == HADDR_UNDEF) return;
  const Hdf5Handle access(H5Fget_access_plist(dataset.file_id()), H5Pclose);
  if (H5Pget_driver(access.id()) != H5FD_SEC2 || H5Fget_vfd_handle(dataset.file_id(), H5P_DEFAULT, &descriptor) < 0) return;
  std::int64_t bytes = dataset.element_bytes(), end = 0;
  for (const std::int64_t length : dataset.shape())
    if (__builtin_mul_overflow(bytes, length, &bytes)) return;
  if (__builtin_add_overflow(static_cast<std::int64_t>(offset), bytes, &end) || end > dataset.file_bytes())
    dataset.refuse("values that end at byte " + with_commas(end) + " of a file of " + counted(dataset.file_bytes(), "byte"), "",
                   "the file is damaged; copy or download it again");
  out.offset = static_cast<std::int64_t>(offset);
  out.descriptor = *static_cast<int*>(descriptor);
  out.layout = Hdf5Storage::Layout::contiguous;
}

void describe_chunked(const Hdf5Object& dataset, hid_t creation, hid_t type, Hdf5Storage& out) {
  Pipeline pipeline = pipeline_of(dataset, creation);
  // Chunks without filters are left to libhdf5, which copies them as fast: of these H5Dget_chunk_storage_size gives the size they
  // should have, and H5Dread_chunk writes as many bytes as the file claims.
  if (pipeline.filters.empty() || !pipeline.known || !filters_every_chunk(creation)) return;
  std::array<hsize_t, 2> lengths{1, 1};
  if (H5Pget_chunk(creation, static_cast<int>(lengths.size()), lengths.data()) < 0 || lengths[0] == 0 || lengths[1] == 0) return;
  out.chunk_rows = static_cast<std::int64_t>(lengths[0]);
  out.chunk_columns = static_cast<std::int64_t>(lengths[1]);
  out.filters = std::move(pipeline.filters);
  out.fill.assign(static_cast<std::size_t>(dataset.element_bytes()), 0);
  H5D_fill_value_t state = H5D_FILL_VALUE_UNDEFINED;
  if (H5Pfill_value_defined(creation, &state) >= 0 && state == H5D_FILL_VALUE_USER_DEFINED &&
      H5Pget_fill_value(creation, type, out.fill.data()) < 0)
    return;
  out.layout = Hdf5Storage::Layout::chunked;
}

}  // namespace

Hdf5Storage describe_storage(const Hdf5Object& dataset) {
  Hdf5Storage out;
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  const Hdf5Handle creation(H5Dget_create_plist(dataset.id()), H5Pclose);
  const std::size_t rank = dataset.shape().size();
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  if (layout == H5D_CHUNKED) out.missing_filter = pipeline_of(dataset, creation.id()).missing;
  const auto number = number_of(type.id());
  if (!number || rank < 1 || rank > 2) return out;
  out.number = *number;
  if (layout == H5D_CONTIGUOUS) describe_contiguous(dataset, out);
  if (layout == H5D_CHUNKED) describe_chunked(dataset, creation.id(), type.id(), out);
  return out;
}

std::optional<std::string> read_stored_chunk(const Hdf5Object& dataset, std::int64_t row, std::int64_t column,
                                             Hdf5StoredChunk& chunk) {
  const std::array<hsize_t, 2> at{static_cast<hsize_t>(row), static_cast<hsize_t>(column)};
  hsize_t stored = 0;
  chunk.absent = false;
  chunk.skipped = 0;
  if (H5Dget_chunk_storage_size(dataset.id(), at.data(), &stored) < 0 || stored == 0) {
    // Absent or damaged; only the slow look-up tells which.
    haddr_t place = HADDR_UNDEF;
    if (H5Dget_chunk_info_by_coord(dataset.id(), at.data(), &chunk.skipped, &place, &stored) < 0)
      return "cannot be found (" + hdf5_reason() + ")";
    chunk.absent = place == HADDR_UNDEF;
    if (chunk.absent) return std::nullopt;
    return "are stored as nothing";
  }
  // No filter makes a chunk much larger than it was.
  const std::int64_t most = std::min(dataset.file_bytes(), 2 * dataset.chunk_bytes() + (std::int64_t{1} << 16));
  if (static_cast<std::int64_t>(stored) > most || static_cast<std::int64_t>(stored) < 0)
    return "claim " + counted(static_cast<std::int64_t>(stored), "byte");
  chunk.bytes.resize(static_cast<std::size_t>(stored));
  if (H5Dread_chunk(dataset.id(), H5P_DEFAULT, at.data(), &chunk.skipped, chunk.bytes.data()) < 0)
    return "cannot be read (" + hdf5_reason() + ")";
  return std::nullopt;
}

}  // namespace cellverdict
