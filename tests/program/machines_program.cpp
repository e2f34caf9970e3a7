/// Prints state machines, for deployment_test.py.
///
///     machines_program deployment FUNCTION
///     machines_program migration FUNCTION VERSION
#include <dynamigrate/cloud/deployment_machine.hpp>
#include <dynamigrate/migrate/state_machine.hpp>

#include <cstdio>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    using namespace dynamigrate;
    if (argc == 3 && std::string_view(argv[1]) == "deployment") {
        std::puts(cloud::deployment_definition(argv[2]).c_str());
        return 0;
    }
    if (argc == 4 && std::string_view(argv[1]) == "migration") {
        migrate::StateMachine machine;
        machine.function_arn = argv[2];
        machine.migration = argv[3];
        machine.concurrency = 2;
        std::puts(migrate::definition(machine).c_str());
        return 0;
    }
    return 2;
}
