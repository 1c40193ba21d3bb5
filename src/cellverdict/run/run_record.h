#pragma once
// run.json: what was run, on what, with which result; and the way back from it to a report.

#include <cellverdict/run/stages.h>

#include <vector>

namespace cellverdict {

void write_run_record(const RunContext& context, const StudyRequest& request, const std::vector<VariantRun>& variants,
                      const std::vector<Evaluation>& evaluations);

}  // namespace cellverdict
