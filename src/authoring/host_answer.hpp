#pragma once

#include <dynamigrate/json/reader.hpp>

#include <string>

namespace dynamigrate::authoring {

/// "message at f (file:1:2)" of what the Node host says of an error.
std::string error_text(json::wire::object error);

/// Errors: failed_precondition with what the host answered, when that is an error; `place`: its
///         file.
void expect_no_error(json::Reader& reader, std::string& answer, const std::string& place);

}  // namespace dynamigrate::authoring
