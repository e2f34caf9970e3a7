#include "../store.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <iostream>
#include <string_view>

namespace {

/// The other process of the store's tests: writes a key and dies with the store open, or says why
/// it cannot open it.
int write_and_die(const char* directory) {
    using dynamigrate::engine::Store;
    try {
        Store store(Store::Kind::durable, directory);
        store.put("a", "1");
        ::_exit(0);
    } catch (const std::exception& error) {
        std::cout << error.what();
        return 1;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--write-and-die") {
        return write_and_die(argv[2]);
    }
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
