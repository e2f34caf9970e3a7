if(DYNAMIGRATE_SANITIZE)
  add_compile_options(-fsanitize=${DYNAMIGRATE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DYNAMIGRATE_SANITIZE})

  # The program is packaged by tests as well: so it stays below what Lambda takes.
  include(CheckLinkerFlag)
  get_directory_property(CMAKE_REQUIRED_LINK_OPTIONS LINK_OPTIONS)
  check_linker_flag(CXX -Wl,--compress-debug-sections=zlib DYNAMIGRATE_COMPRESSES_DEBUG)
  check_linker_flag(CXX -Wl,--pack-dyn-relocs=relr DYNAMIGRATE_PACKS_RELOCATIONS)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(DYNAMIGRATE_COMPRESSES_DEBUG)
    add_link_options(-Wl,--compress-debug-sections=zlib)
  endif()
  if(DYNAMIGRATE_PACKS_RELOCATIONS)
    add_link_options(-Wl,--pack-dyn-relocs=relr)
  endif()
endif()
