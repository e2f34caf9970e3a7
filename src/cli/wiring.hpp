#pragma once

#include "project.hpp"

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/http/client.hpp>
#include <dynamigrate/layers/layers.hpp>
#include <dynamigrate/remote/dynamodb_service.hpp>

#include <memory>

namespace dynamigrate::cli {

/// The real outside world, joined: the only place that picks implementations.
///
/// Owns: everything that the migrator is given.
class Wiring {
public:
    /// Finds the endpoint and the credentials' sources; asks nothing of the network.
    Wiring(const Project& project, const base::Environment& environment, base::Log& log);

    /// What migrations work with: retry over pace over meter over the endpoint.
    dynamodb::Service& service() { return *retry_; }
    migrate::World world();
    const std::string& location() const { return endpoint_.url; }
    /// Whether the endpoint is on this machine, where capacity and account mean nothing.
    bool is_local() const;

    /// Errors: unavailable, unauthenticated ... when the endpoint does not answer properly after a
    /// few attempts: sooner than a run would give up. Asks for `table`, which need not exist;
    /// `database` is its project's name for people.
    void check_connection(const std::string& table, const std::string& database);
    /// Errors: failed_precondition when the credentials are of another account.
    void check_account(const std::string& account);

private:
    base::Environment environment_;
    base::Log& log_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    base::SystemChildProcesses programs_;
    aws::SharedConfig shared_config_;
    aws::EndpointOptions endpoint_options_;
    aws::Endpoint endpoint_;
    std::unique_ptr<http::Client> http_;
    std::unique_ptr<aws::CredentialsProvider> credentials_;
    layers::Meter meter_;
    layers::Pace pace_;
    std::unique_ptr<dynamodb::Service> remote_;
    std::unique_ptr<layers::MeterService> metered_;
    std::unique_ptr<layers::PaceService> paced_;
    std::unique_ptr<layers::RetryService> retry_;
};

}  // namespace dynamigrate::cli
