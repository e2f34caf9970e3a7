# Debian's packages; scripts/install-deps installs them. Also part of the installed package.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(simdjson REQUIRED)
find_package(CURL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET GLOBAL libdeflate)
find_package(zstd REQUIRED)
find_package(yaml-cpp REQUIRED)
find_path(LIBJQ_INCLUDE_DIR jq.h REQUIRED)
find_library(LIBJQ_LIBRARY jq REQUIRED)
if(NOT TARGET libjq::libjq)  # Debian's package has neither a CMake nor a pkg-config file
  add_library(libjq::libjq UNKNOWN IMPORTED GLOBAL)
  set_target_properties(libjq::libjq PROPERTIES IMPORTED_LOCATION ${LIBJQ_LIBRARY}
                                                INTERFACE_INCLUDE_DIRECTORIES ${LIBJQ_INCLUDE_DIR})
endif()
pkg_check_modules(rocksdb REQUIRED IMPORTED_TARGET GLOBAL rocksdb)

# simdjson's headers choose their kernel by what the compiler may assume. Without this, that is the one
# that works byte by byte. Every x86-64 processor since 2011 has both.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_property(TARGET simdjson::simdjson APPEND PROPERTY INTERFACE_COMPILE_OPTIONS -msse4.2 -mpclmul)
endif()
