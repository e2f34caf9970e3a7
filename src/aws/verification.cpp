#include <dynamigrate/aws/verification.hpp>

#include "basic_date.hpp"
#include "canonical_request.hpp"
#include "signing_key.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::chrono::minutes kTolerance{15};

constexpr const char* kInvalid = "InvalidSignatureException";

/// What the Authorization header says; views into it.
struct Authorization {
    std::string_view key_id, day, region, service, terminator;
    std::string_view signed_names;
    std::string_view signature;
};

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == text.npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

std::string_view parameter(std::string_view parameters, std::string_view name) {
    for (std::string_view part : split(parameters, ',')) {
        part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
        if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) {
            return part.substr(name.size() + 1);
        }
    }
    return {};
}

Refusal incomplete(std::string message) {
    return {"IncompleteSignatureException", std::move(message)};
}

std::optional<Refusal> parse(std::string_view text, Authorization& out) {
    std::string_view parameters = text.substr(kAlgorithm.size());
    std::string_view credential = parameter(parameters, "Credential");
    out.signed_names = parameter(parameters, "SignedHeaders");
    out.signature = parameter(parameters, "Signature");
    std::string missing;
    for (auto [name, value] : {std::pair("Credential", credential),
                               {"Signature", out.signature},
                               {"SignedHeaders", out.signed_names}}) {
        if (value.empty()) {
            missing += fmt::format("Authorization header requires '{}' parameter. ", name);
        }
    }
    if (!missing.empty()) {
        missing.pop_back();
        return incomplete(std::move(missing));
    }
    std::vector<std::string_view> scope = split(credential, '/');
    if (scope.size() < 5) {
        return incomplete(
            "Credential must have at least 5 slash-delimited elements, such as "
            "KEY/20260131/us-east-1/dynamodb/aws4_request.");
    }
    // A key id may hold slashes itself.
    auto from_end = [&scope](std::size_t n) { return scope[scope.size() - n]; };
    out.terminator = from_end(1);
    out.service = from_end(2);
    out.region = from_end(3);
    out.day = from_end(4);
    out.key_id =
        credential.substr(0, static_cast<std::size_t>(out.day.data() - credential.data()) - 1);
    return std::nullopt;
}

std::optional<Refusal> check_date(std::string_view date, base::WallTime now) {
    std::optional<base::WallTime> time = parse_basic_date(date);
    if (!time) {
        return incomplete(
            "Authorization header requires existence of a 'X-Amz-Date' header of the "
            "form 20260131T235959Z.");
    }
    if (*time < now - kTolerance) {
        return Refusal{kInvalid,
                       fmt::format("Signature expired: {} is now earlier than {} ({} - 15 "
                                   "min.)",
                                   date, basic_date(now - kTolerance), basic_date(now))};
    }
    if (*time > now + kTolerance) {
        return Refusal{kInvalid, fmt::format("Signature not yet current: {} is still later than {} "
                                             "({} + 15 min.)",
                                             date, basic_date(now + kTolerance), basic_date(now))};
    }
    return std::nullopt;
}

std::optional<Refusal> check_scope(const Authorization& authorization, std::string_view date,
                                   std::string_view service) {
    std::string wrong;
    if (authorization.service != service) {
        wrong = fmt::format("Credential should be scoped to correct service: '{}'.", service);
    } else if (authorization.terminator != kTerminator) {
        wrong =
            fmt::format("Credential should be scoped with a valid terminator: '{}'.", kTerminator);
    } else if (!date.starts_with(authorization.day) || authorization.day.size() != 8) {
        wrong = fmt::format(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
            "of date from HTTP: '{}' != '{}'.",
            authorization.day, date.substr(0, 8));
    }
    if (wrong.empty()) {
        return std::nullopt;
    }
    return Refusal{kInvalid, std::move(wrong)};
}

std::optional<Refusal> check_names(const std::vector<std::string_view>& names,
                                   const std::vector<std::string>& required) {
    for (const std::string& name : required) {
        if (std::ranges::find(names, name) == names.end()) {
            return Refusal{
                kInvalid,
                fmt::format("'{}' must be a 'SignedHeader' in the AWS Credential.", name)};
        }
    }
    return std::nullopt;
}

/// Takes the same time wherever the two differ.
bool is_equal_secretly(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}

std::string signature_of(const ReceivedRequest& request, const std::vector<std::string_view>& names,
                         std::string_view date, std::string_view scope,
                         const base::Sha256Digest& key, bool is_s3) {
    std::vector<std::string> values;
    values.reserve(names.size());
    std::vector<SignedHeader> headers;
    headers.reserve(names.size());
    for (std::string_view name : names) {
        headers.push_back({name, values.emplace_back(request.header(name))});
    }
    CanonicalRequest canonical = make_canonical_request(
        {.method = request.method, .path = request.path, .query = request.query},
        std::move(headers), base::sha256_hex(request.payload), is_s3);
    std::string text =
        fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope, base::sha256_hex(canonical.text));
    return base::to_hex(base::as_view(base::hmac_sha256(base::as_view(key), text)));
}

}  // namespace

Verifier::Verifier(std::string service, std::vector<AccessKey> keys,
                   std::vector<std::string> required_headers, base::Clock& clock)
    : service_(std::move(service)),
      keys_(std::move(keys)),
      required_headers_(std::move(required_headers)),
      clock_(clock),
      derived_(keys_.size()) {
    required_headers_.insert(required_headers_.end(), {"host", "x-amz-date"});
}

std::optional<Refusal> Verifier::check(const ReceivedRequest& request) {
    std::string text = request.header("authorization");
    if (text.empty()) {
        return Refusal{"MissingAuthenticationTokenException",
                       "Request is missing Authentication Token"};
    }
    if (!text.starts_with(kAlgorithm)) {
        return incomplete(
            fmt::format("Authorization header requires the algorithm '{}'.", kAlgorithm));
    }
    Authorization authorization;
    if (auto refusal = parse(text, authorization)) {
        return refusal;
    }
    auto key = std::ranges::find(keys_, authorization.key_id, &AccessKey::id);
    if (key == keys_.end()) {
        return Refusal{"UnrecognizedClientException",
                       "The security token included in the request is invalid."};
    }
    std::string date = request.header("x-amz-date");
    if (auto refusal = check_date(date, clock_.now())) {
        return refusal;
    }
    if (auto refusal = check_scope(authorization, date, service_)) {
        return refusal;
    }
    std::vector<std::string_view> names = split(authorization.signed_names, ';');
    if (auto refusal = check_names(names, required_headers_)) {
        return refusal;
    }
    auto index = static_cast<std::size_t>(key - keys_.begin());
    base::Sha256Digest derived = signing_key(index, authorization.day, authorization.region);
    std::string scope =
        fmt::format("{}/{}/{}/{}", authorization.day, authorization.region, service_, kTerminator);
    if (!is_equal_secretly(signature_of(request, names, date, scope, derived, service_ == "s3"),
                           authorization.signature)) {
        return Refusal{kInvalid,
                       "The request signature we calculated does not match the signature you "
                       "provided. Check your AWS Secret Access Key and signing method. Consult the "
                       "service documentation for details."};
    }
    return std::nullopt;
}

base::Sha256Digest Verifier::signing_key(std::size_t index, std::string_view day,
                                         std::string_view region) {
    std::string scope = fmt::format("{}/{}", day, region);
    std::lock_guard lock(mutex_);
    DerivedKey& derived = derived_[index];
    if (derived.scope != scope) {
        derived.key = derive_signing_key(keys_[index].secret, day, region, service_);
        derived.scope = std::move(scope);
    }
    return derived.key;
}

}  // namespace dynamigrate::aws
