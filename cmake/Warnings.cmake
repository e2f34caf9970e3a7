# What every target of ours compiles with; consumers of the libraries never see it.
add_library(dynamigrate_warnings INTERFACE)
target_compile_options(dynamigrate_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  -Wshadow               # a name that hides another is read wrongly
  -Wnon-virtual-dtor     # deleting through a base leaks
  -Woverloaded-virtual   # an override that is not one
  -Wcast-align           # breaks on other processors
  -Wextra-semi
  -Wformat=2
  -Wunused
  -Wvla
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  # GCC 12 reports these in correct library code once it optimises.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
    -Wno-maybe-uninitialized>
  $<$<BOOL:${DYNAMIGRATE_WERROR}>:-Werror>)
