#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What deployments record about themselves in the history table.
namespace dynamigrate::migrate {

/// How far a deployment has come, or how it ended.
struct Deployment {
    std::string request;    ///< names it
    std::string stack;      ///< that it is a part of
    std::string resource;   ///< its logical id in the stack
    std::string began_at;   ///< ISO 8601
    std::string digest;     ///< of the migrations that it brought
    std::string execution;  ///< of the deployment's own state machine; ARN
    bool is_rollback = false;
    std::vector<std::string> begun;  ///< migrations that it began or went on with, in order
    std::vector<std::string> done;   ///< of these, what ended well
    std::string current;             ///< the migration under way; "": none
    std::string current_execution;   ///< of its state machine; ARN
    std::string current_since;       ///< when it was started or found; ISO 8601
    std::string paused;              ///< the run that it paused when its time was over
    std::uint64_t paused_at = 0;     ///< the number of the wish that began this pause
    std::string outcome;             ///< succeeded, failed or detached; "": none yet
    std::string reason;              ///< for people
    std::string answer;              ///< what the deployment's caller is told; "": nothing yet
    std::uint64_t revision = 0;      ///< counts its changes

    bool has_ended() const { return !outcome.empty(); }
};

/// Records of deployments, never deleted.
///
/// Errors: of the database.
class Deployments {
public:
    /// All that `world` points to must outlive it.
    Deployments(const World& world, const Settings& settings);
    ~Deployments();
    Deployments(const Deployments&) = delete;
    Deployments& operator=(const Deployments&) = delete;

    std::optional<Deployment> find(std::string_view request);
    /// Those of a stack's resource, oldest first.
    std::vector<Deployment> of_resource(std::string_view stack, std::string_view resource);
    /// Writes the record as the revision after its own, which it then has.
    /// Errors: aborted when somebody else changed the record since it was read.
    void save(Deployment& deployment);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dynamigrate::migrate
