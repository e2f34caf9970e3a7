#include <dynamigrate/cli/main.hpp>

#include <malloc.h>

namespace {

constexpr int kMapBlocksFrom = 256 * 1024;
constexpr int kMostArenas = 4;

/// Pages of items come and go: large blocks are given back at once and the lanes' threads share few
/// arenas, so that memory stays the same however long a run takes.
void keep_memory_constant() {
    mallopt(M_MMAP_THRESHOLD, kMapBlocksFrom);
    mallopt(M_ARENA_MAX, kMostArenas);
}

}  // namespace

int main(int argc, char** argv) {
    keep_memory_constant();
    return dynamigrate::cli::main(argc, argv);
}
