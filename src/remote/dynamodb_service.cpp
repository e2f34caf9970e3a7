#include <dynamigrate/remote/dynamodb_service.hpp>

#include "answer_headers.hpp"
#include "request_signing.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/reader.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

namespace dynamigrate::remote {

namespace {

/// The buffers of one call.
struct Exchange {
    http::Request request;
    http::Response response;
    aws::Signature signature;
};

class RemoteDynamoDb final : public dynamodb::Service {
public:
    explicit RemoteDynamoDb(const DynamoDbOptions& options)
        : options_(options),
          signer_(options.endpoint.url + "/", options.endpoint.region, options.clock) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        base::throw_if_stopped(call.stop);
        reply.clear();
        Lease lease(*this);
        bool is_repeated = false;
        while (!attempt(call, reply, *lease.exchange, is_repeated)) {
            is_repeated = true;
        }
    }

    std::string location() const override { return options_.endpoint.url; }

private:
    struct Lease {
        explicit Lease(RemoteDynamoDb& service) : owner(service), exchange(service.acquire()) {}
        ~Lease() { owner.release(std::move(exchange)); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        RemoteDynamoDb& owner;
        std::unique_ptr<Exchange> exchange;
    };

    std::unique_ptr<Exchange> acquire();
    void release(std::unique_ptr<Exchange> exchange) noexcept;
    /// Returns false when the request was refused unread and is worth sending again.
    bool attempt(const dynamodb::Call& call, dynamodb::Reply& reply, Exchange& exchange,
                 bool is_repeated);
    void send(const dynamodb::Call& call, dynamodb::Reply& reply, Exchange& exchange,
              const aws::Credentials& credentials);
    bool is_corrected(const base::Error& error, const Exchange& exchange,
                      const std::shared_ptr<const aws::Credentials>& credentials);

    DynamoDbOptions options_;
    RequestSigner signer_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Exchange>> idle_;
    std::size_t made_ = 0;
};

std::unique_ptr<Exchange> RemoteDynamoDb::acquire() {
    {
        std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto exchange = std::move(idle_.back());
            idle_.pop_back();
            return exchange;
        }
        idle_.reserve(++made_);  // so that release never allocates
    }
    auto exchange = std::make_unique<Exchange>();
    exchange->request.method = "POST";
    exchange->request.url = options_.endpoint.url + "/";
    exchange->request.connect_timeout = options_.connect_timeout;
    exchange->request.timeout = options_.timeout;
    return exchange;
}

void RemoteDynamoDb::release(std::unique_ptr<Exchange> exchange) noexcept {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(exchange));
}

void RemoteDynamoDb::send(const dynamodb::Call& call, dynamodb::Reply& reply, Exchange& exchange,
                          const aws::Credentials& credentials) {
    exchange.request.body = call.body;
    exchange.request.stop = call.stop;
    signer_.sign(exchange.request, call.operation, credentials, exchange.signature);
    // The answer is read into the caller's buffer: what is kept between calls stays small.
    exchange.response.body.swap(reply.body);
    struct GiveBack {
        std::string& a;
        std::string& b;
        Exchange& exchange;
        ~GiveBack() {
            a.swap(b);
            exchange.request.stop = {};
            exchange.request.body = {};
        }
    } give_back{exchange.response.body, reply.body, exchange};
    try {
        options_.http.send(exchange.request, exchange.response);
    } catch (base::Error& error) {
        error.at(std::string(call.operation));
        error.set_may_have_applied(error.may_have_applied() &&
                                   !dynamodb::is_read_only(call.operation));
        throw;
    }
}

bool RemoteDynamoDb::attempt(const dynamodb::Call& call, dynamodb::Reply& reply, Exchange& exchange,
                             bool is_repeated) {
    std::shared_ptr<const aws::Credentials> credentials = options_.credentials.get(call.stop);
    send(call, reply, exchange, *credentials);
    const http::Response& response = exchange.response;
    reply.request_id = response.header("x-amzn-requestid").value_or("");
    bool may_write = !dynamodb::is_read_only(call.operation);
    if (!matches_checksum(response, reply.body)) {
        throw base::Error(base::ErrorKind::unavailable,
                          "the answer's bytes do not match its checksum (x-amz-crc32)")
            .at(std::string(call.operation))
            .may_have_applied(may_write);
    }
    json::pad(reply.body);
    if (response.status == 200) {
        return true;
    }
    base::Error error = dynamodb::make_service_error(call.operation, response.status, reply.body);
    if (error.service_code() == "ConditionalCheckFailedException") {
        reply.outcome = dynamodb::Outcome::condition_failed;
        return true;
    }
    if (error.service_code() == "TransactionCanceledException") {
        reply.outcome = dynamodb::Outcome::transaction_cancelled;
        return true;
    }
    if (!is_repeated && is_corrected(error, exchange, credentials)) {
        return false;
    }
    error.set_may_have_applied(may_write && (error.may_have_applied() || response.status >= 500));
    options_.log.debug("{}: {} (status {}, request {})", call.operation, error.service_code(),
                       response.status, reply.request_id);
    if (auto delay = retry_after(response)) {
        throw std::move(error).retry_after(*delay);
    }
    throw error;
}

bool RemoteDynamoDb::is_corrected(const base::Error& error, const Exchange& exchange,
                                  const std::shared_ptr<const aws::Credentials>& credentials) {
    constexpr std::array<std::string_view, 6> kTimeCodes{
        "RequestTimeTooSkewed", "RequestTimeTooSkewedException", "InvalidSignatureException",
        "RequestExpired",       "RequestExpiredException",       "SignatureDoesNotMatch"};
    const std::string& code = error.service_code();
    if (code == "ExpiredTokenException" || code == "ExpiredToken") {
        options_.credentials.refused(credentials);
        return true;
    }
    if (std::ranges::find(kTimeCodes, code) != kTimeCodes.end() &&
        signer_.adopt_time_of(exchange.response)) {
        options_.log.warning(
            "this machine's clock differs from {} by more than 4 minutes; signing with its time",
            options_.endpoint.url);
        return true;
    }
    return false;
}

}  // namespace

std::unique_ptr<dynamodb::Service> make_dynamodb_service(const DynamoDbOptions& options) {
    return std::make_unique<RemoteDynamoDb>(options);
}

}  // namespace dynamigrate::remote
