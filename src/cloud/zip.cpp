#include <dynamigrate/cloud/zip.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint16_t kVersion = 20;
constexpr std::uint16_t kMadeOnUnix = 3 << 8 | kVersion;
constexpr std::uint16_t kNamesAreUtf8 = 1 << 11;
constexpr std::uint16_t kDeflated = 8;
/// Midnight of 1 January 1980, the first time that the format knows.
constexpr std::uint16_t kTime = 0;
constexpr std::uint16_t kDate = 1 << 5 | 1;
constexpr std::uint32_t kRegularFile = 0100000;
/// Those above take several times as long for one or two percent less.
constexpr int kLevel = 6;

void put16(std::string& out, std::uint16_t value) {
    out.push_back(static_cast<char>(value & 0xFF));
    out.push_back(static_cast<char>(value >> 8));
}

void put32(std::string& out, std::uint32_t value) {
    put16(out, static_cast<std::uint16_t>(value & 0xFFFF));
    put16(out, static_cast<std::uint16_t>(value >> 16));
}

std::uint32_t size32(std::size_t size) {
    if (size > std::numeric_limits<std::uint32_t>::max()) {
        throw Error(ErrorKind::invalid_argument, "a zip archive cannot hold 4 GB");
    }
    return static_cast<std::uint32_t>(size);
}

struct Deflater {
    Deflater() : compressor(libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor) {
        if (!compressor) {
            throw std::bad_alloc();
        }
    }

    std::string deflate(std::string_view bytes) const {
        std::string out(libdeflate_deflate_compress_bound(compressor.get(), bytes.size()), '\0');
        out.resize(libdeflate_deflate_compress(compressor.get(), bytes.data(), bytes.size(),
                                               out.data(), out.size()));
        return out;
    }

    std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor;
};

/// What both headers of a file say.
void put_common(std::string& out, const ZipEntry& entry, std::uint32_t deflated) {
    put16(out, kVersion);
    put16(out, kNamesAreUtf8);
    put16(out, kDeflated);
    put16(out, kTime);
    put16(out, kDate);
    put32(out, base::crc32(entry.bytes));
    put32(out, deflated);
    put32(out, size32(entry.bytes.size()));
    put16(out, static_cast<std::uint16_t>(entry.name.size()));
    put16(out, 0);  // extra field
}

void put_central(std::string& out, const ZipEntry& entry, std::uint32_t deflated,
                 std::uint32_t offset) {
    const std::uint32_t mode = kRegularFile | (entry.is_executable ? 0755U : 0644U);
    put32(out, kCentralHeader);
    put16(out, kMadeOnUnix);
    put_common(out, entry, deflated);
    put16(out, 0);  // comment
    put16(out, 0);  // disk
    put16(out, 0);  // internal attributes
    put32(out, mode << 16);
    put32(out, offset);
    out += entry.name;
}

void check(const std::vector<ZipEntry>& entries) {
    if (entries.size() > std::numeric_limits<std::uint16_t>::max()) {
        throw Error(ErrorKind::invalid_argument, "a zip archive cannot hold that many files");
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string& name = entries[i].name;
        const bool leads_out =
            name.starts_with('/') || ("/" + name + "/").find("/../") != name.npos;
        if (name.empty() || leads_out || name.size() > std::numeric_limits<std::uint16_t>::max()) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("\"{}\" cannot be a file's name in a zip archive", name));
        }
        if (i > 0 && entries[i - 1].name == name) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("the archive would hold two files named {}", name));
        }
    }
}

}  // namespace

std::string make_zip(std::vector<ZipEntry> entries) {
    std::ranges::sort(entries, {}, &ZipEntry::name);
    check(entries);
    const Deflater deflater;
    std::string out, central;
    for (const ZipEntry& entry : entries) {
        const std::string deflated = deflater.deflate(entry.bytes);
        put_central(central, entry, size32(deflated.size()), size32(out.size()));
        put32(out, kLocalHeader);
        put_common(out, entry, size32(deflated.size()));
        out += entry.name;
        out += deflated;
    }
    const std::uint32_t begin = size32(out.size());
    out += central;
    put32(out, kEnd);
    put32(out, 0);  // disks
    put16(out, static_cast<std::uint16_t>(entries.size()));
    put16(out, static_cast<std::uint16_t>(entries.size()));
    put32(out, size32(central.size()));
    put32(out, begin);
    put16(out, 0);  // comment
    return out;
}

}  // namespace dynamigrate::cloud
