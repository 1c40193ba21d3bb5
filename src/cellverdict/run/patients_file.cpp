#include <cellverdict/run/patients_file.h>

#include <cellverdict/base/parallel.h>
#include <cellverdict/encode/bags.h>
#include <cellverdict/io/h5ad_write.h>
#include <cellverdict/run/prediction_table.h>
#include <cellverdict/stats/principal_components.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace cellverdict {

namespace {

constexpr std::int64_t kComponents = 50;
constexpr std::int64_t kFewestGenes = 100;

// The units of one side under another, a row each.
struct Patients {
  std::vector<std::string> unit, donor, side, label, predicted;
  std::vector<double> n_cells;
  std::vector<double> probability;  // [units, classes]
  std::vector<double> embedding;    // [units, n_dimensions]
  std::vector<double> profile;      // [units, genes]
  std::int64_t n_train = 0;
};

// Genes of the preparation that X has, in its order.
std::vector<std::int32_t> chosen_genes(const Preparation& preparation, std::int64_t n_units, std::int64_t memory_bytes) {
  std::vector<std::int32_t> genes(static_cast<std::size_t>(preparation.genes.size()));
  std::iota(genes.begin(), genes.end(), 0);
  const auto most = std::max(kFewestGenes, memory_bytes / 16 / 8 / std::max<std::int64_t>(1, n_units));
  if (std::ssize(genes) <= most) return genes;
  std::stable_sort(genes.begin(), genes.end(), [&](auto a, auto b) { return preparation.sd[a] > preparation.sd[b]; });
  genes.resize(static_cast<std::size_t>(most));
  std::ranges::sort(genes);
  return genes;
}

class Collector {
 public:
  Collector(const RunContext& context, const PatientsRequest& request)
      : context_(context), request_(request), card_(request.classifier.card()) {
    std::set<std::string> units;
    for (const auto& unit : request.split.summary().units) units.insert(unit.unit);
    genes_ = chosen_genes(card_.preparation, std::ssize(units), context.memory_bytes);
    columns_.resize(static_cast<std::size_t>(request.cohort.table->obs().names.size()));
  }

  void add(const CellView& view, Side side) {
    const Bags bags = bags_of(view);
    if (side == Side::test) {
      add_answers(request_.test);
    } else {
      add_answers(request_.classifier.predict_draws(context_, view, 1));
    }
    const std::size_t first = p_.unit.size();
    for (std::int64_t b = 0; b < bags.n_bags(); ++b) {
      const std::int64_t cell = bags.cells[b].front();
      p_.unit.push_back(bags.unit[b]);
      p_.donor.push_back(view.donor(cell));
      p_.side.emplace_back(side_name(side));
      p_.label.push_back(view.classes()[view.label(cell)]);
      p_.n_cells.push_back(static_cast<double>(bags.cells[b].size()));
    }
    if (side == Side::train) p_.n_train = std::ssize(p_.unit);
    add_profiles(view, bags, first);
    add_columns(view, bags);
  }

  void write(const std::filesystem::path& file) {
    const auto n_genes = std::ssize(genes_);
    const auto pca = fit_principal_components(
        DenseFeatures{std::span(p_.profile).first(static_cast<std::size_t>(p_.n_train * n_genes)), n_genes},
        {.components = std::max<std::int64_t>(1, std::min({kComponents, p_.n_train - 1, n_genes})),
         .seed = context_.seed,
         .threads = context_.threads});
    const auto components = project_rows(pca, DenseFeatures{p_.profile, n_genes}, context_.threads);
    const auto& by = request_.split.summary().by;
    const auto& roles = request_.cohort.roles;
    write_dense_h5ad(
        file, {.obs = annotation(),
               .var = genes_frame(),
               .x = p_.profile,
               .layers = {},
               .obsm = {{"X_patient", p_.embedding, card_.model.bag.patient_width}, {"X_pseudobulk", components, pca.n_components}},
               .notes = {{"label", roles.label},
                         {"unit", roles.unit},
                         {"donor", roles.donor.empty() ? roles.unit : roles.donor},
                         {"study", by == roles.donor || by == roles.unit || by == roles.label ? "" : by},
                         {"split", "split"},
                         {"embedding", "patient encoder, the first drawing of cells"},
                         {"probabilities", "test: mean over drawings of cells; other sides: the first drawing"}}});
  }

 private:
  void add_answers(const BagDraws& said) {
    const std::size_t n_classes = card_.heads[0].classes.size();
    std::vector<double> mean(said.probability[0].size());
    for (const auto& draw : said.probability)
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += draw[i] / static_cast<double>(said.probability.size());
    const auto shown = calibrated(mean, card_);
    p_.probability.insert(p_.probability.end(), shown.begin(), shown.end());
    for (std::size_t i = 0; i < shown.size(); i += n_classes)
      p_.predicted.push_back(card_.heads[0].classes[called_class(shown.data() + i, card_)]);
    p_.embedding.insert(p_.embedding.end(), said.embedding.begin(), said.embedding.end());
  }

  void add_profiles(const CellView& view, const Bags& bags, std::size_t first) {
    std::vector<std::int32_t> place(static_cast<std::size_t>(card_.preparation.genes.size()), -1);
    for (std::size_t k = 0; k < genes_.size(); ++k) place[genes_[k]] = static_cast<std::int32_t>(k);
    auto column = preparation_columns(card_.preparation, view.genes());
    for (auto& g : column) g = g < 0 ? -1 : place[g];
    p_.profile.resize((first + bags.unit.size()) * genes_.size());
    parallel_for(bags.n_bags(), context_.threads, [&](std::int64_t begin, std::int64_t end) {
      CsrBlock cell;
      for (std::int64_t b = begin; b < end; ++b) {
        double* const row = p_.profile.data() + (first + static_cast<std::size_t>(b)) * genes_.size();
        double total = 0;
        for (const std::int64_t i : bags.cells[b]) {
          cell.clear();
          view.append_counts(i, cell);
          total += view.total(i);
          for (std::size_t k = 0; k < cell.indices.size(); ++k)
            if (const std::int32_t g = column[cell.indices[k]]; g >= 0) row[g] += static_cast<double>(cell.values[k]);
        }
        for (std::size_t g = 0; g < genes_.size(); ++g)
          row[g] = total > 0 ? std::log1p(row[g] * card_.preparation.target_sum / total) : 0;
      }
    });
  }

  // A column with two values in one unit is none of units.
  void add_columns(const CellView& view, const Bags& bags) {
    const Frame& obs = request_.cohort.table->obs();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      UnitColumn& out = columns_[c];
      if (out.is_mixed) continue;
      const Column column = view.column(obs.names[c], "obs");
      out.is_number = column.kind == Column::Kind::number;
      for (const auto& cells : bags.cells) {
        const auto same = [&](std::int64_t i) {
          const std::int64_t f = cells.front();
          if (column.missing(i) || column.missing(f)) return column.missing(i) && column.missing(f);
          return out.is_number ? column.numbers[i] == column.numbers[f] : column.codes[i] == column.codes[f];
        };
        if (!std::ranges::all_of(cells, same)) {
          out.is_mixed = true;
          break;
        }
        if (out.is_number) {
          out.numbers.push_back(column.numbers[cells.front()]);
        } else {
          out.texts.push_back(column.text(cells.front()));
        }
      }
    }
  }

  Frame annotation() {
    Frame obs;
    const auto& roles = request_.cohort.roles;
    // Under an optimistic split a unit stands on several sides.
    std::set<std::string> taken;
    for (std::size_t u = 0; u < p_.unit.size(); ++u)
      obs.index.push_back(taken.insert(p_.unit[u]).second ? p_.unit[u] : p_.unit[u] + " (" + p_.side[u] + ")");
    const Frame& cells = request_.cohort.table->obs();
    std::set<std::string> own = {"split", "n_cells", "predicted"};
    for (const auto& name : card_.heads[0].classes) own.insert("p_" + name);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].is_mixed) continue;
      const std::string name = own.contains(cells.names[c]) ? cells.names[c] + "_of_files" : cells.names[c];
      obs.set(name, columns_[c].is_number ? make_number_column(columns_[c].numbers) : make_text_column(Names(columns_[c].texts)));
    }
    obs.set(roles.unit, make_text_column(Names(p_.unit)));
    if (!roles.donor.empty()) obs.set(roles.donor, make_text_column(Names(p_.donor)));
    obs.set(roles.label, make_text_column(Names(p_.label)));
    obs.set("split", make_text_column(Names(p_.side)));
    obs.set("n_cells", make_number_column(p_.n_cells));
    const auto& classes = card_.heads[0].classes;
    for (std::size_t c = 0; c < classes.size(); ++c) {
      std::vector<double> p;
      for (std::size_t i = c; i < p_.probability.size(); i += classes.size()) p.push_back(p_.probability[i]);
      std::string name = "p_" + classes[c];
      std::ranges::replace(name, '/', '_');  // a slash would be a folder in the file
      obs.set(name, make_number_column(std::move(p)));
    }
    obs.set("predicted", make_text_column(Names(p_.predicted)));
    return obs;
  }

  Frame genes_frame() const {
    Frame var;
    Names symbols;
    for (const std::int32_t g : genes_) {
      var.index.push_back(card_.preparation.genes.ids[g]);
      symbols.push_back(card_.preparation.genes.symbols[g]);
    }
    var.set("gene_symbols", make_text_column(symbols));
    return var;
  }

  struct UnitColumn {
    bool is_mixed = false, is_number = false;
    std::vector<std::string> texts;
    std::vector<double> numbers;
  };

  const RunContext& context_;
  const PatientsRequest& request_;
  const ModelCard& card_;
  std::vector<std::int32_t> genes_;
  std::vector<UnitColumn> columns_;  // of obs
  Patients p_;
};

}  // namespace

void write_patients(const RunContext& context, const std::filesystem::path& file, const PatientsRequest& request) {
  Collector collector(context, request);
  collector.add(request.split.train(), Side::train);
  if (const auto validation = request.split.validation()) collector.add(*validation, Side::validation);
  collector.add(request.split.test(), Side::test);
  collector.write(file);
}

}  // namespace cellverdict
