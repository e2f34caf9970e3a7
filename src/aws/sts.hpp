#pragma once

#include "fetching.hpp"

#include <dynamigrate/aws/region.hpp>

#include <string>

namespace dynamigrate::aws {

/// A role to take on.
struct RoleRequest {
    std::string role_arn;
    std::string session_name;  ///< empty: one is made
    std::string external_id;
    std::string duration_seconds;
    std::string source;  ///< for people
};

/// Security Token Service: gives credentials of a role.
class Sts {
public:
    Sts(const Surroundings& surroundings, Endpoint endpoint)
        : surroundings_(surroundings),
          endpoint_(std::move(endpoint)) {}

    /// Errors: unauthenticated with the service's reason.
    Credentials assume_role(const RoleRequest& role, const Credentials& caller,
                            std::stop_token stop) const;
    Credentials assume_role_with_web_identity(const RoleRequest& role, const std::string& token,
                                              std::stop_token stop) const;

private:
    std::string form(const char* action, const RoleRequest& role) const;
    Credentials exchange(const std::string& body, const Credentials* caller,
                         const RoleRequest& role, std::stop_token stop) const;

    const Surroundings& surroundings_;
    Endpoint endpoint_;
};

}  // namespace dynamigrate::aws
