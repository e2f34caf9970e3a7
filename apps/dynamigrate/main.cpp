#include <dynamigrate/cli/main.hpp>

int main(int argc, char** argv) {
    return dynamigrate::cli::main(argc, argv, dynamigrate::migrate::Registry{});
}
