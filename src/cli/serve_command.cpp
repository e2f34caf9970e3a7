#include "serve_command.hpp"

#include "database.hpp"
#include "signals.hpp"

#include <dynamigrate/engine/engine.hpp>
#include <dynamigrate/gateway/gateway.hpp>

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <latch>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr int kUsualPort = 8000;
constexpr const char* kUsualStore = "embedded:.dynamigrate/store";
constexpr const char* kRandomKey = "random";

int parse_port(const std::string& text) {
    int port = kUsualPort;
    const char* end = text.data() + text.size();
    auto [stop, failure] = std::from_chars(text.data(), end, port);
    bool is_number = text.empty() || (failure == std::errc{} && stop == end);
    if (!is_number || port < 0 || port > 65'535) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("--port takes a number from 0 (a free one) to 65535, not \"{}\"", text));
    }
    return port;
}

std::vector<aws::AccessKey> access_keys(const Session& session, base::Random& random) {
    const Arguments& arguments = session.arguments;
    if (arguments.gateway_key == kRandomKey) {
        return {gateway::make_access_key(random)};
    }
    std::string secret = arguments.gateway_secret;
    if (secret.empty()) {
        secret = session.environment.get("DYNAMIGRATE_SECRET_KEY").value_or("");
    }
    if (arguments.gateway_key.empty() && arguments.gateway_secret.empty()) {
        return {};
    }
    if (arguments.gateway_key.empty() || secret.empty()) {
        throw Error(
            ErrorKind::invalid_argument,
            "--access-key and --secret-key belong together; the secret may also be in the "
            "environment as DYNAMIGRATE_SECRET_KEY, and `--access-key random` makes up both");
    }
    return {{arguments.gateway_key, std::move(secret)}};
}

/// Where items are kept; empty: in memory.
fs::path store_path(Session& session) {
    const Arguments& arguments = session.arguments;
    if (arguments.memory && !arguments.store.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "--memory keeps items in memory and --store on disk; give one of them");
    }
    if (arguments.memory || !arguments.store.empty()) {
        return arguments.store;
    }
    session.open_project();
    if (!session.project.is_embedded()) {
        session.project.endpoint = kUsualStore;
    }
    return embedded_directory(session.project);
}

gateway::GatewayOptions gateway_options(const Session& session, base::Random& random) {
    gateway::GatewayOptions options;
    if (!session.arguments.host.empty()) {
        options.host = session.arguments.host;
    }
    options.port = parse_port(session.arguments.port);
    options.access_keys = access_keys(session, random);
    return options;
}

/// What a shell needs to reach it; a key that was given is not repeated.
std::string exports(const Arguments& arguments, const gateway::Gateway& gateway,
                    const gateway::GatewayOptions& options) {
    std::string text = fmt::format("export AWS_ENDPOINT_URL_DYNAMODB={}", gateway.origin());
    if (arguments.gateway_key == kRandomKey) {
        const aws::AccessKey& key = options.access_keys.front();
        text += fmt::format(" AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}", key.id, key.secret);
    }
    return text;
}

void announce(Session& session, const gateway::Gateway& gateway,
              const gateway::GatewayOptions& options, const fs::path& store) {
    if (!session.arguments.json) {
        std::string place = store.empty() ? "in memory" : "in " + store.string();
        session.console.print(fmt::format("DynamoDB at {}, kept {}: {}", gateway.origin(), place,
                                          exports(session.arguments, gateway, options)));
        return;
    }
    session.print_json([&](json::Writer& writer) {
        writer.key("endpoint").string(gateway.origin()).key("port").number(gateway.port());
        if (!store.empty()) {
            writer.key("store").string(store.string());
        }
        if (session.arguments.gateway_key == kRandomKey) {
            const aws::AccessKey& key = options.access_keys.front();
            writer.key("accessKeyId").string(key.id).key("secretAccessKey").string(key.secret);
        }
    });
}

}  // namespace

ExitCode serve(Session& session) {
    session.phase = Phase::setup;
    base::SystemClock clock;
    base::SystemRandom random;
    gateway::GatewayOptions options = gateway_options(session, random);
    fs::path store = store_path(session);
    engine::EngineOptions engine_options;
    engine_options.clock = &clock;
    engine_options.random = &random;
    if (!session.arguments.region.empty()) {
        engine_options.region = session.arguments.region;
    }

    session.phase = Phase::deciding;
    SignalWatch signals([](int) {});
    std::unique_ptr<engine::Engine> engine = store.empty()
                                                 ? engine::Engine::in_memory(engine_options)
                                                 : engine::Engine::open(store, engine_options);
    gateway::Gateway gateway(*engine, options, clock, random, session.log());
    announce(session, gateway, options, store);
    std::latch stopped(1);
    std::stop_callback on_stop(signals.stop(), [&stopped] { stopped.count_down(); });
    stopped.wait();
    gateway.stop();
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
