# LibTorch (>= 2.7) of the torch wheel, found through the interpreter and linked by hand: the wheel's own CMake package
# asks for a CUDA toolkit as soon as the wheel is a CUDA build, and running the program needs none.
if(EXISTS "${CMAKE_SOURCE_DIR}/.venv/bin/python")
  set(_default_python "${CMAKE_SOURCE_DIR}/.venv/bin/python")
else()
  find_program(_default_python NAMES python3 REQUIRED)
endif()
set(CELLVERDICT_PYTHON "${_default_python}" CACHE FILEPATH "The interpreter whose torch wheel is used")

execute_process(
  COMMAND "${CELLVERDICT_PYTHON}" -c
    "import importlib.util, importlib.metadata as m; print(importlib.util.find_spec('torch').submodule_search_locations[0]); print(m.version('torch'))"
  OUTPUT_VARIABLE _torch RESULT_VARIABLE _status OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT _status EQUAL 0)
  message(FATAL_ERROR "No torch wheel in ${CELLVERDICT_PYTHON}: run `make setup`, or configure with the preset `notorch`.")
endif()
string(REPLACE "\n" ";" _torch "${_torch}")
list(GET _torch 0 _torch_dir)
list(GET _torch 1 _torch_version)
if(_torch_version VERSION_LESS 2.7)
  message(FATAL_ERROR "torch ${_torch_version} found in ${_torch_dir}, 2.7 or newer needed.")
endif()
message(STATUS "LibTorch ${_torch_version} in ${_torch_dir}")

add_library(cellverdict_torch INTERFACE)
target_include_directories(cellverdict_torch SYSTEM INTERFACE
  "${_torch_dir}/include" "${_torch_dir}/include/torch/csrc/api/include")
target_link_directories(cellverdict_torch INTERFACE "${_torch_dir}/lib")
target_link_libraries(cellverdict_torch INTERFACE torch_cpu c10)
if(EXISTS "${_torch_dir}/lib/libtorch_cuda.so")
  # Nothing refers to the CUDA library by name: its kernels register themselves when it is loaded.
  target_link_libraries(cellverdict_torch INTERFACE -Wl,--no-as-needed torch_cuda c10_cuda -Wl,--as-needed)
endif()
target_link_options(cellverdict_torch INTERFACE "-Wl,-rpath,${_torch_dir}/lib")
