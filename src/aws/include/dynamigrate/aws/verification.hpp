#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/hash.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::aws {

/// Who may call a server of ours.
struct AccessKey {
    std::string id;
    std::string secret;
};

/// What a server received, as far as Signature Version 4 covers it.
struct ReceivedRequest {
    std::string_view method;
    std::string_view path = "/";
    std::string_view query = {};
    /// All values of the header of this lower-case name, joined by commas; "" when absent.
    std::function<std::string(std::string_view name)> header;
    std::string_view payload = {};
};

/// Why a request is not let in, in AWS's words.
struct Refusal {
    std::string code;  ///< "InvalidSignatureException"
    std::string message;
};

/// Checks the signatures of received requests (Signature Version 4 in the Authorization header).
///
/// A request is let in when its key is known, its scope names the service (any region) and the day
/// of its date, its date is at most 15 minutes off, `host`, the date and every header of
/// `required_headers` are signed, and the signature is the one that the key gives. Signatures are
/// compared in constant time. Derived keys are kept for the day.
/// Threads: any.
class Verifier {
public:
    Verifier(std::string service, std::vector<AccessKey> keys,
             std::vector<std::string> required_headers, base::Clock& clock);

    /// Nothing when the request is let in.
    std::optional<Refusal> check(const ReceivedRequest& request);

private:
    struct DerivedKey {
        std::string scope;
        base::Sha256Digest key{};
    };

    base::Sha256Digest signing_key(std::size_t index, std::string_view day,
                                   std::string_view region);

    std::string service_;
    std::vector<AccessKey> keys_;
    std::vector<std::string> required_headers_;
    base::Clock& clock_;
    std::mutex mutex_;
    std::vector<DerivedKey> derived_;
};

}  // namespace dynamigrate::aws
