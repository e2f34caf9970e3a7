#include <dynamigrate/cloud/response_url.hpp>

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kUrl = "https://bucket.s3.amazonaws.com/answer?Signature=secret";

/// Answers with these statuses, one after the other; 0: does not answer.
class FakeBucket final : public http::Client {
public:
    explicit FakeBucket(std::vector<int> statuses) : statuses_(std::move(statuses)) {}

    void send(const http::Request& request, http::Response& response) override {
        requests.push_back(request);
        bodies.emplace_back(request.body);
        const int status = statuses_.at(requests.size() - 1);
        if (status == 0) {
            throw Error(ErrorKind::unavailable, "PUT " + request.url + ": broken");
        }
        response.status = status;
    }

    std::vector<http::Request> requests;
    std::vector<std::string> bodies;

private:
    std::vector<int> statuses_;
};

Error failure_of(std::vector<int> statuses) {
    FakeBucket bucket(std::move(statuses));
    base::FakeClock clock;
    try {
        put_answer(bucket, clock, kUrl, "{}", {});
    } catch (const Error& error) {
        return error;
    }
    return {ErrorKind::internal, "no error"};
}

TEST(ResponseUrl, GetsTheBodyByPutWithAnEmptyContentType) {
    FakeBucket bucket({200});
    base::FakeClock clock;
    put_answer(bucket, clock, kUrl, "{\"a\":1}", {});
    ASSERT_EQ(bucket.requests.size(), 1u);
    EXPECT_EQ(bucket.requests[0].method, "PUT");
    EXPECT_EQ(bucket.requests[0].url, kUrl);
    EXPECT_EQ(bucket.bodies[0], "{\"a\":1}");
    ASSERT_EQ(bucket.requests[0].headers.size(), 1u);
    EXPECT_EQ(bucket.requests[0].headers[0].name, "Content-Type");
    EXPECT_EQ(bucket.requests[0].headers[0].value, "");
}

TEST(ResponseUrl, IsTriedAgainAfterFailuresThatMayPass) {
    FakeBucket bucket({500, 0, 429, 200});
    base::FakeClock clock;
    put_answer(bucket, clock, kUrl, "{}", {});
    EXPECT_EQ(bucket.requests.size(), 4u);
    EXPECT_EQ(clock.waited(), std::chrono::milliseconds(3500));
}

TEST(ResponseUrl, IsGivenUpAfterAWhile) {
    EXPECT_EQ(failure_of({503, 503, 503, 503}).kind(), ErrorKind::unavailable);
}

TEST(ResponseUrl, ThatHasExpiredIsTriedOnce) {
    EXPECT_EQ(failure_of({403}).kind(), ErrorKind::failed_precondition);
}

TEST(ResponseUrl, IsInNoError) {
    for (const auto& statuses : {std::vector{0, 0, 0, 0}, std::vector{403}}) {
        EXPECT_THAT(failure_of(statuses).what(), Not(HasSubstr("secret")));
        EXPECT_THAT(failure_of(statuses).what(), Not(HasSubstr("s3.amazonaws")));
    }
}

}  // namespace
}  // namespace dynamigrate::cloud
