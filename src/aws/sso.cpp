#include "sso.hpp"

#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/http/url.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::aws {

namespace {

std::string label(const SsoRequest& request) {
    return fmt::format("profile '{}' (single sign-on)", request.profile);
}

base::Error login_needed(const SsoRequest& request, const char* why) {
    return no_credentials(
        label(request), fmt::format("{}; run `aws sso login --profile {}`", why, request.profile));
}

void check(const SsoRequest& request) {
    for (auto [name, value] :
         {std::pair{"sso_start_url", &request.start_url}, std::pair{"sso_region", &request.region},
          std::pair{"sso_account_id", &request.account_id},
          std::pair{"sso_role_name", &request.role_name}}) {
        if (value->empty()) {
            throw no_credentials(label(request), fmt::format("{} is missing", name));
        }
    }
}

std::string text_of(const json::Value& document, std::string_view name) {
    const json::Value* value = document.find(name);
    return value != nullptr && (value->is_string() || value->is_number()) ? value->text() : "";
}

json::Value parse(const SsoRequest& request, const std::string& text) {
    try {
        return json::parse_json(text, "");
    } catch (const base::Error&) {
        throw login_needed(request, "the stored token or the answer is no JSON");
    }
}

std::string cached_token(const Surroundings& surroundings, const SsoRequest& request) {
    const std::string& key = request.session.empty() ? request.start_url : request.session;
    std::string file = fmt::format("{}/.aws/sso/cache/{}.json", surroundings.environment.home(),
                                   base::to_hex(base::as_view(base::sha1(key))));
    auto text = base::read_file_if_exists(file);
    if (!text) {
        throw login_needed(request, "there is no token of a login");
    }
    json::Value document = parse(request, *text);
    std::string token = text_of(document, "accessToken");
    base::WallTime expires = parse_expiry(text_of(document, "expiresAt"), label(request));
    if (token.empty() || expires <= surroundings.clock.now()) {
        throw login_needed(request, "the token of the last login has expired");
    }
    return token;
}

Credentials credentials_of(const SsoRequest& request, const std::string& answer) {
    json::Value document = parse(request, answer);
    const json::Value* role = document.find("roleCredentials");
    if (role == nullptr) {
        throw no_credentials(label(request), "the answer holds no roleCredentials");
    }
    Credentials credentials{text_of(*role, "accessKeyId"),
                            text_of(*role, "secretAccessKey"),
                            text_of(*role, "sessionToken"),
                            {},
                            label(request)};
    std::string expiration = text_of(*role, "expiration");
    std::int64_t milliseconds = 0;
    std::from_chars(expiration.data(), expiration.data() + expiration.size(), milliseconds);
    if (milliseconds > 0) {
        credentials.expires = base::WallTime{std::chrono::milliseconds(milliseconds)};
    }
    return credentials;
}

}  // namespace

Credentials sso_credentials(const Surroundings& surroundings, const SharedConfig& config,
                            const SsoRequest& request, std::stop_token stop) {
    check(request);
    EndpointOptions options;
    options.region = request.region;
    options.profile = request.profile;
    Endpoint portal = resolve_endpoint("sso", options, surroundings.environment, config);
    http::Request call;
    call.url = fmt::format("{}/federation/credentials?role_name={}&account_id={}", portal.url,
                           http::percent_encoded(request.role_name),
                           http::percent_encoded(request.account_id));
    call.headers = {{"x-amz-sso_bearer_token", cached_token(surroundings, request)}};
    call.timeout = std::chrono::seconds(20);
    call.stop = stop;
    http::Response response = fetch(surroundings, call);
    if (response.status == 401) {
        throw login_needed(request, "the token of the last login is not accepted");
    }
    if (response.status != 200) {
        throw no_credentials(label(request),
                             fmt::format("no credentials of the role {} in account {}: status {}",
                                         request.role_name, request.account_id, response.status));
    }
    return credentials_of(request, response.body);
}

}  // namespace dynamigrate::aws
