#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/http/client.hpp>

#include <chrono>
#include <memory>

namespace dynamigrate::remote {

/// What a remote service needs. The references must outlive it.
struct DynamoDbOptions {
    aws::Endpoint endpoint;
    http::Client& http;
    aws::CredentialsProvider& credentials;
    base::Clock& clock;
    base::Log& log;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds timeout{30'000};
};

/// DynamoDB over HTTP. A call is one attempt; only a request that was refused unread because of
/// expired credentials or a wrong clock is sent once more, with new ones and the server's time.
///
/// Threads: any number of calls at once.
/// Errors:  as `dynamodb::Service` says. A broken transfer, an answer whose x-amz-crc32 does not
///          match its bytes and a 5xx answer have `may_have_applied()` unless the operation only reads.
std::unique_ptr<dynamodb::Service> make_dynamodb_service(const DynamoDbOptions& options);

}  // namespace dynamigrate::remote
