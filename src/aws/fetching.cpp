#include "fetching.hpp"

#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>

namespace dynamigrate::aws {

base::Error no_credentials(const std::string& source, const std::string& why) {
    return base::Error(base::ErrorKind::unauthenticated, why).at("AWS credentials of " + source);
}

http::Response fetch(const Surroundings& surroundings, const http::Request& request) {
    constexpr int kAttempts = 3;
    http::Response response;
    for (int attempt = 1;; ++attempt) {
        try {
            surroundings.http.send(request, response);
            if (response.status < 500 || attempt == kAttempts) {
                return response;
            }
        } catch (const base::Error& error) {
            if (!base::is_retryable(error.kind()) || attempt == kAttempts) {
                throw;
            }
        }
        if (!surroundings.clock.wait(std::chrono::milliseconds(100) * (1 << attempt),
                                     request.stop)) {
            base::throw_if_stopped(request.stop);
        }
    }
}

Credentials credentials_from_json(const std::string& text, const std::string& source) {
    json::Value document;
    try {
        document = json::parse_json(text, source);
    } catch (const base::Error&) {
        throw no_credentials(source, "the answer is no JSON");
    }
    auto member = [&document](std::string_view name) -> std::string {
        const json::Value* value = document.find(name);
        return value != nullptr && value->is_string() ? value->text() : "";
    };
    Credentials credentials;
    credentials.access_key_id = member("AccessKeyId");
    credentials.secret_access_key = member("SecretAccessKey");
    credentials.session_token = member("Token");
    if (credentials.session_token.empty()) {
        credentials.session_token = member("SessionToken");
    }
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
        std::string said = member("Message").empty() ? member("message") : member("Message");
        throw no_credentials(source, "the answer has no AccessKeyId and SecretAccessKey" +
                                         (said.empty() ? "" : "; it says: " + said));
    }
    if (std::string expiry = member("Expiration"); !expiry.empty()) {
        credentials.expires = parse_expiry(expiry, source);
    }
    credentials.source = source;
    return credentials;
}

std::string xml_element(std::string_view xml, std::string_view name) {
    std::string open = fmt::format("<{}>", name);
    std::size_t begin = xml.find(open);
    if (begin == xml.npos) {
        return "";
    }
    begin += open.size();
    std::string text(xml.substr(begin, xml.find(fmt::format("</{}>", name), begin) - begin));
    constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
        {"&lt;", "<"},   {"&gt;", ">"},   {"&quot;", "\""}, {"&apos;", "'"},
        {"&#xA;", "\n"}, {"&#10;", "\n"}, {"&amp;", "&"}};
    for (auto [entity, plain] : kEntities) {
        for (std::size_t at = 0; (at = text.find(entity, at)) != text.npos; at += plain.size()) {
            text.replace(at, entity.size(), plain);
        }
    }
    return text;
}

base::WallTime parse_expiry(std::string text, const std::string& source) {
    if (text.ends_with("UTC")) {
        text.replace(text.size() - 3, 3, "Z");
    }
    try {
        return base::parse_iso8601(text);
    } catch (const base::Error&) {
        throw no_credentials(source, fmt::format("'{}' is no time of expiry", text));
    }
}

}  // namespace dynamigrate::aws
