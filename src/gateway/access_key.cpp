#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/gateway/gateway.hpp>

#include <fmt/format.h>

namespace dynamigrate::gateway {

aws::AccessKey make_access_key(base::Random& random) {
    std::string seed;
    for (int i = 0; i < 8; ++i) {
        fmt::format_to(std::back_inserter(seed), "{:016x}", random.next());
    }
    // Hashed, so that the generator's later numbers, which others may see, do not tell the key.
    std::string id = base::sha256_hex("id" + seed).substr(0, 16);
    for (char& c : id) {
        c = static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
    }
    return {"DMIG" + id, base::sha256_hex("secret" + seed).substr(0, 40)};
}

}  // namespace dynamigrate::gateway
