#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dynamigrate::gateway {

/// The unpacked bytes; nothing when they would be more than `limit` or the packed ones are damaged.
std::optional<std::string> gunzip(std::string_view packed, std::size_t limit);

/// Packs fast rather than small.
std::string gzip(std::string_view bytes);

/// Whether an Accept-Encoding header takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace dynamigrate::gateway
