#include <dynamigrate/cloud/custom_resource.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;
using json::text_of;
using Type = CustomResourceRequest::Type;

constexpr std::size_t kMostName = 80;
constexpr std::size_t kMostLogicalId = 255;
/// Between the deployment's end and CloudFormation's.
constexpr std::chrono::seconds kSpare{60};
constexpr std::string_view kCut = " ... (cut; the function's log has all of it)";

struct TypeName {
    std::string_view name;
    Type type;
};
constexpr TypeName kTypes[] = {
    {"Create", Type::create}, {"Update", Type::update}, {"Delete", Type::remove}};

Error wrong(std::string_view property, std::string_view why) {
    return Error(ErrorKind::invalid_argument,
                 fmt::format("the property {} of the custom resource {}", property, why));
}

/// CloudFormation hands numbers over as text.
std::optional<double> number_of(const json::Value& properties, std::string_view name) {
    const json::Value* value = properties.find(name);
    if (!value || (value->is_string() && value->text().empty())) {
        return std::nullopt;
    }
    const std::string& text = value->text();
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number) ||
        number <= 0) {
        throw wrong(name, fmt::format("is \"{}\", not a number above 0", text));
    }
    return number;
}

/// Whether the property says the second word.
bool choice_of(const json::Value& properties, std::string_view name, std::string_view usual,
               std::string_view other) {
    const std::string text = text_of(properties, name);
    if (!text.empty() && text != usual && text != other) {
        throw wrong(name, fmt::format("is \"{}\"; it may be {} or {}", text, usual, other));
    }
    return text == other;
}

DeploymentWishes::Machines machines_of(const json::Value& properties) {
    DeploymentWishes::Machines machines;
    const json::Value* value = properties.find("Machines");
    if (value && value->is_object()) {
        for (const json::Value::Member& member : value->members()) {
            machines.emplace_back(member.key, member.value.text());
        }
    }
    return machines;
}

std::chrono::milliseconds time_of(const json::Value& properties) {
    using Minutes = std::chrono::duration<double, std::ratio<60>>;
    const double minutes = number_of(properties, "TimeoutMinutes")
                               .value_or(static_cast<double>(kMostDeploymentTime.count()));
    if (minutes > static_cast<double>(kMostDeploymentTime.count())) {
        throw wrong("TimeoutMinutes",
                    fmt::format("is {}, but CloudFormation waits for one hour at most, so that a "
                                "deployment has {}; with `OnTimeout: detach` the run goes on after "
                                "it, and the next deployment checks it",
                                minutes, kMostDeploymentTime.count()));
    }
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(Minutes(minutes));
    const std::optional<double> service = number_of(properties, "ServiceTimeout");
    if (service && time + kSpare > std::chrono::duration<double>(*service)) {
        throw wrong("ServiceTimeout", fmt::format("is {} s, too short for a TimeoutMinutes of {}: "
                                                  "CloudFormation would give up before the answer",
                                                  *service, minutes));
    }
    return time;
}

/// Longer than any that is told apart by a digest.
std::string readable(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_';
        name.push_back(is_plain ? c : '-');
    }
    return name;
}

std::string physical_id(const CustomResourceRequest& request) {
    if (!request.physical_id.empty()) {
        return request.physical_id;
    }
    return fmt::format("migrations-{}-{:.12}", request.logical_id.substr(0, kMostLogicalId),
                       base::sha256_hex(request.stack_id));
}

std::string write_answer(const CustomResourceRequest& request, const CustomResourceAnswer& answer,
                         std::string_view reason) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("Status").string(answer.is_success ? "SUCCESS" : "FAILED");
    out.key("Reason").string(reason);
    out.key("PhysicalResourceId").string(physical_id(request));
    out.key("StackId").string(request.stack_id);
    out.key("RequestId").string(request.request_id);
    out.key("LogicalResourceId").string(request.logical_id);
    out.key("NoEcho").boolean(false);
    out.key("Data").begin_object();
    for (const auto& [name, value] : answer.data) {
        out.key(name).string(value);
    }
    out.end_object().end_object();
    return body;
}

/// Not within a character.
std::string_view cut(std::string_view text, std::size_t size) {
    while (size > 0 && size < text.size() &&
           (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
        --size;
    }
    return text.substr(0, size);
}

}  // namespace

CustomResourceRequest read_custom_resource(const json::Value& event) {
    CustomResourceRequest request;
    const std::string type = text_of(event, "RequestType");
    const auto* const known = std::ranges::find(kTypes, type, &TypeName::name);
    if (known == std::end(kTypes)) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("the event of the custom resource has the RequestType \"{}\"; "
                                "CloudFormation sends Create, Update and Delete",
                                type));
    }
    request.type = known->type;
    for (const auto& [name, member] :
         {std::pair{"RequestId", &CustomResourceRequest::request_id},
          std::pair{"StackId", &CustomResourceRequest::stack_id},
          std::pair{"LogicalResourceId", &CustomResourceRequest::logical_id},
          std::pair{"ResponseURL", &CustomResourceRequest::response_url}}) {
        request.*member = text_of(event, name);
        if ((request.*member).empty()) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("the event of the custom resource has no {}", name));
        }
    }
    request.physical_id = text_of(event, "PhysicalResourceId");
    for (const auto& [name, member] :
         {std::pair{"ResourceProperties", &CustomResourceRequest::properties},
          std::pair{"OldResourceProperties", &CustomResourceRequest::old_properties}}) {
        const json::Value* value = event.find(name);
        request.*member = value && value->is_object() ? *value : json::Value::object();
    }
    return request;
}

std::string deployment_input(const CustomResourceRequest& request) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("request").begin_object();
    out.key("RequestType").string(std::ranges::find(kTypes, request.type, &TypeName::type)->name);
    out.key("RequestId").string(request.request_id).key("StackId").string(request.stack_id);
    out.key("LogicalResourceId").string(request.logical_id);
    if (!request.physical_id.empty()) {
        out.key("PhysicalResourceId").string(request.physical_id);
    }
    out.key("ResponseURL").string(request.response_url);
    out.key("ResourceProperties").raw(json::to_json(request.properties));
    out.key("OldResourceProperties").raw(json::to_json(request.old_properties));
    out.end_object().end_object();
    return text;
}

DeploymentWishes read_wishes(const CustomResourceRequest& request) {
    const json::Value& properties = request.properties;
    DeploymentWishes wishes;
    wishes.machine = text_of(properties, "DeploymentMachine");
    if (wishes.machine.empty()) {
        throw wrong("DeploymentMachine", "is missing; it names the deployment's state machine");
    }
    wishes.machines = machines_of(properties);
    wishes.old_machines = machines_of(request.old_properties);
    wishes.digest = text_of(properties, "Digest");
    wishes.old_digest = text_of(request.old_properties, "Digest");
    wishes.detaches = choice_of(properties, "OnTimeout", "fail", "detach");
    wishes.undoes = choice_of(properties, "OnRollback", "keep", "down") ||
                    text_of(request.old_properties, "OnRollback") == "down";
    wishes.time = time_of(properties);
    return wishes;
}

std::string machine_of(const DeploymentWishes::Machines& machines, const std::string& migration) {
    const auto found =
        std::ranges::find(machines, migration, [](const auto& one) { return one.first; });
    return found == machines.end() ? "" : found->second;
}

std::string execution_name(const std::string& request_id, const std::string& migration,
                           const std::string& action) {
    constexpr std::size_t kDigest = 12;
    const std::string digest =
        base::sha256_hex(request_id + '\n' + migration + '\n' + action).substr(0, kDigest);
    std::string name = "deploy-";
    for (const std::string& part : {action, migration, request_id}) {
        if (!part.empty()) {
            name += readable(part) + "-";
        }
    }
    return name.substr(0, kMostName - kDigest) + digest;
}

std::string answer_body(const CustomResourceRequest& request, const CustomResourceAnswer& answer) {
    std::string body = write_answer(request, answer, answer.reason);
    for (std::size_t size = answer.reason.size(); body.size() >= kMaxResourceAnswer && size > 0;) {
        // Characters may take several bytes once they are quoted.
        const std::size_t over = body.size() - kMaxResourceAnswer + 1 + kCut.size();
        size -= std::min(size, std::max<std::size_t>(1, over / 2));
        body = write_answer(request, answer,
                            std::string(cut(answer.reason, size)) + std::string(kCut));
    }
    return body;
}

}  // namespace dynamigrate::cloud
