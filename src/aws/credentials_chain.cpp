#include "metadata_credentials.hpp"
#include "profile_credentials.hpp"
#include "sts.hpp"

#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

namespace dynamigrate::aws {

namespace {

bool is_local(const std::string& endpoint) {
    if (endpoint.empty()) {
        return false;
    }
    http::Url url = http::parse_url(endpoint);
    return url.scheme == "http" && http::is_loopback(url.host);
}

class Chain {
public:
    Chain(CredentialsOptions options, const Surroundings& surroundings)
        : options_(std::move(options)),
          surroundings_(surroundings) {}

    /// Reads the files each time: a run of days sees what was changed in them.
    Credentials find(std::stop_token stop) const {
        const base::Environment& environment = surroundings_.environment;
        if (options_.explicit_credentials) {
            return *options_.explicit_credentials;
        }
        if (options_.profile.empty()) {
            if (auto found = environment_credentials(environment)) {
                return *found;
            }
        }
        SharedConfig config = SharedConfig::load(environment);
        Sts sts(surroundings_, sts_endpoint(config));
        if (options_.profile.empty()) {
            if (auto found = web_identity_credentials(surroundings_, sts, stop)) {
                return *found;
            }
        }
        if (auto found = of_profile(config, sts, stop)) {
            return *found;
        }
        return of_machine(stop);
    }

private:
    Endpoint sts_endpoint(const SharedConfig& config) const {
        EndpointOptions options{options_.region, "", options_.profile};
        try {
            return resolve_endpoint("sts", options, surroundings_.environment, config);
        } catch (const base::Error& error) {
            if (error.kind() != base::ErrorKind::failed_precondition) {
                throw;
            }
            return {"us-east-1", "https://sts.amazonaws.com", false};
        }
    }

    std::optional<Credentials> of_profile(const SharedConfig& config, const Sts& sts,
                                          std::stop_token stop) const {
        std::string name = profile_name(options_.profile, surroundings_.environment);
        bool is_asked_for =
            !options_.profile.empty() || surroundings_.environment.get("AWS_PROFILE").has_value();
        if (is_asked_for && config.profile(name) == nullptr) {
            throw base::Error(
                base::ErrorKind::unauthenticated,
                fmt::format("the AWS profile '{}' is neither in the config nor in the "
                            "credentials file (~/.aws/config, ~/.aws/credentials)",
                            name));
        }
        return ProfileCredentials(surroundings_, config, sts, stop).resolve(name);
    }

    Credentials of_machine(std::stop_token stop) const {
        if (is_local(options_.endpoint)) {
            return {"local", "local", "", {}, "the local endpoint's default"};
        }
        if (auto found = container_credentials(surroundings_, stop)) {
            return *found;
        }
        if (auto found = instance_credentials(surroundings_, stop)) {
            return *found;
        }
        throw base::Error(base::ErrorKind::unauthenticated,
                          "no AWS credentials: none in flags or configuration, AWS_ACCESS_KEY_ID, "
                          "the shared config and credentials files, the container or the EC2 "
                          "instance; set one of these, for instance by `aws configure`");
    }

    CredentialsOptions options_;
    Surroundings surroundings_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> make_credentials_chain(const CredentialsOptions& options,
                                                            const Surroundings& surroundings) {
    auto chain = std::make_shared<const Chain>(options, surroundings);
    return std::make_unique<CachedCredentials>(
        [chain](std::stop_token stop) { return chain->find(stop); }, surroundings.clock,
        surroundings.log);
}

}  // namespace dynamigrate::aws
