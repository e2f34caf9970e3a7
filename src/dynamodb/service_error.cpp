#include <dynamigrate/dynamodb/service.hpp>

#include <dynamigrate/json/json5.hpp>

#include <algorithm>
#include <array>

namespace dynamigrate::dynamodb {

namespace {

using base::ErrorKind;

struct CodeKind {
    std::string_view code;
    ErrorKind kind;
};

/// By code, without the suffix "Exception".
constexpr std::array<CodeKind, 43> kCodes{{
    {"ProvisionedThroughputExceeded", ErrorKind::throttled},
    {"Throttling", ErrorKind::throttled},
    {"ThrottlingError", ErrorKind::throttled},
    {"RequestLimitExceeded", ErrorKind::throttled},
    {"LimitExceeded", ErrorKind::throttled},
    {"TransactionInProgress", ErrorKind::throttled},
    {"ReplicatedWriteConflict", ErrorKind::throttled},
    {"ResourceInUse", ErrorKind::aborted},
    {"TableInUse", ErrorKind::aborted},
    {"TransactionConflict", ErrorKind::aborted},
    {"TransactionCanceled", ErrorKind::aborted},
    {"ConditionalCheckFailed", ErrorKind::aborted},
    {"ContinuousBackupsUnavailable", ErrorKind::failed_precondition},
    {"ItemCollectionSizeLimitExceeded", ErrorKind::failed_precondition},
    {"PolicyNotFound", ErrorKind::not_found},
    {"ResourceNotFound", ErrorKind::not_found},
    {"TableNotFound", ErrorKind::not_found},
    {"IndexNotFound", ErrorKind::not_found},
    {"BackupNotFound", ErrorKind::not_found},
    {"ExportNotFound", ErrorKind::not_found},
    {"ImportNotFound", ErrorKind::not_found},
    {"GlobalTableNotFound", ErrorKind::not_found},
    {"ReplicaNotFound", ErrorKind::not_found},
    {"TableAlreadyExists", ErrorKind::already_exists},
    {"GlobalTableAlreadyExists", ErrorKind::already_exists},
    {"ReplicaAlreadyExists", ErrorKind::already_exists},
    {"DuplicateItem", ErrorKind::already_exists},
    {"IdempotentParameterMismatch", ErrorKind::invalid_argument},
    {"Validation", ErrorKind::invalid_argument},
    {"Serialization", ErrorKind::invalid_argument},
    {"AccessDenied", ErrorKind::permission_denied},
    {"UnrecognizedClient", ErrorKind::unauthenticated},
    {"InvalidSignature", ErrorKind::unauthenticated},
    {"IncompleteSignature", ErrorKind::unauthenticated},
    {"MissingAuthenticationToken", ErrorKind::unauthenticated},
    {"InvalidClientTokenId", ErrorKind::unauthenticated},
    {"ExpiredToken", ErrorKind::unauthenticated},
    {"RequestExpired", ErrorKind::unauthenticated},
    {"UnknownOperation", ErrorKind::unimplemented},
    {"InternalServerError", ErrorKind::unavailable},
    {"InternalServer", ErrorKind::unavailable},
    {"InternalFailure", ErrorKind::unavailable},
    {"ServiceUnavailable", ErrorKind::unavailable},
}};

ErrorKind kind_of(std::string_view code, int http_status) noexcept {
    std::string_view bare = code;
    if (bare.ends_with("Exception")) {
        bare.remove_suffix(std::string_view("Exception").size());
    }
    auto found = std::find_if(kCodes.begin(), kCodes.end(),
                              [&](const CodeKind& entry) { return entry.code == bare; });
    if (found != kCodes.end()) {
        return found->kind;
    }
    if (http_status == 401 || http_status == 403) {
        return ErrorKind::permission_denied;
    }
    if (http_status == 429) {
        return ErrorKind::throttled;
    }
    if (http_status >= 500) {
        return ErrorKind::unavailable;
    }
    return ErrorKind::invalid_argument;
}

/// "com.amazonaws.dynamodb.v20120810#ValidationException" and "ValidationException:http://..."
std::string bare_code(std::string_view type) {
    type = type.substr(0, type.find(':'));
    std::size_t hash = type.rfind('#');
    return std::string(hash == type.npos ? type : type.substr(hash + 1));
}

const std::string& text_member(const json::Value& object, std::string_view name) {
    static const std::string kNone;
    const json::Value* value = object.find(name);
    return value != nullptr && value->is_string() ? value->text() : kNone;
}

std::string message_of(const json::Value& document) {
    for (std::string_view name : {"message", "Message", "errorMessage"}) {
        if (const std::string& text = text_member(document, name); !text.empty()) {
            return text;
        }
    }
    return {};
}

std::string code_of(const json::Value& document) {
    for (std::string_view name : {"__type", "code", "Code"}) {
        if (const std::string& text = text_member(document, name); !text.empty()) {
            return bare_code(text);
        }
    }
    return {};
}

std::string throttling_reasons_of(const json::Value& document) {
    std::string reasons;
    for (std::string_view name : {"ThrottlingReasons", "throttlingReasons"}) {
        const json::Value* list = document.find(name);
        if (list == nullptr || !list->is_array()) {
            continue;
        }
        for (const json::Value& element : list->elements()) {
            const std::string& lower = text_member(element, "reason");
            const std::string& text = lower.empty() ? text_member(element, "Reason") : lower;
            if (!text.empty()) {
                reasons.append(reasons.empty() ? "" : ",").append(text);
            }
        }
    }
    return reasons;
}

base::Error no_document_error(std::string_view operation, int http_status, std::string_view body) {
    bool is_unavailable = http_status >= 500 || http_status == 429;
    std::string message = "HTTP status " + std::to_string(http_status) +
                          (body.empty() ? " with an empty answer"
                                        : " with an answer that is no DynamoDB error document");
    return base::Error(http_status == 429 ? ErrorKind::throttled
                       : is_unavailable   ? ErrorKind::unavailable
                                          : ErrorKind::corrupted,
                       message + "; is this endpoint DynamoDB?")
        .at(std::string(operation))
        .service_body(std::string(body))
        .may_have_applied(http_status >= 500 && !is_read_only(operation));
}

std::optional<json::Value> parse_document(std::string_view body) {
    try {
        json::Value document = json::parse_json(body, "error answer");
        return document.is_object() ? std::optional(std::move(document)) : std::nullopt;
    } catch (const base::Error&) {
        return std::nullopt;
    }
}

}  // namespace

base::Error make_service_error(std::string_view operation, int http_status, std::string_view body) {
    auto document = parse_document(body);
    if (!document) {
        return no_document_error(operation, http_status, body);
    }
    std::string code = code_of(*document);
    if (code.empty()) {
        return no_document_error(operation, http_status, body);
    }
    ErrorKind kind = kind_of(code, http_status);
    std::string message = message_of(*document);
    return base::Error(kind, message.empty() ? code : code + ": " + message)
        .at(std::string(operation))
        .service_code(std::move(code))
        .service_body(std::string(body))
        .throttling_reasons(throttling_reasons_of(*document))
        .may_have_applied(kind == ErrorKind::unavailable && !is_read_only(operation));
}

}  // namespace dynamigrate::dynamodb
