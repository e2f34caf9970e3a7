#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <span>
#include <string>

namespace dynamigrate::dynamodb {

/// DynamoDB's refusal of a request.
base::Error validation_error(const std::string& message);

/// Why these elements make no set (none, or one twice), in DynamoDB's words; empty when they do.
std::string check_set(AttributeType type, std::span<const AttributeValue> elements);

/// Copies the attributes; of those with the same name, the last one.
std::span<const Attribute> copy_with_distinct_names(std::span<const Attribute> attributes,
                                                    base::Arena& arena);

inline constexpr const char* kTooDeep =
    "Nesting Levels have exceeded supported limits: attributes can have at most 32 levels";
inline constexpr const char* kNotOneType =
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
inline constexpr const char* kSeveralTypes =
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
    "supported datatypes";

}  // namespace dynamigrate::dynamodb
