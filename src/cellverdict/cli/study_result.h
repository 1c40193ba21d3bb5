#pragma once
// What run, prepare, train, evaluate and report print.

#include <cellverdict/run/study.h>

#include <string>

namespace cellverdict {

std::string study_as_text(const StudyResult& result);
std::string study_as_json(const StudyResult& result);

}  // namespace cellverdict
