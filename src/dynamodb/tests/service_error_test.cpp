#include <dynamigrate/dynamodb/service.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

using base::ErrorKind;

std::string document(const std::string& code) {
    return R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + code + R"(","message":"why"})";
}

TEST(ServiceError, HasAKindByCode) {
    static const std::vector<std::pair<std::string, ErrorKind>> kCases{
        {"ProvisionedThroughputExceededException", ErrorKind::throttled},
        {"ThrottlingException", ErrorKind::throttled},
        {"RequestLimitExceeded", ErrorKind::throttled},
        {"LimitExceededException", ErrorKind::throttled},
        {"TransactionInProgressException", ErrorKind::throttled},
        {"ResourceInUseException", ErrorKind::aborted},
        {"TransactionConflictException", ErrorKind::aborted},
        {"ResourceNotFoundException", ErrorKind::not_found},
        {"TableNotFoundException", ErrorKind::not_found},
        {"IdempotentParameterMismatchException", ErrorKind::invalid_argument},
        {"IdempotentParameterMismatch", ErrorKind::invalid_argument},
        {"ValidationException", ErrorKind::invalid_argument},
        {"SerializationException", ErrorKind::invalid_argument},
        {"SomethingNewException", ErrorKind::invalid_argument},
        {"AccessDeniedException", ErrorKind::permission_denied},
        {"UnrecognizedClientException", ErrorKind::unauthenticated},
        {"InvalidSignatureException", ErrorKind::unauthenticated},
        {"IncompleteSignatureException", ErrorKind::unauthenticated},
        {"IncompleteSignature", ErrorKind::unauthenticated},
        {"MissingAuthenticationToken", ErrorKind::unauthenticated},
        {"MissingAuthenticationTokenException", ErrorKind::unauthenticated},
        {"ExpiredTokenException", ErrorKind::unauthenticated},
        {"UnknownOperationException", ErrorKind::unimplemented},
        {"ItemCollectionSizeLimitExceededException", ErrorKind::failed_precondition},
        {"DuplicateItemException", ErrorKind::already_exists},
    };
    for (const auto& [code, kind] : kCases) {
        base::Error error = make_service_error("PutItem", 400, document(code));
        EXPECT_EQ(error.kind(), kind) << code;
        EXPECT_EQ(error.service_code(), code);
        EXPECT_EQ(error.service_body(), document(code));
        EXPECT_EQ(error.where(), "PutItem");
        EXPECT_EQ(error.message(), code + ": why");
        EXPECT_FALSE(error.may_have_applied()) << code;
    }
}

TEST(ServiceError, OfTheServerMayHaveApplied) {
    for (const char* code : {"InternalServerError", "InternalFailure", "ServiceUnavailable",
                             "InternalServerErrorException", "SomethingNew"}) {
        base::Error error = make_service_error("PutItem", 500, document(code));
        EXPECT_EQ(error.kind(), ErrorKind::unavailable) << code;
        EXPECT_TRUE(error.may_have_applied()) << code;
        EXPECT_FALSE(make_service_error("GetItem", 500, document(code)).may_have_applied());
    }
}

TEST(ServiceError, ReadsEverySpellingOfTheDocument) {
    EXPECT_EQ(make_service_error("X", 400, R"({"__type":"ValidationException","Message":"big M"})")
                  .message(),
              "ValidationException: big M");
    EXPECT_EQ(make_service_error("X", 400, R"({"__type":"a#b#ThrottlingException:http://x"})")
                  .service_code(),
              "ThrottlingException");
    EXPECT_EQ(make_service_error("X", 400, R"({"__type":"ValidationException"})").message(),
              "ValidationException");
    EXPECT_EQ(make_service_error("X", 400, R"({"code":"AccessDeniedException"})").kind(),
              ErrorKind::permission_denied);
}

TEST(ServiceError, KeepsThrottlingReasons) {
    base::Error error = make_service_error(
        "PutItem", 400,
        R"({"__type":"x#ThrottlingException","message":"m","ThrottlingReasons":[)"
        R"({"reason":"TableWriteKeyRangeThroughputExceeded","resource":"arn:t"},)"
        R"({"reason":"IndexWriteProvisionedThroughputExceeded","resource":"arn:i"}]})");
    EXPECT_EQ(error.kind(), ErrorKind::throttled);
    EXPECT_EQ(error.throttling_reasons(),
              "TableWriteKeyRangeThroughputExceeded,IndexWriteProvisionedThroughputExceeded");
    EXPECT_EQ(make_service_error("X", 400, document("ThrottlingException")).throttling_reasons(),
              "");
}

TEST(ServiceError, WithoutADocumentGoesByStatus) {
    struct Case {
        int status;
        const char* body;
        ErrorKind kind;
        bool may_have_applied;
    };
    static const std::vector<Case> kCases{
        {503, "<html>busy</html>", ErrorKind::unavailable, true},
        {502, "", ErrorKind::unavailable, true},
        {500, "[]", ErrorKind::unavailable, true},
        {429, "slow down", ErrorKind::throttled, false},
        {400, "<html>", ErrorKind::corrupted, false},
        {404, "{}", ErrorKind::corrupted, false},
    };
    for (const Case& entry : kCases) {
        base::Error error = make_service_error("PutItem", entry.status, entry.body);
        EXPECT_EQ(error.kind(), entry.kind) << entry.status;
        EXPECT_EQ(error.may_have_applied(), entry.may_have_applied) << entry.status;
        EXPECT_NE(error.message().find(std::to_string(entry.status)), std::string::npos);
    }
}

TEST(ServiceError, WithAnUnknownCodeGoesByStatus) {
    EXPECT_EQ(make_service_error("X", 429, document("New")).kind(), ErrorKind::throttled);
    EXPECT_EQ(make_service_error("X", 403, document("New")).kind(), ErrorKind::permission_denied);
    EXPECT_EQ(make_service_error("X", 503, document("New")).kind(), ErrorKind::unavailable);
    EXPECT_EQ(make_service_error("X", 400, document("New")).kind(), ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace dynamigrate::dynamodb
