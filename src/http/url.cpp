#include <dynamigrate/http/url.hpp>

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::http {

namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw base::Error(base::ErrorKind::invalid_argument,
                      fmt::format("'{}' is no usable URL: {}; write http://host[:port] or "
                                  "https://host[:port]",
                                  text, why));
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

int parse_port(std::string_view digits, std::string_view text) {
    int port = 0;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failure != std::errc{} || end != digits.data() + digits.size() || port < 1 ||
        port > 65535) {
        refuse(text, "the port must be a number from 1 to 65535");
    }
    return port;
}

void split_authority(std::string_view authority, std::string_view text, Url& url) {
    if (authority.find('@') != authority.npos) {
        refuse(text.substr(0, text.find(':')), "it must not hold a user name or password");
    }
    std::size_t host_end = authority.starts_with('[') ? authority.find(']') : 0;
    if (host_end == authority.npos) {
        refuse(text, "']' is missing behind the IPv6 address");
    }
    std::size_t colon = authority.find(':', host_end);
    std::string_view host = authority.substr(0, colon);
    if (host.starts_with('[')) {
        host = host.substr(1, host.size() - 2);
    }
    bool bad = std::ranges::any_of(host, [](unsigned char c) { return c <= ' ' || c == 127; });
    if (host.empty() || bad) {
        refuse(text, host.empty() ? "the host is missing" : "the host holds a space");
    }
    url.host = to_lower(host);
    url.port = url.scheme == "https" ? 443 : 80;
    if (colon != authority.npos) {
        url.port = parse_port(authority.substr(colon + 1), text);
    }
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

}  // namespace

Url parse_url(std::string_view text) {
    Url url;
    std::size_t colon = text.find("://");
    if (colon == text.npos) {
        refuse(text, "'://' is missing");
    }
    url.scheme = to_lower(text.substr(0, colon));
    if (url.scheme != "http" && url.scheme != "https") {
        refuse(text, "its scheme is neither http nor https");
    }
    std::string_view rest = text.substr(colon + 3);
    rest = rest.substr(0, rest.find('#'));
    std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
    split_authority(rest.substr(0, path), text, url);
    rest.remove_prefix(path);
    std::size_t question = rest.find('?');
    url.path = rest.substr(0, question);
    if (url.path.empty()) {
        url.path = "/";
    }
    if (question != rest.npos) {
        url.query = rest.substr(question + 1);
    }
    return url;
}

std::string Url::authority() const {
    std::string name = host.find(':') == host.npos ? host : "[" + host + "]";
    bool usual = port == (scheme == "https" ? 443 : 80);
    return usual ? name : fmt::format("{}:{}", name, port);
}

std::string Url::origin() const { return scheme + "://" + authority(); }

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1" || host.ends_with(".localhost")) {
        return true;
    }
    return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

void append_percent_encoded(std::string& out, std::string_view text, bool keep_slash) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (char c : text) {
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            out.push_back(c);
        } else {
            auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(kDigits[byte >> 4]);
            out.push_back(kDigits[byte & 15]);
        }
    }
}

std::string percent_encoded(std::string_view text, bool keep_slash) {
    std::string out;
    append_percent_encoded(out, text, keep_slash);
    return out;
}

}  // namespace dynamigrate::http
