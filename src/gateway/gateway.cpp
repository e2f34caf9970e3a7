#include <dynamigrate/gateway/gateway.hpp>

#include "endpoint.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/server.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

namespace dynamigrate::gateway {

namespace {

http::ServerOptions server_options(const GatewayOptions& options) {
    if (options.access_keys.empty() && !http::is_loopback(options.host)) {
        throw base::Error(
            base::ErrorKind::failed_precondition,
            fmt::format(
                "other machines can reach {}, and without an access key they could read and "
                "write everything; give --access-key, or listen on 127.0.0.1",
                options.host.empty() ? "every address" : options.host));
    }
    http::ServerOptions server;
    server.host = options.host;
    server.port = options.port;
    server.threads = options.threads;
    server.max_body_bytes = options.max_request_bytes;
    server.refuse = answer_unserved;
    return server;
}

}  // namespace

struct Gateway::State {
    State(dynamodb::Service& service, const GatewayOptions& options, base::Clock& clock,
          base::Random& random, base::Log& log)
        : endpoint(service, options, stop.get_token(), {clock, random, log}),
          server(http::make_server(
              server_options(options),
              [this](const http::ServedRequest& request, http::ServedResponse& response) {
                  endpoint.answer(request, response);
              })) {}

    std::stop_source stop;
    Endpoint endpoint;
    std::unique_ptr<http::Server> server;
};

Gateway::Gateway(dynamodb::Service& service, const GatewayOptions& options, base::Clock& clock,
                 base::Random& random, base::Log& log)
    : state_(std::make_unique<State>(service, options, clock, random, log)) {}

Gateway::~Gateway() { stop(); }

int Gateway::port() const { return state_->server->port(); }

std::string Gateway::origin() const { return state_->server->origin(); }

void Gateway::stop() {
    state_->stop.request_stop();
    state_->server->stop();
}

}  // namespace dynamigrate::gateway
