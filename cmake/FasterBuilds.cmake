# A compiler cache that all build directories share, and a fast linker, where they are installed.
find_program(DYNAMIGRATE_CCACHE ccache)
if(DYNAMIGRATE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      ${DYNAMIGRATE_CCACHE})
endif()

find_program(DYNAMIGRATE_MOLD mold)
find_program(DYNAMIGRATE_LLD ld.lld)
if(CMAKE_CROSSCOMPILING)
  # The compiler has a linker of its own.
elseif(DYNAMIGRATE_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(DYNAMIGRATE_LLD)
  add_link_options(-fuse-ld=lld)
endif()
