#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::base {
namespace {

TEST(Error, ComposesPlaceMessageAndCause) {
    const Error cause(ErrorKind::unavailable, "connection refused");
    const Error error = Error(ErrorKind::not_found, "no such table").because(cause).at("table app");

    EXPECT_STREQ(error.what(), "table app: no such table: connection refused");
    EXPECT_EQ(error.message(), "no such table: connection refused");
    EXPECT_EQ(error.where(), "table app");
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
}

TEST(Error, SaysTheMessageAloneWithoutAPlace) {
    EXPECT_STREQ(Error(ErrorKind::internal, "broken").what(), "broken");
}

TEST(Error, TakesAPlaceLater) {
    Error error(ErrorKind::aborted, "lock lost");
    error.at("step 2").at("step 3");
    error.set_may_have_applied(true);

    EXPECT_STREQ(error.what(), "step 3: lock lost");
    EXPECT_TRUE(error.may_have_applied());
}

TEST(Error, CarriesWhatTheServiceSaid) {
    const Error error = Error(ErrorKind::throttled, "slow down")
                            .service_code("ThrottlingException")
                            .service_body("{}")
                            .throttling_reasons("TableReadProvisionedThroughputExceeded")
                            .retry_after(std::chrono::milliseconds{20})
                            .may_have_applied(true);

    EXPECT_EQ(error.service_code(), "ThrottlingException");
    EXPECT_EQ(error.service_body(), "{}");
    EXPECT_EQ(error.throttling_reasons(), "TableReadProvisionedThroughputExceeded");
    EXPECT_EQ(error.retry_after(), std::chrono::milliseconds{20});
    EXPECT_TRUE(error.may_have_applied());
    EXPECT_FALSE(Error(ErrorKind::throttled, "x").retry_after().has_value());
}

TEST(ErrorKind, HasANameForEachKind) {
    EXPECT_EQ(to_string(ErrorKind::invalid_argument), "invalid_argument");
    EXPECT_EQ(to_string(ErrorKind::failed_precondition), "failed_precondition");
    EXPECT_EQ(to_string(ErrorKind::outcome_unknown), "outcome_unknown");
    EXPECT_EQ(to_string(ErrorKind::permission_denied), "permission_denied");
    EXPECT_EQ(to_string(ErrorKind::internal), "internal");
}

TEST(ErrorKind, RetriesOnlyThrottledAndUnavailable) {
    for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
        const auto value = static_cast<ErrorKind>(kind);
        EXPECT_EQ(is_retryable(value),
                  value == ErrorKind::throttled || value == ErrorKind::unavailable);
    }
}

TEST(TextPosition, LeavesOutAnUnknownLine) {
    EXPECT_EQ((TextPosition{"a.yaml", 3, 7}.to_string()), "a.yaml:3:7");
    EXPECT_EQ((TextPosition{"a.yaml", 0, 0}.to_string()), "a.yaml");
}

}  // namespace
}  // namespace dynamigrate::base
