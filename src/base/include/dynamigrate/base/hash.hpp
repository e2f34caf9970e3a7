#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dynamigrate::base {

using Sha256Digest = std::array<unsigned char, 32>;
using Sha1Digest = std::array<unsigned char, 20>;

Sha256Digest sha256(std::string_view bytes);
Sha1Digest sha1(std::string_view bytes);
Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes);

/// Lower-case hexadecimal of any byte range (a digest converts through `as_view`).
std::string to_hex(std::string_view bytes);
template <std::size_t N>
std::string_view as_view(const std::array<unsigned char, N>& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
std::string sha256_hex(std::string_view bytes);

/// CRC-32 as in zlib, gzip and the `x-amz-crc32` header.
std::uint32_t crc32(std::string_view bytes, std::uint32_t seed = 0) noexcept;

/// Fast 64-bit hash for partitioning work inside one process; not stable across versions.
std::uint64_t fast_hash(std::string_view bytes) noexcept;

/// Version-5 UUID (RFC 4122, SHA-1) of a name in a namespace given as UUID text.
/// Throws Error invalid_argument when the namespace is no UUID.
std::string uuid5(std::string_view namespace_uuid, std::string_view name);

/// Standard alphabet with padding, as DynamoDB's B values are written.
void append_base64(std::string& out, std::string_view bytes);
/// Appends the decoded bytes; returns false (and leaves `out` as it was) for anything but
/// canonical padded base64.
bool append_base64_decoded(std::string& out, std::string_view text);

}  // namespace dynamigrate::base
