#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

namespace dynamigrate::migrate {

/// Bytes of a file, decompressed, from its begin to its end. Threads: one.
class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Fills the buffer as far as it can; 0 only at the end.
    /// Errors: unavailable (I/O); corrupted for a damaged or cut-off archive.
    virtual std::size_t read(char* buffer, std::size_t size) = 0;
};

/// Opens the file; a name that ends in .gz or .zst is decompressed.
/// Errors: not_found, permission_denied, unavailable.
std::unique_ptr<ByteStream> open_byte_stream(const std::filesystem::path& path);

}  // namespace dynamigrate::migrate
