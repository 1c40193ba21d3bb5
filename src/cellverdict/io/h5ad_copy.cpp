#include <cellverdict/io/h5ad_copy.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/h5ad_frame.h>
#include <cellverdict/io/hdf5_object.h>

#include <algorithm>
#include <limits>

namespace cellverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFlush = std::size_t{1} << 18;  // entries

const fs::path& distinct(const fs::path& original, const fs::path& target) {
  std::error_code ignored;
  if (fs::equivalent(original, target, ignored))
    throw UsageError({.where = target.string(),
                      .found = "the file itself",
                      .expected = "another name for the copy",
                      .advice = "the original is never written to"});
  return target;
}

}  // namespace

H5adCopy::H5adCopy(const fs::path& original, const fs::path& target) : target_(target), out_(distinct(original, target)) {
  {
    const Hdf5Object root = Hdf5Object::open_file(original);
    if (!root.has("obs") || !root.has("var")) root.refuse("an HDF5 file without obs and var", "an .h5ad file");
    const Hdf5Object obs = root.open("obs");
    const auto order = obs.is_group() ? obs.text_list_attribute("column-order") : std::nullopt;
    if (!order || !obs.has_attribute("_index"))
      obs.refuse("annotations as anndata before 0.7 wrote them, which nothing can be added to", "a file of anndata 0.7 or newer",
                 "read it with a current anndata and write it again");
    columns_ = *order;
    old_frame_ = obs.text_attribute("encoding-version").value_or("0.1.0") == "0.1.0";
    const auto index = obs.open(*obs.text_attribute("_index"));
    n_cells_ = index.is_group() ? index.open("values").rows() : index.rows();
    const Hdf5Object var = root.open("var");
    const auto genes = var.is_group() ? var.text_attribute("_index") : std::nullopt;
    if (genes) n_genes_ = var.open(*genes).is_group() ? var.open(*genes + "/values").rows() : var.open(*genes).rows();
    if (root.has("layers")) layers_ = root.open("layers").children();
  }
  std::error_code failure;
  fs::copy_file(original, out_.temporary(), failure);
  if (!failure) fs::permissions(out_.temporary(), fs::perms::owner_write, fs::perm_options::add, failure);
  if (failure)
    throw InputError({.where = target.string(),
                      .found = failure.message(),
                      .expected = "to copy " + original.string() + " there",
                      .advice = "free space or choose another folder"});
  root_ = std::make_unique<Hdf5Group>(Hdf5Group::reopen_file(out_.temporary(), target));
}

void H5adCopy::add_obs(const std::string& name, const Column& column) {
  if (column.size() != n_cells_)
    throw InternalError({.where = name, .found = counted(column.size(), "value"), .expected = counted(n_cells_, "cell")});
  Hdf5Group obs = root_->open_group("obs");
  obs.remove(name);
  if (column.kind == Column::Kind::text && old_frame_) {
    Names texts;
    for (std::int64_t i = 0; i < column.size(); ++i) texts.push_back(column.text(i));
    obs.text(name, texts);
  } else {
    write_h5ad_column(obs, name, column);
  }
  if (std::find(columns_.begin(), columns_.end(), name) == columns_.end()) columns_.push_back(name);
}

void H5adCopy::add_obsm(const std::string& name, std::span<const double> values, std::int64_t n_dimensions) {
  if (std::ssize(values) != n_cells_ * n_dimensions)
    throw InternalError({.where = name, .found = counted(std::ssize(values), "value"), .expected = counted(n_cells_, "cell")});
  if (!root_->has("obsm")) root_->group("obsm", "dict", "0.1.0");
  Hdf5Group obsm = root_->open_group("obsm");
  obsm.remove(name);
  obsm.matrix(name, values, n_cells_, n_dimensions);
}

bool H5adCopy::has_layer(const std::string& name) const {
  return std::find(layers_.begin(), layers_.end(), name) != layers_.end();
}

void H5adCopy::commit() {
  {
    Hdf5Group obs = root_->open_group("obs");
    obs.remove_mark("column-order");
    obs.mark_list("column-order", columns_);
  }
  root_->close_file();
  out_.commit();
}

H5adLayer::H5adLayer(H5adCopy& copy, const std::string& name, std::span<const std::int64_t> counts) {
  if (copy.has_layer(name))
    throw UsageError({.where = "--as",
                      .found = "'" + name + "', a layer the file has already",
                      .expected = "a new name",
                      .advice = "choose another with --as"});
  if (name.empty() || name.find('/') != std::string::npos)
    throw UsageError({.where = "--as", .found = "'" + name + "'", .expected = "a name without slashes"});
  starts_.assign(1, 0);
  for (const std::int64_t count : counts) starts_.push_back(starts_.back() + count);
  if (!copy.root_->has("layers")) copy.root_->group("layers", "dict", "0.1.0");
  group_ = std::make_unique<Hdf5Group>(copy.root_->open_group("layers").group(name, "csr_matrix", "0.1.0"));
  const std::int64_t shape[] = {copy.n_cells_, copy.n_genes_};
  group_->mark_whole("shape", shape);
  data_ = group_->array("data", Hdf5Element::float32, starts_.back());
  indices_ = group_->array("indices", Hdf5Element::int32, starts_.back());
  // As wide as the indices where the numbers allow: scanpy's compiled functions refuse a mixture.
  const auto n = static_cast<std::int64_t>(starts_.size());
  if (starts_.back() <= std::numeric_limits<std::int32_t>::max()) {
    const std::vector<std::int32_t> narrow(starts_.begin(), starts_.end());
    group_->array("indptr", Hdf5Element::int32, n).append(narrow.data(), n);
  } else {
    group_->array("indptr", Hdf5Element::int64, n).append(starts_.data(), n);
  }
}

void H5adLayer::flush() {
  const auto n = static_cast<std::int64_t>(genes_.size());
  indices_.write_at(begin_, genes_.data(), n);
  data_.write_at(begin_, values_.data(), n);
  n_written_ += n;
  genes_.clear();
  values_.clear();
}

void H5adLayer::write_row(std::int64_t row, std::span<const std::int32_t> genes, std::span<const float> values) {
  if (static_cast<std::int64_t>(genes.size()) != starts_[row + 1] - starts_[row])
    throw InternalError({.where = "layer row " + std::to_string(row), .found = std::to_string(genes.size()) + " entries"});
  if (starts_[row] != begin_ + static_cast<std::int64_t>(genes_.size()) || genes_.size() > kFlush) {
    flush();
    begin_ = starts_[row];
  }
  genes_.insert(genes_.end(), genes.begin(), genes.end());
  values_.insert(values_.end(), values.begin(), values.end());
}

void H5adLayer::finish() {
  flush();
  if (n_written_ != starts_.back())
    throw InternalError({.where = "layer", .found = counted(n_written_, "entry"), .expected = std::to_string(starts_.back())});
  data_ = Hdf5Array();
  indices_ = Hdf5Array();
  group_.reset();
}

}  // namespace cellverdict
