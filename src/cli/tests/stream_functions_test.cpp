#include "../stream_functions.hpp"

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kStream =
    "arn:aws:dynamodb:eu-west-1:123456789012:table/app/stream/2026-01-31T00:00:00.000";

class OneAnswer final : public http::Client {
public:
    void send(const http::Request& request, http::Response& response) override {
        sent = request;
        response.status = status;
        response.body = body;
    }

    http::Request sent;
    int status = 200;
    std::string body;
};

class FixedCredentials final : public aws::CredentialsProvider {
public:
    std::shared_ptr<const aws::Credentials> get(std::stop_token) override {
        return std::make_shared<aws::Credentials>(
            aws::Credentials{"AKIAEXAMPLE", "secret", "token", {}, "test"});
    }
    void refused(const std::shared_ptr<const aws::Credentials>&) override {}
};

struct StreamFunctions : ::testing::Test {
    OneAnswer http;
    FixedCredentials credentials;
    base::FakeClock clock;

    std::vector<std::string> ask() {
        return stream_functions({"eu-west-1", "https://lambda.eu-west-1.amazonaws.com"}, http,
                                credentials, clock, kStream);
    }
};

TEST_F(StreamFunctions, AreNamedWithTheirState) {
    http.body = R"({"EventSourceMappings":[{"State":"Enabled","FunctionArn":)"
                R"("arn:aws:lambda:eu-west-1:123456789012:function:index-orders"}]})";
    EXPECT_THAT(ask(), ElementsAre("index-orders (Enabled)"));
    EXPECT_THAT(http.sent.url,
                HasSubstr("/event-source-mappings?EventSourceArn=arn%3Aaws%3Adynamodb%3A"));
    bool is_signed = false;
    for (const auto& header : http.sent.headers) {
        is_signed = is_signed || (header.name == "authorization" &&
                                  header.value.find("/lambda/aws4_request") != std::string::npos);
    }
    EXPECT_TRUE(is_signed);
    http.body = R"({"EventSourceMappings":[]})";
    EXPECT_THAT(ask(), IsEmpty());
}

TEST_F(StreamFunctions, CannotBeToldWithoutPermission) {
    http.status = 403;
    try {
        ask();
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::permission_denied);
    }
}

}  // namespace
}  // namespace dynamigrate::cli
