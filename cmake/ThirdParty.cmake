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
pkg_check_modules(rocksdb REQUIRED IMPORTED_TARGET GLOBAL rocksdb)

# simdjson's headers choose their kernel by what the compiler may assume. Without this, that is the one
# that works byte by byte. Every x86-64 processor since 2011 has both.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_property(TARGET simdjson::simdjson APPEND PROPERTY INTERFACE_COMPILE_OPTIONS -msse4.2 -mpclmul)
endif()
