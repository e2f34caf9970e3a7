#pragma once

#include "project.hpp"

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::cli {

/// Where the tables are: behind an endpoint, or in a directory of the embedded engine.
class Database {
public:
    virtual ~Database() = default;

    /// One attempt a call.
    virtual dynamodb::Service& service() = 0;
    /// For people: the endpoint's URL, or "embedded:PATH".
    virtual const std::string& location() const = 0;
    /// Whether it is on this machine, where capacity and account mean nothing.
    virtual bool is_local() const = 0;
    /// Errors: failed_precondition when the credentials are of another account; unavailable ...
    virtual void check_account(const std::string& account) = 0;
    /// What requests are signed with; nullptr where they are not.
    virtual std::shared_ptr<const aws::Credentials> credentials() { return nullptr; }
    /// The AWS account of the credentials; "" where there is none.
    virtual std::string account() { return {}; }
    /// The Lambda functions that read the stream, with their state; nothing where none could.
    virtual std::optional<std::vector<std::string>> stream_functions(const std::string&) {
        return std::nullopt;
    }
    /// The header `date` of an answer; nothing where there is none.
    virtual std::optional<std::string> server_date() { return std::nullopt; }
};

/// Finds the endpoint and the credentials' sources, and asks nothing of the network; or opens the
/// project's directory. The references must outlive it.
/// Errors: failed_precondition when another process has the directory open.
std::unique_ptr<Database> open_database(const Project& project,
                                        const base::Environment& environment, base::Clock& clock,
                                        base::Log& log);

/// The directory that an endpoint of the embedded engine names; relative ones begin at the
/// project's.
std::filesystem::path embedded_directory(const Project& project);

}  // namespace dynamigrate::cli
