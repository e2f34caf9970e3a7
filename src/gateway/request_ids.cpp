#include "request_ids.hpp"

#include <dynamigrate/base/hash.hpp>

namespace dynamigrate::gateway {

std::string RequestIds::next() {
    constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    constexpr std::size_t kLength = 52;
    base::Sha256Digest digest = base::sha256(seed_ + std::to_string(count_++));
    std::string id;
    id.reserve(kLength);
    unsigned bits = 0;
    int count = 0;
    for (unsigned char byte : digest) {
        bits = (bits << 8 | byte) & 0xFFFF;
        for (count += 8; count >= 5; count -= 5) {
            id.push_back(kDigits[bits >> (count - 5) & 31]);
        }
    }
    id.append("G");
    return id;
}

}  // namespace dynamigrate::gateway
