#include "metadata_credentials.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

namespace dynamigrate::aws {

namespace {

constexpr const char* kContainer = "the container endpoint";
constexpr const char* kInstance = "the EC2 instance metadata service";

bool may_be_asked(const http::Url& url) {
    return url.scheme == "https" || http::is_loopback(url.host) || url.host == "169.254.170.2" ||
           url.host == "169.254.170.23" || url.host == "fd00:ec2::23";
}

std::optional<std::string> container_url(const base::Environment& environment) {
    if (auto path = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
        return "http://169.254.170.2" + *path;
    }
    auto text = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (text && !may_be_asked(http::parse_url(*text))) {
        throw no_credentials(kContainer,
                             "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to a "
                             "loopback, ECS or EKS address");
    }
    return text;
}

std::string container_token(const base::Environment& environment) {
    std::string token;
    if (auto file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        token = base::read_file(*file);
    } else {
        token = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
    }
    if (token.find_first_of("\r\n") != token.npos) {
        throw no_credentials(kContainer, "the authorization token holds a line break");
    }
    return token;
}

/// One conversation with the instance metadata service.
class InstanceMetadata {
public:
    InstanceMetadata(const Surroundings& surroundings, std::stop_token stop)
        : surroundings_(surroundings),
          stop_(std::move(stop)) {
        const base::Environment& environment = surroundings.environment;
        bool is_ipv6 =
            environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("") == "IPv6";
        base_url_ = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
                        .value_or(is_ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
        while (base_url_.ends_with('/')) {
            base_url_.pop_back();
        }
    }

    /// False where there is no such service.
    bool open_session() {
        http::Request request = make_request("PUT", "/latest/api/token");
        request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
        http::Response response;
        try {
            surroundings_.http.send(request, response);
        } catch (const base::Error& error) {
            if (error.kind() != base::ErrorKind::unavailable) {
                throw;
            }
            return false;
        }
        token_ = response.body;
        return response.status == 200 && token_.find_first_of("\r\n") == token_.npos;
    }

    http::Response get(const std::string& path) {
        http::Request request = make_request("GET", path);
        request.headers = {{"x-aws-ec2-metadata-token", token_}};
        return fetch(surroundings_, request);
    }

private:
    http::Request make_request(const char* method, const std::string& path) const {
        http::Request request;
        request.method = method;
        request.url = base_url_ + path;
        request.connect_timeout = std::chrono::seconds(1);
        request.timeout = std::chrono::seconds(2);
        request.stop = stop_;
        return request;
    }

    const Surroundings& surroundings_;
    std::stop_token stop_;
    std::string base_url_, token_;
};

}  // namespace

std::optional<Credentials> container_credentials(const Surroundings& surroundings,
                                                 std::stop_token stop) {
    auto url = container_url(surroundings.environment);
    if (!url) {
        return std::nullopt;
    }
    http::Request request;
    request.url = *url;
    request.connect_timeout = request.timeout = std::chrono::seconds(2);
    request.stop = stop;
    if (std::string token = container_token(surroundings.environment); !token.empty()) {
        request.headers.push_back({"Authorization", std::move(token)});
    }
    http::Response response = fetch(surroundings, request);
    if (response.status != 200) {
        throw no_credentials(kContainer, fmt::format("it answers status {}", response.status));
    }
    return credentials_from_json(response.body, kContainer);
}

std::optional<Credentials> instance_credentials(const Surroundings& surroundings,
                                                std::stop_token stop) {
    std::string disabled =
        surroundings.environment.get("AWS_EC2_METADATA_DISABLED").value_or("false");
    if (disabled == "true" || disabled == "True" || disabled == "TRUE" || disabled == "1") {
        return std::nullopt;
    }
    const std::string roles = "/latest/meta-data/iam/security-credentials/";
    InstanceMetadata metadata(surroundings, stop);
    if (!metadata.open_session()) {
        return std::nullopt;
    }
    http::Response list = metadata.get(roles);
    std::string role = list.body.substr(0, list.body.find_first_of("\r\n"));
    if (list.status != 200 || role.empty()) {
        return std::nullopt;
    }
    http::Response answer = metadata.get(roles + http::percent_encoded(role));
    if (answer.status != 200) {
        throw no_credentials(kInstance, fmt::format("it answers status {}", answer.status));
    }
    return credentials_from_json(answer.body, kInstance);
}

}  // namespace dynamigrate::aws
