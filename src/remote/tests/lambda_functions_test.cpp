#include <dynamigrate/remote/lambda_functions.hpp>

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::remote {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::HasSubstr;

/// Answers each request in one way and keeps what it was sent.
class FakeHttp final : public http::Client {
public:
    void send(const http::Request& request, http::Response& response) override {
        ++sent;
        url = request.url;
        body = request.body;
        timeout = request.timeout;
        for (const http::Header& header : request.headers) {
            headers += header.name + ": " + header.value + "\n";
        }
        response.clear();
        response.status = status;
        response.body = answer;
        for (const http::Header& header : answer_headers) {
            response.add_header(header.name, header.value);
        }
    }

    int status = 200;
    std::string answer = "{}";
    std::vector<http::Header> answer_headers;
    int sent = 0;
    std::string url, body, headers;
    std::chrono::milliseconds timeout{};
};

class Keys final : public aws::CredentialsProvider {
public:
    std::shared_ptr<const aws::Credentials> get(std::stop_token) override {
        return std::make_shared<aws::Credentials>(
            aws::Credentials{"AKID", "secret", "token", {}, "test"});
    }
    void refused(const std::shared_ptr<const aws::Credentials>&) override {}
};

struct Lambda {
    FakeHttp http;
    Keys keys;
    base::FakeClock clock;
    std::unique_ptr<LambdaFunctions> functions = make_lambda_functions(
        {{"eu-west-1", "https://lambda.eu-west-1.amazonaws.com", false}, http, keys, clock});

    LambdaAnswer invoke() { return functions->invoke("arn:aws:lambda:x:1:function:f", "{1}", {}); }
    ErrorKind refusal() {
        try {
            invoke();
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::internal;
    }
};

TEST(LambdaFunctions, InvokesByArnSignedForLambda) {
    Lambda lambda;
    lambda.http.answer = R"({"a":1})";
    lambda.http.answer_headers = {{"x-amz-function-error", "Unhandled"}};
    const LambdaAnswer answer = lambda.invoke();
    EXPECT_EQ(answer.payload, R"({"a":1})");
    EXPECT_EQ(answer.function_error, "Unhandled");
    EXPECT_EQ(lambda.http.url,
              "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/"
              "arn%3Aaws%3Alambda%3Ax%3A1%3Afunction%3Af/invocations");
    EXPECT_EQ(lambda.http.body, "{1}");
    EXPECT_THAT(lambda.http.headers, HasSubstr("/eu-west-1/lambda/aws4_request"));
    EXPECT_THAT(lambda.http.headers, HasSubstr("x-amz-security-token: token"));
    EXPECT_THAT(lambda.http.headers, HasSubstr("x-amz-invocation-type: RequestResponse"));
}

TEST(LambdaFunctions, WaitsLongerThanAFunctionMayWork) {
    Lambda lambda;
    lambda.invoke();
    EXPECT_GT(lambda.http.timeout, std::chrono::minutes(15));
}

TEST(LambdaFunctions, TriesOnceAndSaysWhatTheCallerMayDo) {
    for (const auto& [status, code, kind] :
         {std::tuple{404, "ResourceNotFoundException:http://x", ErrorKind::not_found},
          {403, "AccessDeniedException", ErrorKind::permission_denied},
          {403, "ExpiredTokenException", ErrorKind::unauthenticated},
          {429, "TooManyRequestsException", ErrorKind::throttled},
          {413, "RequestTooLargeException", ErrorKind::invalid_argument},
          {500, "ServiceException", ErrorKind::unavailable}}) {
        Lambda lambda;
        lambda.http.status = status;
        lambda.http.answer_headers = {{"x-amzn-errortype", code}};
        EXPECT_EQ(lambda.refusal(), kind) << code;
        EXPECT_EQ(lambda.http.sent, 1);
    }
}

TEST(LambdaFunctions, AFailureOfLambdaMayHaveRunTheFunction) {
    Lambda lambda;
    for (const auto& [status, may_have_run] : {std::pair{502, true}, {429, false}}) {
        lambda.http.status = status;
        try {
            lambda.invoke();
            FAIL();
        } catch (const Error& error) {
            EXPECT_EQ(error.may_have_applied(), may_have_run) << status;
        }
    }
}

}  // namespace
}  // namespace dynamigrate::remote
