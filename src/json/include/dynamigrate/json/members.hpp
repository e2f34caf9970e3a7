#pragma once

#include <dynamigrate/json/value.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::json {

/// The string that stands under a name; empty where `object` is none, has no such member or has one
/// of another type: for answers of services, where a field that is absent says nothing.
std::string text_of(const Value& object, std::string_view name);
/// The same; nothing there is nothing said.
std::string text_of(const Value* object, std::string_view name);

}  // namespace dynamigrate::json
