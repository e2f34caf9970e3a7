#include "error_document.hpp"

#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

namespace dynamigrate::gateway {

namespace {

using base::ErrorKind;

struct Code {
    int status;
    std::string_view name;
};

Code code_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::invalid_argument:
        case ErrorKind::failed_precondition:
            return {400, "ValidationException"};
        case ErrorKind::not_found:
            return {400, "ResourceNotFoundException"};
        case ErrorKind::already_exists:
            return {400, "ResourceInUseException"};
        case ErrorKind::throttled:
            return {400, "ThrottlingException"};
        case ErrorKind::aborted:
            return {400, "TransactionConflictException"};
        case ErrorKind::unauthenticated:
            return {400, "UnrecognizedClientException"};
        case ErrorKind::permission_denied:
            return {400, "AccessDeniedException"};
        case ErrorKind::unimplemented:
            return {400, "UnknownOperationException"};
        case ErrorKind::unavailable:
        case ErrorKind::cancelled:
            return {503, "ServiceUnavailable"};
        case ErrorKind::outcome_unknown:
        case ErrorKind::corrupted:
        case ErrorKind::internal:
            return {500, "InternalServerError"};
    }
    return {500, "InternalServerError"};
}

/// Codes of the service's own choosing; SDKs repeat those of status 5xx by themselves.
int status_of(const base::Error& error) noexcept {
    std::string_view code = error.service_code();
    if (code.starts_with("Internal")) {
        return 500;
    }
    if (code.starts_with("ServiceUnavailable")) {
        return 503;
    }
    return code.empty() ? code_of(error.kind()).status : 400;
}

ErrorDocument make_document(int status, std::string_view family, std::string_view code,
                            std::string_view message) {
    ErrorDocument document{status, {}};
    json::Writer writer(document.body);
    writer.begin_object().key("__type").string(fmt::format("{}#{}", family, code));
    writer.key("message").string(message).end_object();
    return document;
}

}  // namespace

ErrorDocument make_error(int status, std::string_view code, std::string_view message) {
    return make_document(status, "com.amazonaws.dynamodb.v20120810", code, message);
}

ErrorDocument make_front_error(int status, std::string_view code, std::string_view message) {
    return make_document(status, "com.amazon.coral.service", code, message);
}

ErrorDocument document_of(const base::Error& error) {
    if (!error.service_body().empty()) {
        return {status_of(error), error.service_body()};
    }
    if (!error.service_code().empty()) {
        return make_error(status_of(error), error.service_code(), error.message());
    }
    Code code = code_of(error.kind());
    bool is_front = error.kind() == ErrorKind::unimplemented;
    return (is_front ? make_front_error : make_error)(code.status, code.name, error.what());
}

}  // namespace dynamigrate::gateway
