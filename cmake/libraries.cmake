# Everything here is a Debian 12 package (packages.txt).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
set(HDF5_PREFER_PARALLEL OFF)
find_package(HDF5 REQUIRED COMPONENTS C)

find_path(ISAL_INCLUDE_DIR isa-l/igzip_lib.h REQUIRED)
find_library(ISAL_LIBRARY isal REQUIRED)
find_package(LibArchive REQUIRED)
find_path(LIBDEFLATE_INCLUDE_DIR libdeflate.h REQUIRED)
find_library(LIBDEFLATE_LIBRARY deflate REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
find_path(NLOHMANN_INCLUDE_DIR nlohmann/json.hpp REQUIRED)
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
find_path(BOOST_INCLUDE_DIR boost/random/poisson_distribution.hpp REQUIRED)

add_library(cellverdict_hdf5 INTERFACE)
target_include_directories(cellverdict_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(cellverdict_hdf5 INTERFACE ${HDF5_C_LIBRARY_hdf5})  # not its list: that names static system libraries

add_library(cellverdict_isal INTERFACE)
target_include_directories(cellverdict_isal SYSTEM INTERFACE ${ISAL_INCLUDE_DIR})
target_link_libraries(cellverdict_isal INTERFACE ${ISAL_LIBRARY})

add_library(cellverdict_libdeflate INTERFACE)
target_include_directories(cellverdict_libdeflate SYSTEM INTERFACE ${LIBDEFLATE_INCLUDE_DIR})
target_link_libraries(cellverdict_libdeflate INTERFACE ${LIBDEFLATE_LIBRARY})
