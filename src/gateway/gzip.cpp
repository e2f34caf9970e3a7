#include "gzip.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <memory>

namespace dynamigrate::gateway {

namespace {

constexpr int kFastest = 1;

/// What the end of a packed member says of its unpacked length.
std::size_t announced_size(std::string_view packed) noexcept {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        size = size << 8 | static_cast<unsigned char>(packed[packed.size() - 1 - i]);
    }
    return size;
}

}  // namespace

std::optional<std::string> gunzip(std::string_view packed, std::size_t limit) {
    constexpr std::size_t kSmallestMember = 18;
    if (packed.size() < kSmallestMember || announced_size(packed) > limit) {
        return std::nullopt;
    }
    std::string bytes(announced_size(packed), '\0');
    std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> unpacker(
        libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
    libdeflate_result result = libdeflate_gzip_decompress(
        unpacker.get(), packed.data(), packed.size(), bytes.data(), bytes.size(), nullptr);
    if (result != LIBDEFLATE_SUCCESS) {
        return std::nullopt;
    }
    return bytes;
}

std::string gzip(std::string_view bytes) {
    std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> packer(
        libdeflate_alloc_compressor(kFastest), &libdeflate_free_compressor);
    std::string packed(libdeflate_gzip_compress_bound(packer.get(), bytes.size()), '\0');
    packed.resize(libdeflate_gzip_compress(packer.get(), bytes.data(), bytes.size(), packed.data(),
                                           packed.size()));
    return packed;
}

bool accepts_gzip(std::string_view accept_encoding) {
    while (!accept_encoding.empty()) {
        std::size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
        std::string_view coding = accept_encoding.substr(0, end);
        accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
        coding.remove_prefix(std::min(coding.find_first_not_of(' '), coding.size()));
        if (coding.starts_with("gzip")) {
            return coding.find("q=0") == coding.npos ||
                   coding.find_last_of("123456789") != coding.npos;
        }
    }
    return false;
}

}  // namespace dynamigrate::gateway
