#include <dynamigrate/remote/lambda_functions.hpp>

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

#include <array>

namespace dynamigrate::remote {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kContentType = "application/json";

ErrorKind kind_of(int status, const std::string& code) {
    if (code == "ExpiredTokenException" || code == "UnrecognizedClientException" ||
        code == "InvalidSignatureException") {
        return ErrorKind::unauthenticated;
    }
    switch (status) {
        case 403:
            return ErrorKind::permission_denied;
        case 404:
            return ErrorKind::not_found;
        case 409:
        case 429:
            return ErrorKind::throttled;
        default:
            return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid_argument;
    }
}

/// "ResourceNotFoundException:http://..." is known by what stands before the colon.
std::string code_of(const http::Response& response) {
    const std::string text(response.header("x-amzn-errortype").value_or(""));
    return text.substr(0, text.find(':'));
}

class CurlLambda final : public LambdaFunctions {
public:
    explicit CurlLambda(const LambdaOptions& options)
        : options_(options),
          signer_(options.endpoint.region, "lambda"),
          host_(http::parse_url(options.endpoint.url).authority()) {}

    LambdaAnswer invoke(std::string_view function, std::string_view payload,
                        std::stop_token stop) override {
        http::Request request;
        request.timeout = options_.timeout;
        request.stop = std::move(stop);
        sign(request, function, payload);
        http::Response response;
        options_.http.send(request, response);
        if (response.status < 200 || response.status >= 300) {
            refuse(function, response);
        }
        return {response.status, std::string(response.header("x-amz-function-error").value_or("")),
                std::move(response.body)};
    }

private:
    void sign(http::Request& request, std::string_view function, std::string_view payload) {
        const std::string path =
            fmt::format("/2015-03-31/functions/{}/invocations", http::percent_encoded(function));
        const std::shared_ptr<const aws::Credentials> keys = options_.credentials.get(request.stop);
        const std::array headers{aws::SignedHeader{"host", host_},
                                 aws::SignedHeader{"content-type", kContentType},
                                 aws::SignedHeader{"x-amz-invocation-type", "RequestResponse"}};
        aws::Signature signature;
        signer_.sign(
            {.method = "POST", .path = path, .query = {}, .headers = headers, .payload = payload},
            *keys, options_.clock.now(), signature);
        request.method = "POST";
        request.url = options_.endpoint.url + path;
        request.body = payload;
        request.headers = {{"content-type", std::string(kContentType)},
                           {"x-amz-invocation-type", "RequestResponse"},
                           {"x-amz-date", signature.date},
                           {"authorization", signature.authorization}};
        if (!keys->session_token.empty()) {
            request.headers.push_back({"x-amz-security-token", keys->session_token});
        }
    }

    [[noreturn]] static void refuse(std::string_view function, const http::Response& response) {
        const std::string code = code_of(response);
        const ErrorKind kind = kind_of(response.status, code);
        throw Error(kind, fmt::format("Lambda refuses to invoke {}: status {}{}: {}", function,
                                      response.status, code.empty() ? "" : " " + code,
                                      response.body.substr(0, 500)))
            .service_code(code)
            .may_have_applied(kind == ErrorKind::unavailable);
    }

    LambdaOptions options_;
    aws::Signer signer_;
    std::string host_;
};

}  // namespace

std::unique_ptr<LambdaFunctions> make_lambda_functions(const LambdaOptions& options) {
    return std::make_unique<CurlLambda>(options);
}

}  // namespace dynamigrate::remote
