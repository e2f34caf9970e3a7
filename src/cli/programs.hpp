#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/migrate/program_step.hpp>

#include <memory>
#include <string>

namespace dynamigrate::cli {

/// Runs a migration's programs with a gateway of their own as their only way to DynamoDB.
///
/// Threads: any. The references must outlive it.
class Programs final : public migrate::ProgramRunner {
public:
    struct Parts {
        const base::Environment& environment;
        base::Clock& clock;
        base::Random& random;
        base::Log& log;
        std::string region;   ///< "" : as the environment says
        std::string profile;  ///< of the configuration, for DYNAMIGRATE_PROFILE
        bool is_dry = false;
    };
    explicit Programs(Parts parts) : parts_(std::move(parts)) {}

    /// The same for a dry run.
    Programs dry() const;
    void run(dynamodb::Service& service, const migrate::ProgramCall& call) override;
    std::unique_ptr<migrate::ServiceDoor> open(dynamodb::Service& service) override;

private:
    class Door;

    std::unique_ptr<Door> make_door(dynamodb::Service& service, bool inherits_aws);
    std::string region() const;

    Parts parts_;
};

}  // namespace dynamigrate::cli
