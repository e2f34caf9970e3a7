#pragma once

#include <dynamigrate/aws/verification.hpp>
#include <dynamigrate/http/server.hpp>
#include <dynamigrate/http/url.hpp>

#include <atomic>
#include <charconv>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dynamigrate::cli {

/// The parts of S3 that journals need, by path, in memory: GET, PUT (with If-None-Match), DELETE and
/// ListObjectsV2 in pages of `page` keys. Signatures are checked.
class S3Server {
public:
    explicit S3Server(base::Clock& clock, std::size_t page = 3)
        : page_(page),
          verifier_("s3", {{"key", "secret"}}, {"host"}, clock),
          server_(http::make_server(
              {}, [this](const auto& request, auto& response) { answer(request, response); })) {}

    std::string origin() const { return server_->origin(); }
    std::map<std::string, std::string> objects() {
        const std::lock_guard lock(mutex_);
        return objects_;
    }
    std::vector<std::string> seen_kms_keys() {
        const std::lock_guard lock(mutex_);
        return kms_keys_;
    }
    /// So many further puts are carried out and then answered with status 500.
    std::atomic<int> lost_answers{0};

private:
    using Parameters = std::map<std::string, std::string>;

    static std::string decoded(std::string_view text) {
        std::string plain;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '%' && i + 2 < text.size()) {
                int code = 0;
                std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16);
                plain += static_cast<char>(code);
                i += 2;
            } else {
                plain += text[i];
            }
        }
        return plain;
    }
    static Parameters parameters(std::string_view query) {
        Parameters found;
        while (!query.empty()) {
            const std::string_view one = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(query.size(), one.size() + 1));
            const std::size_t equals = one.find('=');
            found[decoded(one.substr(0, equals))] = decoded(one.substr(equals + 1));
        }
        return found;
    }
    static void refuse(http::ServedResponse& response, int status, const std::string& code) {
        response.status = status;
        response.content_type = "application/xml";
        response.body = "<?xml version=\"1.0\"?><Error><Code>" + code +
                        "</Code><Message>no: " + code + "</Message></Error>";
    }

    void answer(const http::ServedRequest& request, http::ServedResponse& response) {
        const std::size_t question = request.target.find('?');
        const std::string_view path = request.target.substr(0, question);
        const std::string_view query =
            question == std::string_view::npos ? "" : request.target.substr(question + 1);
        const auto refusal = verifier_.check(
            {request.method, path, query,
             [&](std::string_view name) { return request.header(name); }, request.body});
        if (refusal) {
            refuse(response, 403, "SignatureDoesNotMatch");
            return;
        }
        const std::lock_guard lock(mutex_);
        const std::string key = decoded(path);
        if (!key.starts_with("/journals")) {
            refuse(response, 404, "NoSuchBucket");
        } else if (request.method == "GET" && !query.empty()) {
            list(parameters(query), response);
        } else if (request.method == "GET") {
            const auto found = objects_.find(key);
            if (found == objects_.end()) {
                refuse(response, 404, "NoSuchKey");
            } else {
                response.content_type = "binary/octet-stream";
                response.body = found->second;
            }
        } else if (request.method == "DELETE") {
            objects_.erase(key);
            response.status = 204;
        } else {
            put(request, key, response);
        }
    }

    void put(const http::ServedRequest& request, const std::string& key,
             http::ServedResponse& response) {
        if (request.header("if-none-match") == "*" && objects_.contains(key)) {
            refuse(response, 412, "PreconditionFailed");
            return;
        }
        objects_[key] = std::string(request.body);
        kms_keys_.push_back(request.header("x-amz-server-side-encryption-aws-kms-key-id"));
        if (lost_answers > 0) {
            --lost_answers;
            refuse(response, 500, "InternalError");
        }
    }

    void list(const Parameters& asked, http::ServedResponse& response) {
        const std::string prefix = "/journals/" + asked.at("prefix");
        auto from = objects_.lower_bound(prefix);
        if (asked.contains("continuation-token")) {
            from = objects_.upper_bound("/journals/" + asked.at("continuation-token"));
        }
        std::string keys;
        std::string last;
        std::size_t count = 0;
        for (; from != objects_.end() && from->first.starts_with(prefix) && count < page_;
             ++from, ++count) {
            last = from->first.substr(std::string("/journals/").size());
            keys += "<Contents><Key>" + last + "</Key></Contents>";
        }
        const bool is_cut = from != objects_.end() && from->first.starts_with(prefix);
        response.content_type = "application/xml";
        response.body = "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>" +
                        std::string(is_cut ? "true" : "false") + "</IsTruncated>" + keys +
                        (is_cut ? "<NextContinuationToken>" + last + "</NextContinuationToken>"
                                : std::string()) +
                        "</ListBucketResult>";
    }

    const std::size_t page_;
    std::mutex mutex_;
    std::map<std::string, std::string> objects_;
    std::vector<std::string> kms_keys_;
    aws::Verifier verifier_;
    std::unique_ptr<http::Server> server_;
};

}  // namespace dynamigrate::cli
