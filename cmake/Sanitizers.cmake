if(DYNAMIGRATE_SANITIZE)
  add_compile_options(-fsanitize=${DYNAMIGRATE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DYNAMIGRATE_SANITIZE} -Wl,--compress-debug-sections=zlib)
  if(DYNAMIGRATE_SANITIZE MATCHES "undefined")
    # Millions of relocations otherwise: tests package the program, and Lambda takes 250 MB.
    add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
  endif()
endif()
