#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/http/client.hpp>

#include <memory>
#include <string>

namespace dynamigrate::remote {

/// What a bucket as a store of objects needs. The references must outlive it.
struct S3Options {
    aws::Endpoint endpoint;
    std::string bucket;
    std::string prefix;   ///< before every name, without slashes at its ends; "" : none
    std::string kms_key;  ///< objects are encrypted under this KMS key; "" : as the bucket does
    http::Client& http;
    aws::CredentialsProvider& credentials;
    base::Clock& clock;
};

/// The objects of a bucket whose keys begin with the prefix.
///
/// A put of an absent object is one request with `If-None-Match: *`. Requests that failed for the
/// moment are repeated a few times; so such a put may find its own object there and return false.
/// Custom endpoints are asked by path, AWS's by host name.
/// Errors: unauthenticated, permission_denied, not_found for the bucket, failed_precondition for one
/// of another region, unavailable.
std::unique_ptr<base::ObjectStore> make_s3_objects(const S3Options& options);

}  // namespace dynamigrate::remote
