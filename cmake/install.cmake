# `cmake --install` and the wheel: PREFIX/bin holds both halves of the program, PREFIX/share/cellverdict what the report needs.
install(TARGETS cellverdict RUNTIME DESTINATION bin COMPONENT program)
install(DIRECTORY "${CMAKE_BINARY_DIR}/share/cellverdict/" DESTINATION share/cellverdict COMPONENT program)
if(CELLVERDICT_TORCH)
  install(TARGETS cellverdict-torch RUNTIME DESTINATION bin COMPONENT program)
  if(NOT SKBUILD)  # the Python package says at run time where its environment has LibTorch
    set_target_properties(cellverdict-torch PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  endif()
endif()
