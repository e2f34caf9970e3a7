#include "script_arguments.hpp"

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr const char* kLocalEndpoint = "http://localhost:4567";
constexpr const char* kFakeKey = "fake";

/// Whatever answers there takes any key.
void work_locally(Arguments& arguments) {
    if (arguments.endpoint.empty()) {
        arguments.endpoint = kLocalEndpoint;
    }
    if (arguments.access_key.empty()) {
        arguments.access_key = arguments.secret_key = kFakeKey;
    }
    if (arguments.region.empty()) {
        arguments.region = "us-east-1";
    }
}

void read_database(Arguments& arguments, const std::string& database) {
    const std::size_t slash = database.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == database.size()) {
        throw Error(ErrorKind::invalid_argument,
                    "must specify region/database to work against, such as eu-west-1/" + database);
    }
    const std::string region = database.substr(0, slash);
    arguments.table = database.substr(slash + 1);
    if (region == "local") {
        work_locally(arguments);
    } else {
        arguments.region = region;
    }
}

}  // namespace

void read_script_arguments(Arguments& arguments) {
    if ((arguments.verb != "scan" && arguments.verb != "stream") || arguments.help) {
        return;
    }
    if (arguments.words.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "must specify region/database to work against, such as eu-west-1/users");
    }
    read_database(arguments, arguments.words.front());
    if (arguments.words.size() < 2) {
        throw Error(ErrorKind::invalid_argument,
                    "must specify a migration script: a file that exports function(record, dyno, "
                    "callback)");
    }
    arguments.dry = arguments.dry || !arguments.live;
}

}  // namespace dynamigrate::cli
