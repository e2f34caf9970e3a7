#include "database.hpp"

#include "account.hpp"
#include "project_credentials.hpp"
#include "stream_functions.hpp"

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/engine/engine.hpp>
#include <dynamigrate/http/client.hpp>
#include <dynamigrate/http/url.hpp>
#include <dynamigrate/remote/dynamodb_service.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

namespace {

class RemoteDatabase final : public Database {
public:
    RemoteDatabase(const Project& project, const base::Environment& environment, base::Clock& clock,
                   base::Log& log)
        : environment_(environment),
          clock_(clock),
          shared_config_(aws::SharedConfig::load(environment)),
          endpoint_options_{project.region, project.endpoint, project.config.aws_profile},
          endpoint_(
              aws::resolve_endpoint("dynamodb", endpoint_options_, environment_, shared_config_)),
          http_(
              http::make_curl_client({.ca_bundle = environment.get("AWS_CA_BUNDLE").value_or("")})),
          credentials_(
              make_credentials(project, endpoint_, {environment_, *http_, programs_, clock, log})),
          service_(remote::make_dynamodb_service({.endpoint = endpoint_,
                                                  .http = *http_,
                                                  .credentials = *credentials_,
                                                  .clock = clock,
                                                  .log = log})) {}

    dynamodb::Service& service() override { return *service_; }
    const std::string& location() const override { return endpoint_.url; }
    bool is_local() const override {
        return http::is_loopback(http::parse_url(endpoint_.url).host);
    }
    void check_account(const std::string& account) override;
    std::shared_ptr<const aws::Credentials> credentials() override { return credentials_->get({}); }
    std::string account() override;
    std::optional<std::vector<std::string>> stream_functions(const std::string& stream) override;
    std::optional<std::string> server_date() override;

private:
    aws::Endpoint endpoint_of(std::string_view service) const;

    const base::Environment& environment_;
    base::Clock& clock_;
    base::SystemChildProcesses programs_;
    aws::SharedConfig shared_config_;
    aws::EndpointOptions endpoint_options_;
    aws::Endpoint endpoint_;
    std::unique_ptr<http::Client> http_;
    std::unique_ptr<aws::CredentialsProvider> credentials_;
    std::unique_ptr<dynamodb::Service> service_;
};

void RemoteDatabase::check_account(const std::string& account) {
    if (account.empty() || is_local()) {
        return;
    }
    std::string found = this->account();
    if (found != account) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("the credentials are of AWS account {}, but the configuration says "
                                "`account: {}`; use that account's credentials or another profile",
                                found, account));
    }
}

std::string RemoteDatabase::account() {
    if (is_local()) {
        return {};
    }
    return caller_account(endpoint_of("sts"), *http_, *credentials_, clock_);
}

std::optional<std::vector<std::string>> RemoteDatabase::stream_functions(
    const std::string& stream) {
    if (is_local()) {
        return std::nullopt;
    }
    return cli::stream_functions(endpoint_of("lambda"), *http_, *credentials_, clock_, stream);
}

/// Another service of the same account and Region.
aws::Endpoint RemoteDatabase::endpoint_of(std::string_view service) const {
    aws::EndpointOptions options = endpoint_options_;
    options.endpoint.clear();
    options.region = endpoint_.region;
    return aws::resolve_endpoint(std::string(service), options, environment_, shared_config_);
}

std::optional<std::string> RemoteDatabase::server_date() {
    http::Request request;
    request.url = endpoint_.url + "/";
    http::Response response;
    http_->send(request, response);
    std::optional<std::string_view> date = response.header("date");
    return date ? std::optional<std::string>(*date) : std::nullopt;
}

class EmbeddedDatabase final : public Database {
public:
    EmbeddedDatabase(const Project& project, base::Clock& clock)
        : engine_(engine::Engine::open(
              embedded_directory(project),
              {.clock = &clock, .region = project.region.empty() ? "local" : project.region})),
          location_(engine_->location()) {}

    dynamodb::Service& service() override { return *engine_; }
    const std::string& location() const override { return location_; }
    bool is_local() const override { return true; }
    void check_account(const std::string&) override {}

private:
    std::unique_ptr<engine::Engine> engine_;
    std::string location_;
};

}  // namespace

fs::path embedded_directory(const Project& project) {
    std::string_view path = std::string_view(project.endpoint).substr(kEmbeddedEndpoint.size());
    if (path.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "the endpoint `embedded:` names no directory; write embedded:PATH, such as "
                    "embedded:./.dynamigrate/store");
    }
    return (project.config.directory / path).lexically_normal();
}

std::unique_ptr<Database> open_database(const Project& project,
                                        const base::Environment& environment, base::Clock& clock,
                                        base::Log& log) {
    if (project.is_embedded()) {
        return std::make_unique<EmbeddedDatabase>(project, clock);
    }
    return std::make_unique<RemoteDatabase>(project, environment, clock, log);
}

}  // namespace dynamigrate::cli
