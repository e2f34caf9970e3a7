#include "canonical_request.hpp"

#include <dynamigrate/http/url.hpp>

#include <algorithm>
#include <utility>

namespace dynamigrate::aws {

namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Cuts spaces at both ends and makes one of several inside.
void append_trimmed(std::string& out, std::string_view value) {
    bool gap = false;
    std::size_t begin = out.size();
    for (char c : value) {
        if (is_space(c)) {
            gap = true;
            continue;
        }
        if (gap && out.size() > begin) {
            out.push_back(' ');
        }
        gap = false;
        out.push_back(c);
    }
}

bool has_name_before(const SignedHeader& a, const SignedHeader& b) {
    return std::ranges::lexicographical_compare(a.name, b.name, {}, to_lower, to_lower);
}

bool has_same_name(const SignedHeader& a, const SignedHeader& b) {
    return std::ranges::equal(a.name, b.name, {}, to_lower, to_lower);
}

void append_headers(CanonicalRequest& request, std::vector<SignedHeader>& headers) {
    std::ranges::stable_sort(headers, has_name_before);
    for (std::size_t i = 0; i < headers.size(); ++i) {
        if (i > 0 && has_same_name(headers[i - 1], headers[i])) {
            request.text.back() = ',';
        } else {
            if (i > 0) {
                request.signed_names.push_back(';');
            }
            for (char c : headers[i].name) {
                request.text.push_back(to_lower(c));
                request.signed_names.push_back(to_lower(c));
            }
            request.text.push_back(':');
        }
        append_trimmed(request.text, headers[i].value);
        request.text.push_back('\n');
    }
}

int digit_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit_value(text[i + 1]) >= 0 &&
            digit_value(text[i + 2]) >= 0) {
            out.push_back(
                static_cast<char>(digit_value(text[i + 1]) * 16 + digit_value(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

void append_query(std::string& out, std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        std::size_t end = std::min(query.find('&'), query.size());
        std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (!part.empty()) {
            std::size_t equals = std::min(part.find('='), part.size());
            std::string_view value = part.substr(std::min(equals + 1, part.size()));
            parameters.emplace_back(http::percent_encoded(percent_decoded(part.substr(0, equals))),
                                    http::percent_encoded(percent_decoded(value)));
        }
    }
    std::ranges::sort(parameters);
    for (const auto& [name, value] : parameters) {
        if (&name != &parameters.front().first) {
            out.push_back('&');
        }
        out.append(name).push_back('=');
        out.append(value);
    }
}

void append_path(std::string& out, std::string_view path, bool is_s3) {
    if (is_s3 || path == "/") {
        out.append(path);
        return;
    }
    std::vector<std::string_view> segments;
    std::string_view rest = path;
    while (!rest.empty()) {
        std::size_t end = std::min(rest.find('/'), rest.size());
        std::string_view segment = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (segment == "..") {
            if (!segments.empty()) {
                segments.pop_back();
            }
        } else if (!segment.empty() && segment != ".") {
            segments.push_back(segment);
        }
    }
    for (std::string_view segment : segments) {
        out.push_back('/');
        http::append_percent_encoded(out, segment);
    }
    if (segments.empty() || path.ends_with('/')) {
        out.push_back('/');
    }
}

}  // namespace

CanonicalRequest make_canonical_request(const SigningInput& input,
                                        std::vector<SignedHeader> headers,
                                        std::string_view payload_hash, bool is_s3) {
    CanonicalRequest request;
    request.text.reserve(1024);
    request.text.append(input.method).push_back('\n');
    append_path(request.text, input.path, is_s3);
    request.text.push_back('\n');
    append_query(request.text, input.query);
    request.text.push_back('\n');
    append_headers(request, headers);
    request.text.push_back('\n');
    request.text.append(request.signed_names).push_back('\n');
    request.text.append(payload_hash);
    return request;
}

}  // namespace dynamigrate::aws
