#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace dynamigrate::remote {

/// The moment of a Date header ("Sun, 06 Nov 1994 08:49:37 GMT"); nothing when it is none.
std::optional<base::WallTime> parse_http_date(std::string_view text);

/// The delay of a Retry-After header in seconds; nothing when there is none.
std::optional<std::chrono::milliseconds> retry_after(const http::Response& response);

/// Whether the body is what the server says it sent (x-amz-crc32), or the server says nothing.
bool matches_checksum(const http::Response& response, std::string_view body);

}  // namespace dynamigrate::remote
