#include <cellverdict/prepare/part_write.h>

#include <cellverdict/base/atomic_file.h>
#include <cellverdict/base/digest.h>
#include <cellverdict/base/error.h>
#include <cellverdict/base/file_write.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/prepare/shard_write.h>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

// Inside a folder that will appear whole, so the file need not.
void write_bytes(const fs::path& file, std::string_view bytes) {
  std::ofstream stream(file, std::ios::binary | std::ios::app);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  if (!stream) refuse_unwritten(file);
}

std::string_view bytes_of(std::span<const double> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

}  // namespace

PartWriter::PartWriter(const PartWriting& what)
    : what_(what),
      keys_(make_part_keys(what.how.request, what.how.plan, what.digests)),
      is_shared_(what.how.plan.units.size()),
      head_bytes_(H5adShard::head_bytes(what.folder)) {
  std::vector<bool> seen(is_shared_.size());
  for (const auto& source : what.how.plan.sources) {
    units_.push_back(units_of(source, seen.size()));
    for (const std::int32_t unit : units_.back()) {
      if (seen[unit]) is_shared_[unit] = true;
      seen[unit] = true;
    }
  }
  find();
  const auto fits = [this](const FoundPart& found, bool genes_too) {
    return std::ranges::any_of(keys_, [&](const PartKey& key) {
      return key.request == found.part.request && (!genes_too || key.genes == found.part.genes);
    });
  };
  const bool some_fit = std::ranges::any_of(found_, [&](const auto& found) { return fits(found, true); });
  if (!some_fit && std::ranges::any_of(found_, [&](const auto& found) { return fits(found, false); }))
    what_.how.context.log("prepare   the genes of the study are others than before: every source is read again");
}

void PartWriter::find() {
  std::vector<PartFiles> places;
  std::error_code failure;
  for (fs::directory_iterator it(what_.place.parts, failure), end; !failure && it != end; it.increment(failure))
    if (!it->path().filename().string().starts_with('.')) places.push_back(files_in_parts(it->path()));
  for (const auto& store : what_.place.earlier)
    for (fs::directory_iterator it(store, failure), end; !failure && it != end; it.increment(failure)) {
      const std::string name = it->path().filename().string(), ending = ".part.json";
      if (name.ends_with(ending)) places.push_back(files_in_store(store, name.substr(0, name.size() - ending.size())));
    }
  std::ranges::sort(places, {}, &PartFiles::page);
  for (auto& files : places) {
    try {
      found_.push_back({part_from_json(read_file(files.page), files.page.string()), std::move(files)});
    } catch (const InputError& error) {
      what_.how.context.warn(error.what());
    }
  }
}

PartWriter::Done PartWriter::add(CellRecords& records, UnitSums& sums) {
  const std::size_t s = next_++;
  const CellPlan& plan = what_.how.plan;
  std::optional<FoundPart> found = take(s);
  n_taken_ += found ? 1 : 0;
  if (found) {
    for (const auto& note : found->part.notes) what_.how.warn(note);
  } else {
    found = make(s);
  }
  put_into_store(s, *found);
  records.append_from(found->files.cells, units_[s]);
  PartSums of_source(*found, plan.genes.size());
  for (std::size_t u = 0; u < units_[s].size(); ++u) sums.add(units_[s][u], of_source.of(u));
  return {.values = found->part.values, .n_rows = found->part.n_rows};
}

void PartWriter::say() const {
  if (found_.empty()) return;
  what_.how.context.log(fmt::format("prepare   {} of {} taken over, {} read", n_taken_, counted(std::ssize(keys_), "source"),
                                    keys_.size() - n_taken_));
}

std::vector<std::string> PartWriter::inputs_of(std::size_t s) {
  std::vector<std::string> digests;
  for (const auto& file : what_.how.plan.sources[s].files) digests.push_back(what_.digests.of(file));
  return digests;
}

std::optional<FoundPart> PartWriter::take(std::size_t s) {
  const PlannedSource& source = what_.how.plan.sources[s];
  for (const auto& found : found_) {
    const Part& part = found.part;
    if (part.request != keys_[s].request || part.genes != keys_[s].genes) continue;
    if (!part.path.empty() && part.path != source.path.string()) continue;
    if (part.inputs != inputs_of(s)) continue;
    const bool same_units = std::ranges::equal(units_[s], part.units, [this](std::int32_t unit, const PartUnit& known) {
      return what_.how.plan.units[unit] == known.name;
    });
    const std::string damage =
        same_units ? damage_of(found, what_.how.plan.genes.size()) : found.files.page.string() + " names other units";
    if (damage.empty()) return found;
    what_.how.context.warn("What was kept of source '" + source.file.name + "' is damaged and not used: " + damage);
  }
  return std::nullopt;
}

FoundPart PartWriter::make(std::size_t s) {
  const fs::path folder = what_.place.parts / keys_[s].name();
  AtomicPath out(folder);
  fs::create_directories(out.temporary());
  what_.digests.begin(what_.how.plan.sources[s].files);
  Part part = fill(s, files_in_parts(out.temporary()));
  out.commit();
  return {std::move(part), files_in_parts(folder)};
}

Part PartWriter::fill(std::size_t s, const PartFiles& files) {
  const CellPlan& plan = what_.how.plan;
  const PlannedSource& source = plan.sources[s];
  const std::vector<std::int32_t>& units = units_[s];
  Part part{.request = keys_[s].request, .genes = keys_[s].genes, .source = source.file.name};
  CellReading how = what_.how;
  how.warn = [&](const std::string& note) {
    what_.how.warn(note);
    part.notes.push_back(note);
    part.path = source.path.string();
  };
  RowSpool spool(files.page.parent_path() / ("spool" + std::to_string(s)), plan.genes.size(), head_bytes_);
  CellRecords records(files.cells);
  UnitSums sums(files.sums, units, plan.genes.size());
  const LabelledSource opened = what_.open(s);
  part.values = read_cells(how, s, opened, records, spool);
  spool.open();
  records.open();
  part.n_rows = write_shard({.context = how.context, .request = how.request, .plan = plan, .source = s, .opened = opened},
                            files.shard, spool, records, sums);
  if (part.n_rows > 0) part.shard_bytes = static_cast<std::int64_t>(fs::file_size(files.shard));

  std::vector<std::int32_t> number(plan.units.size(), kLeftOut);
  for (std::size_t u = 0; u < units.size(); ++u) {
    const auto row = [&](std::span<const double> table) {
      return table.subspan(u * static_cast<std::size_t>(plan.genes.size()), static_cast<std::size_t>(plan.genes.size()));
    };
    std::vector<double> all;
    for (const auto table : {sums.sum(), sums.sum_squares(), sums.n_positive()})
      all.insert(all.end(), row(table).begin(), row(table).end());
    part.units.push_back({plan.units[units[u]], PartSums::digest(all)});
    number[units[u]] = static_cast<std::int32_t>(u);
  }
  part.n_cells = records.size();
  for (std::int64_t i = 0; i < part.n_cells; ++i) records[i].unit = number[records[i].unit];
  part.cells = sha256_of_file(files.cells);
  part.inputs = inputs_of(s);
  if (s + 1 < plan.sources.size()) what_.digests.begin(plan.sources[s + 1].files);  // while this one goes to the disk
  for (const auto& [file, stamp] : plan.files)
    if (std::ranges::find(source.files, file) != source.files.end() && stamp_of(file) != stamp) refuse_changed(file.string());
  write_bytes(files.page, part_to_json(part));
  records.keep();
  sums.keep();
  for (const auto& file : {files.cells, files.sums}) fs::permissions(file, fs::status(files.page).permissions());
  return part;
}

void PartWriter::put_into_store(std::size_t s, const FoundPart& found) {
  const auto& units = found.part.units;
  const CellPlan& plan = what_.how.plan;
  const PartFiles files = files_in_store(what_.folder, shard_stem(s, plan.sources[s].file.name));
  if (found.part.n_rows > 0) give_another_name(found.files.shard, files.shard);
  give_another_name(found.files.page, files.page);
  give_another_name(found.files.cells, files.cells);
  if (std::ranges::none_of(units_[s], [this](std::int32_t unit) { return is_shared_[unit]; })) return;
  if (fs::exists(found.files.sums)) return give_another_name(found.files.sums, files.sums);
  // The units were in no other source so far.
  PartSums sums(found, plan.genes.size());
  const auto n_genes = static_cast<std::size_t>(plan.genes.size());
  for (std::size_t table = 0; table < 3; ++table)
    for (std::size_t u = 0; u < units.size(); ++u)
      write_bytes(files.sums, bytes_of(std::span(sums.of(u)).subspan(table * n_genes, n_genes)));
}

void remove_parts(const fs::path& parts) {
  std::vector<fs::path> whole, begun;
  std::error_code failure;
  for (fs::directory_iterator it(parts, failure), end; !failure && it != end; it.increment(failure))
    (it->path().filename().string().starts_with('.') ? begun : whole).push_back(it->path());
  for (const auto& part : whole) fs::remove_all(part, failure);
  for (const auto& part : begun) {
    const std::string name = part.filename().string();
    // Making it anew takes away what dead processes left of it.
    if (const auto end = name.find(".part"); end != std::string::npos) AtomicPath again(parts / name.substr(1, end - 1));
  }
  fs::remove(parts, failure);  // an empty one alone
}

}  // namespace cellverdict
