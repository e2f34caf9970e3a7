#pragma once

#include "browser_policy.hpp"
#include "error_document.hpp"
#include "request_ids.hpp"

#include <dynamigrate/gateway/gateway.hpp>
#include <dynamigrate/http/server.hpp>

#include <optional>
#include <stop_token>
#include <string_view>

namespace dynamigrate::gateway {

/// Time, chance and the log.
struct EndpointSurroundings {
    base::Clock& clock;
    base::Random& random;
    base::Log& log;
};

/// Answers HTTP requests as a DynamoDB endpoint does. Threads: any.
class Endpoint {
public:
    Endpoint(dynamodb::Service& service, const GatewayOptions& options, std::stop_token stop,
             EndpointSurroundings surroundings);

    void answer(const http::ServedRequest& request, http::ServedResponse& response);

private:
    void answer_admitted(const http::ServedRequest& request, http::ServedResponse& response);
    void answer_call(const http::ServedRequest& request, http::ServedResponse& response);
    void call_service(std::string_view operation, const http::ServedRequest& request,
                      std::string_view body, http::ServedResponse& response);
    void answer_error(std::string_view operation, const base::Error& error,
                      http::ServedResponse& response);
    std::optional<aws::Refusal> check_signature(const http::ServedRequest& request);

    dynamodb::Service& service_;
    const std::size_t max_request_bytes_;
    BrowserPolicy policy_;
    std::optional<aws::Verifier> verifier_;
    RequestIds ids_;
    std::stop_token stop_;
    base::Clock& clock_;
    base::Log& log_;
};

/// The answer to what is no proper HTTP request, or too large; its status is set.
void answer_unserved(std::string_view reason, http::ServedResponse& response);

}  // namespace dynamigrate::gateway
