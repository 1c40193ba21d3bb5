# LibTorch (>= 2.7) of the torch wheel, found through the interpreter without importing it, and linked by hand: the wheel's
# own CMake package asks for a CUDA toolkit as soon as the wheel is a CUDA build, and running the program needs none.
# First with -I: while pip builds in isolation, that finds the torch of the environment it installs into.
foreach(_isolated IN ITEMS -I -B)
  execute_process(
    COMMAND "${CELLVERDICT_PYTHON}" ${_isolated} -c
      "import importlib.util, importlib.metadata as m; print(importlib.util.find_spec('torch').submodule_search_locations[0]); print(m.version('torch'))"
    OUTPUT_VARIABLE _torch RESULT_VARIABLE _status OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REGEX MATCH "[^\n]*$" _torch_version "${_torch}")
  if(_status EQUAL 0 AND _torch_version VERSION_GREATER_EQUAL 2.7)
    break()
  endif()
endforeach()
if(NOT _status EQUAL 0)
  message(FATAL_ERROR "No torch wheel in ${CELLVERDICT_PYTHON}: run `make setup`, or configure with the preset `notorch`.")
endif()
string(REPLACE "\n" ";" _torch "${_torch}")
list(GET _torch 0 _torch_dir)
if(_torch_version VERSION_LESS 2.7)
  message(FATAL_ERROR "torch ${_torch_version} found in ${_torch_dir}, 2.7 or newer needed.")
endif()
message(STATUS "LibTorch ${_torch_version} in ${_torch_dir}")

add_library(cellverdict_torch INTERFACE)
target_include_directories(cellverdict_torch SYSTEM INTERFACE
  "${_torch_dir}/include" "${_torch_dir}/include/torch/csrc/api/include")
# Full paths, so that CMake writes the folder into the run path of what it links.
target_link_libraries(cellverdict_torch INTERFACE "${_torch_dir}/lib/libtorch_cpu.so" "${_torch_dir}/lib/libc10.so")
# at::parallel_for is a template: without OpenMP where it is included it is a plain loop. The wheel's own library of threads, so that
# there is one pool of them; without one, the compiler's.
target_compile_options(cellverdict_torch INTERFACE -fopenmp)
file(GLOB _torch_gomp "${_torch_dir}/lib/libgomp*.so*" "${_torch_dir}/../torch.libs/libgomp*.so*")
if(_torch_gomp)
  list(GET _torch_gomp 0 _torch_gomp)
  target_link_libraries(cellverdict_torch INTERFACE "${_torch_gomp}")
else()
  target_link_options(cellverdict_torch INTERFACE -fopenmp)
endif()
if(EXISTS "${_torch_dir}/lib/libtorch_cuda.so")
  # Nothing refers to the CUDA library by name: its kernels register themselves when it is loaded. What it needs in turn is
  # found through its own run path when the program starts, so the link does not ask for it.
  target_link_libraries(cellverdict_torch INTERFACE
    "-Wl,--push-state,--no-as-needed,${_torch_dir}/lib/libtorch_cuda.so,--pop-state" "${_torch_dir}/lib/libc10_cuda.so")
  target_link_options(cellverdict_torch INTERFACE "LINKER:--allow-shlib-undefined")
endif()
# A translation unit with torch/torch.h takes 1.5 GB: no more of them at once than memory holds.
cmake_host_system_information(RESULT _memory_mb QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR _torch_jobs "${_memory_mb} / 2500")
if(_torch_jobs LESS 1)
  set(_torch_jobs 1)
endif()
set_property(GLOBAL APPEND PROPERTY JOB_POOLS torch=${_torch_jobs})
