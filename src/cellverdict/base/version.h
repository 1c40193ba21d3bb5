#pragma once
#include <string_view>

namespace cellverdict {

// "0.1.0", of CMakeLists.txt.
std::string_view version();

}  // namespace cellverdict
