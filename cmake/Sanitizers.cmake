if(DYNAMIGRATE_SANITIZE)
  add_compile_options(-fsanitize=${DYNAMIGRATE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DYNAMIGRATE_SANITIZE})
endif()
