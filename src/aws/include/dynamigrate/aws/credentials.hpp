#pragma once

#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/http/client.hpp>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace dynamigrate::aws {

/// What a request is signed with.
struct Credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;  ///< empty for long-lived keys
    std::optional<base::WallTime> expires;
    std::string source;  ///< where they came from, for people: "environment", "profile app"
};

/// The end of the key id, the source and the expiry; never a secret.
std::string to_string(const Credentials& credentials);

/// Gives credentials that are valid now.
///
/// Threads: any.
class CredentialsProvider {
public:
    virtual ~CredentialsProvider() = default;
    /// Errors: unauthenticated when there are none; its message says where was looked.
    virtual std::shared_ptr<const Credentials> get(std::stop_token stop) = 0;
    /// States that the service refused these as expired: the next `get` fetches anew.
    virtual void refused(const std::shared_ptr<const Credentials>& credentials) = 0;
};

/// Fetches credentials anew; nothing when this source is not configured. One call at a time.
using CredentialsSource = std::function<std::optional<Credentials>(std::stop_token stop)>;

/// Keeps what a source gave and refreshes it 5 minutes before it expires.
///
/// One caller fetches, others meanwhile use what is still valid, or wait (stoppable).
/// A failed refresh keeps valid credentials and is repeated at the earliest a minute later.
class CachedCredentials final : public CredentialsProvider {
public:
    CachedCredentials(CredentialsSource source, base::Clock& clock, base::Log& log);
    std::shared_ptr<const Credentials> get(std::stop_token stop) override;
    void refused(const std::shared_ptr<const Credentials>& credentials) override;

private:
    bool is_fresh() const;
    bool is_valid() const;
    std::shared_ptr<const Credentials> fetch(std::unique_lock<std::mutex>& lock,
                                             std::stop_token stop);
    void wait_for_fetch(std::unique_lock<std::mutex>& lock, std::stop_token stop);

    CredentialsSource source_;
    base::Clock& clock_;
    base::Log& log_;
    std::mutex mutex_;
    std::condition_variable_any fetched_;
    bool fetching_ = false;
    std::uint64_t failures_ = 0;
    std::exception_ptr last_failure_;
    base::WallTime next_try_{};
    std::shared_ptr<const Credentials> current_;
};

/// The outside world that credentials are looked for in. Must outlive what is made of it.
struct Surroundings {
    base::Environment environment;
    http::Client& http;
    base::ChildProcesses& programs;
    base::Clock& clock;
    base::Log& log;
};

struct CredentialsOptions {
    std::optional<Credentials> explicit_credentials;  ///< flags or configuration; used as they are
    std::string profile;   ///< flags or configuration; empty: AWS_PROFILE, else "default"
    std::string region;    ///< for STS; empty: its global endpoint
    std::string endpoint;  ///< the service's; http on loopback without any credentials: "local"
};

/// The chain: explicit, environment (unless a profile is given explicitly), web identity of the
/// environment, profile (keys, role, web identity, SSO, `credential_process`), container, EC2 instance.
///
/// A source that is configured but fails ends the search with its error. When nothing is
/// configured and the endpoint is http on a loopback host, access key and secret are "local" (then
/// container and instance are not asked).
std::unique_ptr<CredentialsProvider> make_credentials_chain(const CredentialsOptions& options,
                                                            const Surroundings& surroundings);

}  // namespace dynamigrate::aws
