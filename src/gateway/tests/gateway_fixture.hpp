#pragma once

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/gateway/gateway.hpp>
#include <dynamigrate/http/client.hpp>

#include <functional>
#include <string>
#include <vector>

namespace dynamigrate::gateway {

/// A service that does what the test says; at first it answers "{}".
class ScriptedService final : public dynamodb::Service {
public:
    using Script = std::function<void(const dynamodb::Call& call, dynamodb::Reply& reply)>;

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override { script(call, reply); }
    std::string location() const override { return "script"; }

    Script script = [](const dynamodb::Call&, dynamodb::Reply& reply) { reply.body = "{}"; };
};

/// A gateway over a scripted service, and a client.
struct Fixture {
    explicit Fixture(const GatewayOptions& options = {})
        : gateway(service, options, clock, random, base::null_log()) {}

    /// POST / of that operation, with these headers too; the answer is in `response`.
    const http::Response& call(const std::string& operation, std::string_view body = "{}",
                               std::vector<http::Header> headers = {}) {
        headers.push_back({"X-Amz-Target", "DynamoDB_20120810." + operation});
        headers.push_back({"Content-Type", "application/x-amz-json-1.0"});
        return send("POST", "/", body, std::move(headers));
    }

    const http::Response& send(const std::string& method, const std::string& path,
                               std::string_view body, std::vector<http::Header> headers) {
        http::Request request;
        request.method = method;
        request.url = gateway.origin() + path;
        request.headers = std::move(headers);
        request.body = body;
        client->send(request, response);
        return response;
    }

    /// The headers that sign a call with the key.
    std::vector<http::Header> signature(const aws::AccessKey& key, const std::string& operation,
                                        std::string_view body) {
        std::string host = gateway.origin().substr(std::string("http://").size());
        std::string target = "DynamoDB_20120810." + operation;
        const aws::SignedHeader headers[] = {{"host", host}, {"x-amz-target", target}};
        aws::Signature signature;
        aws::Signer("eu-west-1", "dynamodb")
            .sign({.method = "POST", .headers = headers, .payload = body},
                  {key.id, key.secret, "", {}, "test"}, clock.now(), signature);
        return {{"x-amz-date", signature.date}, {"authorization", signature.authorization}};
    }

    std::string header(std::string_view name) const {
        return std::string(response.header(name).value_or(""));
    }

    ScriptedService service;
    base::FakeClock clock;
    base::SeededRandom random{1};
    Gateway gateway;
    std::unique_ptr<http::Client> client = http::make_curl_client();
    http::Response response;
};

}  // namespace dynamigrate::gateway
