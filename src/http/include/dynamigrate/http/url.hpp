#pragma once

#include <string>
#include <string_view>

namespace dynamigrate::http {

/// The parts of an http or https URL that requests are made of.
struct Url {
    std::string scheme;  ///< lower case
    std::string host;    ///< lower case; an IPv6 address without brackets
    int port = 0;        ///< the scheme's when the text has none
    std::string path;    ///< as written, at least "/"
    std::string query;   ///< as written, without '?'

    /// What the Host header says: the port only when it is not the scheme's.
    std::string authority() const;
    /// Scheme and authority: "http://localhost:8000".
    std::string origin() const;
};

/// Errors: invalid_argument for anything but http(s)://host[:port][/path][?query].
Url parse_url(std::string_view text);

/// Whether the host is localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

/// Percent-encodes all but the unreserved characters of RFC 3986 (and '/' when it is kept).
void append_percent_encoded(std::string& out, std::string_view text, bool keep_slash = false);
std::string percent_encoded(std::string_view text, bool keep_slash = false);

}  // namespace dynamigrate::http
