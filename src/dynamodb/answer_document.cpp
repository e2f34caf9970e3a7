#include "answer_document.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>

namespace dynamigrate::dynamodb {

namespace {

json::Value parse(std::string_view body, std::string_view what) {
    try {
        return json::parse_json(body, "answer");
    } catch (const base::Error& error) {
        throw base::Error(base::ErrorKind::corrupted,
                          std::string(what) + " is not JSON (is this endpoint DynamoDB?)")
            .because(error);
    }
}

}  // namespace

json::Value parse_answer(std::string_view body, std::string_view what) {
    json::Value document = parse(body, what);
    if (!document.is_object()) {
        throw base::Error(base::ErrorKind::corrupted,
                          std::string(what) + ": expected an object, found " +
                              std::string(json::to_string(document.type())) +
                              "; is this endpoint DynamoDB?");
    }
    return document;
}

}  // namespace dynamigrate::dynamodb
