/// The function that a state machine calls, for fleet_test.py: one call a process.
///
///     fleet_program definition CONCURRENCY [MIGRATION FUNCTION]    prints the state machine
///     fleet_program                                                answers the event on standard input
///
/// From the environment: ENDPOINT, TABLE, SEGMENTS, SECONDS (until it hands back), PREWARM (units
/// that the table is given, reads and writes).
#include <dynamigrate/aws/retry_policy.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamigrate.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/layers/journal_store.hpp>
#include <dynamigrate/layers/retry.hpp>
#include <dynamigrate/migrate/fleet_event.hpp>
#include <dynamigrate/migrate/state_machine.hpp>
#include <dynamigrate/remote/dynamodb_service.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

namespace {

using namespace dynamigrate;

constexpr const char* kVersion = "1.0.0";

std::string from_environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : value;
}

class LocalCredentials final : public aws::CredentialsProvider {
public:
    std::shared_ptr<const aws::Credentials> get(std::stop_token) override {
        aws::Credentials local;
        local.access_key_id = local.secret_access_key = "local";
        return std::make_shared<const aws::Credentials>(local);
    }
    void refused(const std::shared_ptr<const aws::Credentials>&) override {}
};

/// The test executes one after the other: whichever is not asked for now has ended.
class OneAtATime final : public migrate::ExecutionWatch {
public:
    bool is_running(const std::string&) override { return false; }
};

class Quiet final : public migrate::Listener {
public:
    void migration_begins(const migrate::PlannedMigration&) override {}
    void step_begins(const migrate::Migration&, std::uint32_t, std::size_t,
                     const migrate::Step&) override {}
    void undo_begins(const migrate::Migration&, std::uint32_t, std::size_t,
                     const std::string&) override {}
    void step_ends(const migrate::Migration&, std::uint32_t, const migrate::StepResult&) override {}
    void progress(const backfill::Progress&, const layers::MeterReading&) override {}
    void line(const std::string& text) override { std::cerr << text << "\n"; }
    void migration_ends(const migrate::PlannedMigration&, const migrate::HistoryRow&) override {}
};

/// Every item's counter, raised by one: twice would be seen.
migrate::Registry counting() {
    migrate::Registry registry;
    migrate::Migration count(kVersion, "Count");
    count.on("").transform([](migrate::ItemEditor& item) { item.set("c", item.integer("c") + 1); });
    registry.add(count.down_auto());
    return registry;
}

std::string answer(const json::Value& event) {
    base::SystemClock clock;
    base::SystemRandom random;
    LocalCredentials credentials;
    const auto http = http::make_curl_client();
    const auto service = remote::make_dynamodb_service(
        {.endpoint = {"us-east-1", from_environment("ENDPOINT", ""), true},
         .http = *http,
         .credentials = credentials,
         .clock = clock,
         .log = base::null_log()});
    layers::RetryService retry(*service, aws::RetryPolicy{}, clock, random);
    const auto objects = layers::make_table_objects(retry, "journal", clock);
    const auto journals = layers::make_object_journals({*objects, clock, random});
    migrate::Settings settings;
    settings.default_table = from_environment("TABLE", "app");
    settings.backfill.segments =
        static_cast<std::uint32_t>(std::stoul(from_environment("SEGMENTS", "8")));
    if (const char* units = std::getenv("PREWARM")) {
        settings.cloud.prewarm = dynamodb::Throughput{std::stod(units), std::stod(units)};
    }
    migrate::World world;
    world.service = &retry;
    world.clock = &clock;
    world.random = &random;
    world.log = &base::null_log();
    world.identity = base::ProcessIdentity::of_process();
    world.journals = journals.get();
    world.execution = migrate::execution_of(event);
    OneAtATime executions;
    world.executions = &executions;
    const migrate::Registry registry = counting();
    migrate::Fleet fleet(registry, settings, world);
    Quiet listener;
    const double seconds = std::stod(from_environment("SECONDS", "600"));
    std::stop_source deadline;
    std::jthread watch([&](const std::stop_token& ended) {
        if (clock.wait(std::chrono::milliseconds(static_cast<int>(seconds * 1000)), ended)) {
            deadline.request_stop();
        }
    });
    return migrate::answer_call(fleet, event, listener, deadline.get_token());
}

std::string describe(const base::Error& error) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("errorType").string(base::to_string(error.kind()));
    out.key("errorMessage").string(error.what()).end_object();
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc >= 3) {
            migrate::StateMachine machine;
            machine.migration = argc == 5 ? argv[3] : kVersion;
            machine.function_arn =
                argc == 5 ? argv[4] : "arn:aws:lambda:us-east-1:123456789012:function:count";
            machine.concurrency = static_cast<std::uint32_t>(std::stoul(argv[2]));
            std::puts(migrate::definition(machine).c_str());
            return 0;
        }
        const std::string event{std::istreambuf_iterator<char>(std::cin), {}};
        std::puts(answer(json::parse_json(event, "event")).c_str());
        return 0;
    } catch (const base::Error& error) {
        std::puts(describe(error).c_str());
    }
    return 1;
}
