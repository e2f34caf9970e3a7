#include <dynamigrate/base/hash.hpp>

#include <dynamigrate/base/error.hpp>

#include <libdeflate.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>
#include <memory>

namespace dynamigrate::base {

namespace {

/// OpenSSL looks an algorithm up for each call that does not bring it: at a request's size that
/// costs as much as the digest. They are kept until the process ends.
const EVP_MD* fetched(const char* name) {
    const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
    if (algorithm == nullptr) {
        throw Error(ErrorKind::internal, std::string("OpenSSL has no ") + name);
    }
    return algorithm;
}

struct DigestCloser {
    void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};

struct MacCloser {
    void operator()(EVP_MAC_CTX* mac) const { EVP_MAC_CTX_free(mac); }
};

template <std::size_t N>
std::array<unsigned char, N> digest_of(const EVP_MD* algorithm, std::string_view bytes) {
    thread_local const std::unique_ptr<EVP_MD_CTX, DigestCloser> kDigest(EVP_MD_CTX_new());
    std::array<unsigned char, N> digest;
    unsigned length = 0;
    if (EVP_DigestInit_ex2(kDigest.get(), algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(kDigest.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(kDigest.get(), digest.data(), &length) != 1 || length != N) {
        throw Error(ErrorKind::internal, "OpenSSL could not compute a digest");
    }
    return digest;
}

std::unique_ptr<EVP_MAC_CTX, MacCloser> make_hmac_sha256() {
    static EVP_MAC* const kHmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    std::unique_ptr<EVP_MAC_CTX, MacCloser> mac(EVP_MAC_CTX_new(kHmac));
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end()};
    if (!mac || EVP_MAC_CTX_set_params(mac.get(), parameters) != 1) {
        throw Error(ErrorKind::internal, "OpenSSL has no HMAC-SHA256");
    }
    return mac;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_dash_place(std::size_t place) {
    return place == 8 || place == 13 || place == 18 || place == 23;
}

/// The 16 bytes of a UUID's text, or an empty string when it is none.
std::string uuid_bytes(std::string_view text) {
    std::string bytes;
    if (text.size() != 36) {
        return bytes;
    }
    for (std::size_t place = 0; place < text.size();) {
        if (is_dash_place(place)) {
            if (text[place] != '-') {
                return {};
            }
            ++place;
            continue;
        }
        const int high = hex_value(text[place]);
        const int low = hex_value(text[place + 1]);
        if (high < 0 || low < 0) {
            return {};
        }
        bytes.push_back(static_cast<char>(high * 16 + low));
        place += 2;
    }
    return bytes;
}

std::uint64_t mix(std::uint64_t x) noexcept {
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93ULL;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93ULL;
    x ^= x >> 32;
    return x;
}

}  // namespace

Sha256Digest sha256(std::string_view bytes) {
    static const EVP_MD* const kAlgorithm = fetched("SHA256");
    return digest_of<32>(kAlgorithm, bytes);
}

Sha1Digest sha1(std::string_view bytes) {
    static const EVP_MD* const kAlgorithm = fetched("SHA1");
    return digest_of<20>(kAlgorithm, bytes);
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes) {
    thread_local const std::unique_ptr<EVP_MAC_CTX, MacCloser> kMac = make_hmac_sha256();
    auto octets = [](std::string_view text) {
        return reinterpret_cast<const unsigned char*>(text.empty() ? "" : text.data());
    };
    Sha256Digest digest;
    std::size_t length = 0;
    if (EVP_MAC_init(kMac.get(), octets(key), key.size(), nullptr) != 1 ||
        EVP_MAC_update(kMac.get(), octets(bytes), bytes.size()) != 1 ||
        EVP_MAC_final(kMac.get(), digest.data(), &length, digest.size()) != 1 ||
        length != digest.size()) {
        throw Error(ErrorKind::internal, "OpenSSL could not compute a message authentication code");
    }
    return digest;
}

std::string to_hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text(bytes.size() * 2, '\0');
    char* place = text.data();
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        *place++ = kDigits[byte >> 4];
        *place++ = kDigits[byte & 15];
    }
    return text;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(as_view(sha256(bytes))); }

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed) noexcept {
    if (bytes.empty()) {
        return seed;
    }
    return ::libdeflate_crc32(seed, bytes.data(), bytes.size());
}

std::uint64_t fast_hash(std::string_view bytes) noexcept {
    std::uint64_t hash = 0x9E3779B97F4A7C15ULL ^ bytes.size();
    while (bytes.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data(), 8);
        hash = mix(hash ^ word) + 0x9E3779B97F4A7C15ULL;
        bytes.remove_prefix(8);
    }
    std::uint64_t tail = 0;
    if (!bytes.empty()) {
        std::memcpy(&tail, bytes.data(), bytes.size());
    }
    return mix(hash ^ tail);
}

std::string uuid5(std::string_view namespace_uuid, std::string_view name) {
    std::string bytes = uuid_bytes(namespace_uuid);
    if (bytes.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "\"" + std::string(namespace_uuid) + "\" is not a UUID");
    }
    bytes.append(name);
    Sha1Digest digest = sha1(bytes);
    digest[6] = static_cast<unsigned char>((digest[6] & 0x0F) | 0x50);
    digest[8] = static_cast<unsigned char>((digest[8] & 0x3F) | 0x80);
    std::string text = to_hex(as_view(digest).substr(0, 16));
    for (const std::size_t place : {8, 13, 18, 23}) {
        text.insert(place, 1, '-');
    }
    return text;
}

}  // namespace dynamigrate::base
