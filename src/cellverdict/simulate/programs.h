#pragma once
// Draws the gene programs of a plan: which genes each cell type, disease, day, donor and batch changes, and by how much.
// All draw from the `expressed_share` best expressed genes that are not mitochondrial. A program whose effect is 0, or a batch
// or day of which there is only one, has no genes: the truth lists changed genes alone.

#include <cellverdict/simulate/plan.h>

#include <vector>

namespace cellverdict {

// Needs the plan's libraries, cell types and log_expression.
//   cell type, donor, batch   δ ~ Normal(0, sd²)                 program_share of the genes each
//   disease                   δ = ± size · Uniform(1 ∓ spread)   n_disease_genes in each of n_disease_types
//   day_only                  δ = ± size · Uniform(0.5, 1.5)     n_day_genes a day
//   day                       δ(t) = a_g · h_g(t), a_g ~ Normal(0, day_effect²), h_g(t) = t or exp(-(t - c_g)² / 2·0.2²),
//                             c_g ~ Uniform(0, 1); t = log(1 + day) / log(1 + last day): early days differ most
// Throws UsageError when a program needs more genes than there are.
std::vector<Program> make_programs(const StudyPlan& plan, const SimulateOptions& options, std::uint64_t seed);

}  // namespace cellverdict
