#include <dynamigrate/remote/s3_objects.hpp>

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/url.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamigrate::remote {

using base::Error;
using base::ErrorKind;

namespace {

constexpr int kAttempts = 6;
constexpr auto kFirstDelay = std::chrono::milliseconds(200);
constexpr auto kTimeout = std::chrono::seconds(60);

using Extra = std::vector<std::pair<std::string, std::string>>;

std::string unescaped(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> kNames{
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    std::string plain;
    while (!text.empty()) {
        const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) {
            return text.starts_with(name.first);
        });
        if (found != kNames.end()) {
            plain += found->second;
            text.remove_prefix(found->first.size());
        } else {
            plain += text.front();
            text.remove_prefix(1);
        }
    }
    return plain;
}

/// The content of the next element of that name, which is taken from the text; nothing at its end.
std::optional<std::string> take_element(std::string_view& xml, const std::string& name) {
    const std::string open = "<" + name + ">";
    const std::string close = "</" + name + ">";
    const std::size_t begin = xml.find(open);
    const std::size_t end = begin == xml.npos ? xml.npos : xml.find(close, begin);
    if (end == xml.npos) {
        return std::nullopt;
    }
    const std::size_t from = begin + open.size();
    std::string content = unescaped(xml.substr(from, end - from));
    xml.remove_prefix(end + close.size());
    return content;
}

std::string element(std::string_view xml, const std::string& name) {
    return take_element(xml, name).value_or("");
}

ErrorKind kind_of(int status, const std::string& code) {
    static constexpr std::array<std::string_view, 5> kCredentials{
        "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
        "RequestTimeTooSkewed"};
    if (std::find(kCredentials.begin(), kCredentials.end(), code) != kCredentials.end()) {
        return ErrorKind::unauthenticated;
    }
    if (code == "SlowDown" || status == 429) {
        return ErrorKind::throttled;
    }
    // The other writer of the same object may fail: then it is still free.
    if (status >= 500 || status == 409 || code == "RequestTimeout") {
        return ErrorKind::unavailable;
    }
    if (status == 301 || status == 307 || code == "AuthorizationHeaderMalformed") {
        return ErrorKind::failed_precondition;
    }
    return status == 403   ? ErrorKind::permission_denied
           : status == 404 ? ErrorKind::not_found
                           : ErrorKind::invalid_argument;
}

class S3Objects final : public base::ObjectStore {
public:
    explicit S3Objects(const S3Options& options)
        : options_(options),
          signer_(options.endpoint.region, "s3") {
        http::Url url = http::parse_url(options.endpoint.url);
        const bool by_host =
            !options.endpoint.is_custom && options.bucket.find('.') == std::string::npos;
        const std::size_t scheme = options.endpoint.url.find("://") + 3;
        origin_ = by_host ? options.endpoint.url.substr(0, scheme) + options.bucket + "." +
                                options.endpoint.url.substr(scheme)
                          : options.endpoint.url;
        authority_ = by_host ? options.bucket + "." + url.authority() : url.authority();
        root_ = by_host ? "" : "/" + http::percent_encoded(options.bucket);
    }

    std::string location() const override {
        return "s3://" + options_.bucket + (options_.prefix.empty() ? "" : "/" + options_.prefix);
    }

    std::optional<std::string> get(const std::string& name) override {
        http::Response response = request("GET", path_of(name), "", "", {}, {200, 404});
        if (response.status == 200) {
            return std::move(response.body);
        }
        expect_bucket(response, "GetObject");
        return std::nullopt;
    }

    bool put(const std::string& name, std::string_view bytes, bool only_if_absent) override {
        Extra headers;
        if (only_if_absent) {
            headers.emplace_back("if-none-match", "*");
        }
        if (!options_.kms_key.empty()) {
            headers.emplace_back("x-amz-server-side-encryption", "aws:kms");
            headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", options_.kms_key);
        }
        return request("PUT", path_of(name), "", bytes, headers, {200, 412}).status == 200;
    }

    std::vector<std::string> list(const std::string& prefix) override {
        std::vector<std::string> names;
        std::string token;
        do {
            std::string query;  // its names in order, as they are signed
            if (!token.empty()) {
                query = "continuation-token=" + http::percent_encoded(token) + "&";
            }
            query += "list-type=2&prefix=" + http::percent_encoded(key_of(prefix));
            const http::Response response =
                request("GET", root_.empty() ? "/" : root_, query, "", {}, {200});
            std::string_view xml = response.body;
            token = element(xml, "IsTruncated") == "true" ? element(xml, "NextContinuationToken")
                                                          : std::string();
            while (const auto key = take_element(xml, "Key")) {
                names.push_back(key->substr(key_of("").size()));
            }
        } while (!token.empty());
        std::sort(names.begin(), names.end());
        return names;
    }

    void remove(const std::string& name) override {
        expect_bucket(request("DELETE", path_of(name), "", "", {}, {200, 204, 404}),
                      "DeleteObject");
    }

private:
    std::string key_of(const std::string& name) const {
        return options_.prefix.empty() ? name : options_.prefix + "/" + name;
    }
    std::string path_of(const std::string& name) const {
        const bool climbs = name.empty() || name.front() == '/' || name.back() == '/' ||
                            name.find("..") != std::string::npos;
        if (climbs) {
            throw Error(ErrorKind::invalid_argument,
                        "\"" + name + "\" is no name for an object in " + location());
        }
        return root_ + "/" + http::percent_encoded(key_of(name), true);
    }

    /// A 404 about anything but the object is an error.
    void expect_bucket(const http::Response& response, const char* operation) const {
        if (response.status == 404 && element(response.body, "Code") == "NoSuchBucket") {
            throw error_of(response, operation);
        }
    }

    http::Response request(const std::string& method, const std::string& path,
                           const std::string& query, std::string_view body, const Extra& extra,
                           std::initializer_list<int> expected) {
        auto delay = kFirstDelay;
        for (int attempt = 1;; ++attempt, delay *= 2) {
            try {
                const std::shared_ptr<const aws::Credentials> keys = options_.credentials.get({});
                http::Response response = send(method, path, query, body, extra, *keys);
                if (std::find(expected.begin(), expected.end(), response.status) !=
                    expected.end()) {
                    return response;
                }
                const Error error = error_of(response, method + " " + path);
                if (error.service_code() != "ExpiredToken" || attempt > 1) {
                    throw error;
                }
                options_.credentials.refused(keys);
            } catch (const Error& error) {
                if (!base::is_retryable(error.kind()) || attempt == kAttempts) {
                    throw;
                }
                options_.clock.wait(delay, {});
            }
        }
    }

    http::Response send(const std::string& method, const std::string& path,
                        const std::string& query, std::string_view body, const Extra& extra,
                        const aws::Credentials& keys) {
        std::vector<aws::SignedHeader> signed_headers{{"host", authority_}};
        http::Request request;
        for (const auto& [name, value] : extra) {
            signed_headers.push_back({name, value});
            request.headers.push_back({name, value});
        }
        aws::Signature signature;
        signer_.sign({.method = method,
                      .path = path,
                      .query = query,
                      .headers = signed_headers,
                      .payload = body},
                     keys, options_.clock.now(), signature);
        request.method = method;
        request.url = origin_ + path + (query.empty() ? "" : "?" + query);
        request.body = body;
        request.timeout = kTimeout;
        request.headers.push_back({"x-amz-date", signature.date});
        request.headers.push_back({"x-amz-content-sha256", signature.payload_hash});
        request.headers.push_back({"authorization", signature.authorization});
        if (!keys.session_token.empty()) {
            request.headers.push_back({"x-amz-security-token", keys.session_token});
        }
        http::Response response;
        options_.http.send(request, response);
        return response;
    }

    Error error_of(const http::Response& response, const std::string& operation) const {
        const std::string code = element(response.body, "Code");
        const ErrorKind kind = kind_of(response.status, code);
        std::string message = element(response.body, "Message");
        if (message.empty()) {
            message = "S3 answered with status " + std::to_string(response.status);
        }
        if (kind == ErrorKind::failed_precondition) {
            message += "; name the bucket's region with `journal: {region: ...}`";
        }
        return Error(kind, message)
            .at(location() + ": " + operation)
            .service_code(code)
            .may_have_applied(response.status >= 500);
    }

    const S3Options options_;
    aws::Signer signer_;
    std::string origin_;
    std::string authority_;
    std::string root_;  ///< the bucket's path
};

}  // namespace

std::unique_ptr<base::ObjectStore> make_s3_objects(const S3Options& options) {
    return std::make_unique<S3Objects>(options);
}

}  // namespace dynamigrate::remote
