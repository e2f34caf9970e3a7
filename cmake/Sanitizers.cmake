if(DYNAMIGRATE_SANITIZE)
  add_compile_options(-fsanitize=${DYNAMIGRATE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DYNAMIGRATE_SANITIZE})
  # The program is packaged by tests as well: so it stays below what Lambda takes.
  add_link_options(-Wl,--compress-debug-sections=zlib -Wl,-z,pack-relative-relocs)
endif()
