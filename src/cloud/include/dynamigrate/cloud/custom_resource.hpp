#pragma once

#include <dynamigrate/json/value.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

/// What CloudFormation asks of a custom resource, and how it is answered.
namespace dynamigrate::cloud {

/// A request, as CloudFormation sends it.
struct CustomResourceRequest {
    enum class Type { create, update, remove };
    Type type = Type::create;
    std::string request_id;  ///< the same when the request is sent again
    std::string stack_id;
    std::string logical_id;
    std::string physical_id;   ///< "" before it is created
    std::string response_url;  ///< presigned: a secret
    json::Value properties;
    json::Value old_properties;  ///< of an update
};

/// Errors: invalid_argument for an event that is none, or names no one to answer.
CustomResourceRequest read_custom_resource(const json::Value& event);

/// The input for an execution of the deployment's state machine; `read_custom_resource` takes its
/// member `request`.
std::string deployment_input(const CustomResourceRequest& request);

/// What the properties of the resource say.
struct DeploymentWishes {
    /// Migrations and their state machines, in the template's order.
    using Machines = std::vector<std::pair<std::string, std::string>>;

    std::string machine;  ///< of the deployment; ARN
    Machines machines, old_machines;
    std::string digest, old_digest;  ///< of all migrations; "": unknown
    bool detaches = false;           ///< when the time is over
    bool undoes = false;             ///< when the stack is rolled back
    std::chrono::milliseconds time;  ///< until CloudFormation is answered
};
/// Longer CloudFormation does not wait, with room for an answer.
inline constexpr std::chrono::minutes kMostDeploymentTime{55};

/// Errors: invalid_argument, naming the property.
DeploymentWishes read_wishes(const CustomResourceRequest& request);
/// The machine of a migration; "" where there is none.
std::string machine_of(const DeploymentWishes::Machines& machines, const std::string& migration);

/// A name for an execution, the same for the same texts: at most 80 of the characters that Step
/// Functions takes.
std::string execution_name(const std::string& request_id, const std::string& migration = "",
                           const std::string& action = "");

/// What CloudFormation is told.
struct CustomResourceAnswer {
    bool is_success = false;
    std::string reason;
    std::vector<std::pair<std::string, std::string>> data = {};
};
/// What CloudFormation takes of an answer at most.
inline constexpr std::size_t kMaxResourceAnswer = 4096;
/// The answer's body, below `kMaxResourceAnswer`: a longer reason is cut, and says where all of it is.
std::string answer_body(const CustomResourceRequest& request, const CustomResourceAnswer& answer);

}  // namespace dynamigrate::cloud
