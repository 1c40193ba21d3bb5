#include <cellverdict/prepare/part.h>

#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/json_fields.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/prepare/cell_records.h>

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace cellverdict {

namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;

namespace {

constexpr std::int64_t kFormat = 1;
constexpr const char* kAdvice = "its source is read again";

std::int64_t size_of(const fs::path& file) {
  std::error_code failure;
  const auto size = fs::file_size(file, failure);
  return failure ? -1 : static_cast<std::int64_t>(size);
}

}  // namespace

static void fields(auto& io, Same<PartUnit> auto& x) {
  io("name", x.name);
  io("sums", x.sums);
}

static void fields(auto& io, Same<Part> auto& x) {
  io("request", x.request);
  io("genes", x.genes);
  io("inputs", x.inputs);
  io("source", x.source);
  io("path", x.path);
  io("units", x.units);
  io("n_cells", x.n_cells);
  io("cells", x.cells);
  io("n_rows", x.n_rows);
  io("shard_bytes", x.shard_bytes);
  io("notes", x.notes);
}

std::string part_to_json(const Part& part) {
  Json json = {{"format", kFormat}, {"values", value_state_name(part.values)}};
  json.update(JsonWriter<Json>::of(part));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Part part_from_json(const std::string& text, const std::string& where) {
  const Json json = Json::parse(text, nullptr, false);
  const JsonReader<Json> reader(json, where, kAdvice);
  if (json.is_discarded()) reader.refuse("text that is no JSON", "a part of a store");
  std::int64_t format = 0;
  reader("format", format);
  if (format != kFormat) reader.refuse("format " + std::to_string(format), "format " + std::to_string(kFormat));
  Part part;
  std::string values;
  reader("values", values);
  part.values = value_state_named(values, where);
  reader.read(part);
  return part;
}

std::string shard_stem(std::size_t s, std::string source) {
  for (char& c : source)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '_';
  return fmt::format("{:03}_{}", s, source);
}

PartFiles files_in_parts(const fs::path& folder) {
  return {.page = folder / "part.json",
          .cells = folder / "cells",
          .sums = folder / "sums",
          .shard = folder / "shard.h5ad",
          .statistics = {}};
}

PartFiles files_in_store(const fs::path& store, const std::string& stem) {
  return {.page = store / (stem + ".part.json"),
          .cells = store / (stem + ".cells"),
          .sums = store / (stem + ".sums"),
          .shard = store / (stem + ".h5ad"),
          .statistics = store / "statistics.h5ad"};
}

struct PartSums::Statistics {
  std::array<Hdf5Object, 3> tables;
  std::vector<std::int64_t> rows;  // [units of the part]
};

PartSums::PartSums(const FoundPart& found, std::int64_t n_genes)
    : found_(found), n_genes_(n_genes), sums_(static_cast<std::size_t>(3 * n_genes)) {
  const auto& units = found.part.units;
  const auto bytes = static_cast<std::int64_t>(units.size() * sums_.size() * sizeof(double));
  if (fs::exists(found.files.sums) || found.files.statistics.empty()) {
    if (const auto size = size_of(found.files.sums); size != bytes)
      throw InputError({.where = found.files.sums.string(),
                        .found = size < 0 ? "nothing" : counted(size, "byte"),
                        .expected = counted(bytes, "byte"),
                        .advice = kAdvice});
    return;
  }
  const Hdf5Object file = Hdf5Object::open_file(found.files.statistics);
  statistics_ = std::make_unique<Statistics>(
      Statistics{{file.open("X"), file.open("layers/sum_squares"), file.open("layers/n_positive")}, {}});
  const Names names = read_h5ad_index(file.open("obs")).index;
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(names.size()), n_genes};
  for (const Hdf5Object& table : statistics_->tables)
    if (table.shape() != shape) table.refuse("another shape", fmt::format("{} × {}", names.size(), n_genes), kAdvice);
  std::map<std::string, std::int64_t> places;
  for (std::int64_t u = 0; u < shape[0]; ++u) places.emplace(names.text(u), u);
  for (const auto& unit : units) {
    const auto place = places.find(unit.name);
    if (place == places.end()) file.refuse("no sums of unit '" + unit.name + "'", "those of all units", kAdvice);
    statistics_->rows.push_back(place->second);
  }
}

PartSums::~PartSums() = default;

const std::vector<double>& PartSums::of(std::size_t unit) {
  if (statistics_ != nullptr) {
    for (std::size_t t = 0; t < 3; ++t)
      statistics_->tables[t].read(statistics_->rows[unit], 1, sums_.data() + static_cast<std::ptrdiff_t>(t) * n_genes_);
    return sums_;
  }
  std::ifstream stream(found_.files.sums, std::ios::binary);
  const auto row_bytes = static_cast<std::streamsize>(n_genes_ * static_cast<std::int64_t>(sizeof(double)));
  for (std::size_t t = 0; t < 3; ++t) {
    stream.seekg(static_cast<std::streamoff>(t * found_.part.units.size() + unit) * row_bytes);
    stream.read(reinterpret_cast<char*>(sums_.data() + static_cast<std::ptrdiff_t>(t) * n_genes_), row_bytes);
  }
  if (!stream)
    throw InputError({.where = found_.files.sums.string(),
                      .found = "a file that cannot be read",
                      .expected = "sums of units",
                      .advice = kAdvice});
  return sums_;
}

std::string PartSums::digest(const std::vector<double>& sums) {
  return sha256({reinterpret_cast<const char*>(sums.data()), sums.size() * sizeof(double)});
}

std::string damage_of(const FoundPart& found, std::int64_t n_genes) {
  const auto& [part, files] = found;
  if (part.n_rows > 0 && size_of(files.shard) != part.shard_bytes) return files.shard.string() + " is not the file it was";
  try {
    constexpr auto kRecord = static_cast<std::int64_t>(sizeof(CellRecord));
    if (const auto size = size_of(files.cells);
        size < 0 || size % kRecord != 0 || size / kRecord != part.n_cells || sha256_of_file(files.cells) != part.cells)
      return files.cells.string() + " is not the file it was";
    PartSums sums(found, n_genes);
    for (std::size_t u = 0; u < part.units.size(); ++u)
      if (PartSums::digest(sums.of(u)) != part.units[u].sums)
        return "the sums of unit '" + part.units[u].name + "' are not those it had";
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

void give_another_name(const fs::path& file, const fs::path& name) {
  std::error_code failure;
  fs::create_hard_link(file, name, failure);
  if (!failure) return;
  fs::copy_file(file, name, fs::copy_options::overwrite_existing, failure);
  if (failure)
    throw InputError({.where = name.string(),
                      .found = failure.message(),
                      .expected = "what was in " + file.string(),
                      .advice = "check the folder's permissions and free space"});
}

}  // namespace cellverdict
