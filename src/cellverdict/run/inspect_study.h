#pragma once
// What inspect says of a study of GEO.

#include <cellverdict/io/geo_study.h>
#include <cellverdict/run/inspect.h>

#include <optional>

namespace cellverdict {

// Nothing for files that are not of GEO. Throws InputError.
std::optional<GeoOutline> outline_of(const std::filesystem::path& path);
InspectedStudy inspect_study(const GeoOutline& outline);

}  // namespace cellverdict
