if(CELLVERDICT_SANITIZE)
  add_compile_options(-fsanitize=${CELLVERDICT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CELLVERDICT_SANITIZE})
endif()
