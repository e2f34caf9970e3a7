#pragma once

#include <dynamigrate/base/error.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::gateway {

/// An error as DynamoDB answers it.
struct ErrorDocument {
    int status = 400;
    std::string body;
};

/// An error of the service itself: "ValidationException".
ErrorDocument make_error(int status, std::string_view code, std::string_view message);
/// An error of what stands in front of every AWS service: signatures, unknown operations, HTTP.
ErrorDocument make_front_error(int status, std::string_view code, std::string_view message);

/// The document of an Error that a Service threw: its own, or that of the nearest code.
ErrorDocument document_of(const base::Error& error);

}  // namespace dynamigrate::gateway
