#include "sts.hpp"

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

namespace dynamigrate::aws {

namespace {

constexpr const char* kFormType = "application/x-www-form-urlencoded; charset=utf-8";

void append_field(std::string& form, const char* name, const std::string& value) {
    if (!value.empty()) {
        form.append("&").append(name).append("=");
        http::append_percent_encoded(form, value);
    }
}

void sign(http::Request& request, const Endpoint& endpoint, const Credentials& caller,
          base::WallTime now) {
    std::string authority = http::parse_url(request.url).authority();
    SignedHeader headers[] = {{"content-type", kFormType}, {"host", authority}};
    Signature signature;
    Signer(endpoint.region, "sts")
        .sign({.method = "POST", .headers = headers, .payload = request.body}, caller, now,
              signature);
    request.headers.push_back({"x-amz-date", signature.date});
    request.headers.push_back({"authorization", signature.authorization});
    if (!caller.session_token.empty()) {
        request.headers.push_back({"x-amz-security-token", caller.session_token});
    }
}

}  // namespace

std::string Sts::form(const char* action, const RoleRequest& role) const {
    std::string body = fmt::format("Action={}&Version=2011-06-15", action);
    std::string name = role.session_name;
    if (name.empty()) {
        name = fmt::format("dynamigrate-{}",
                           surroundings_.clock.now().time_since_epoch().count() / 1000);
    }
    append_field(body, "RoleArn", role.role_arn);
    append_field(body, "RoleSessionName", name);
    append_field(body, "ExternalId", role.external_id);
    append_field(body, "DurationSeconds", role.duration_seconds);
    return body;
}

Credentials Sts::assume_role(const RoleRequest& role, const Credentials& caller,
                             std::stop_token stop) const {
    return exchange(form("AssumeRole", role), &caller, role, stop);
}

Credentials Sts::assume_role_with_web_identity(const RoleRequest& role, const std::string& token,
                                               std::stop_token stop) const {
    std::string body = form("AssumeRoleWithWebIdentity", role);
    append_field(body, "WebIdentityToken", token);
    return exchange(body, nullptr, role, stop);
}

Credentials Sts::exchange(const std::string& body, const Credentials* caller,
                          const RoleRequest& role, std::stop_token stop) const {
    http::Request request;
    request.method = "POST";
    request.url = endpoint_.url + "/";
    request.headers = {{"content-type", kFormType}};
    request.body = body;
    request.timeout = std::chrono::seconds(20);
    request.stop = stop;
    if (caller != nullptr) {
        sign(request, endpoint_, *caller, surroundings_.clock.now());
    }
    http::Response response = fetch(surroundings_, request);
    if (response.status != 200) {
        throw no_credentials(
            role.source,
            fmt::format("STS does not give the role {}: status {}, {}: {}", role.role_arn,
                        response.status, xml_element(response.body, "Code"),
                        xml_element(response.body, "Message")));
    }
    Credentials credentials;
    credentials.access_key_id = xml_element(response.body, "AccessKeyId");
    credentials.secret_access_key = xml_element(response.body, "SecretAccessKey");
    credentials.session_token = xml_element(response.body, "SessionToken");
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
        throw no_credentials(role.source, "the answer of STS holds no credentials");
    }
    credentials.expires = parse_expiry(xml_element(response.body, "Expiration"), role.source);
    credentials.source = role.source;
    return credentials;
}

}  // namespace dynamigrate::aws
