#pragma once

#include "engine_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

namespace dynamigrate::engine {

using testing::HasSubstr;
using testing::StartsWith;

/// The tables "plain" (pk S) and "rich" (pk S, sk N; a local index by "age" N, a global index by
/// "city" S with keys only).
class WritesFixture : public EngineFixture {
protected:
    WritesFixture() {
        call("CreateTable", R"({"TableName":"plain","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]})");
        call("CreateTable", R"({"TableName":"rich","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},
                {"AttributeName":"sk","AttributeType":"N"},
                {"AttributeName":"age","AttributeType":"N"},
                {"AttributeName":"city","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},
                {"AttributeName":"sk","KeyType":"RANGE"}],
            "LocalSecondaryIndexes":[{"IndexName":"by-age","Projection":{"ProjectionType":"ALL"},
                "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},
                    {"AttributeName":"age","KeyType":"RANGE"}]}],
            "GlobalSecondaryIndexes":[{"IndexName":"by-city",
                "Projection":{"ProjectionType":"KEYS_ONLY"},
                "KeySchema":[{"AttributeName":"city","KeyType":"HASH"}]}]})");
    }

    /// Calls on "plain" with more members: `, "Name": value` each.
    std::string plain(std::string_view operation, const std::string& members) {
        return call(operation, body(members));
    }
    std::string plain_refusal(std::string_view operation, const std::string& members) {
        return why(operation, body(members));
    }
    std::string put(const std::string& attributes, const std::string& members = "") {
        return plain("PutItem", R"("Item":{"pk":{"S":"a"})" + attributes + "}" + members);
    }
    std::string update(const std::string& members) {
        return plain("UpdateItem", R"("Key":{"pk":{"S":"a"}},)" + members);
    }
    std::string update_refusal(const std::string& members) {
        return plain_refusal("UpdateItem", R"("Key":{"pk":{"S":"a"}},)" + members);
    }
    /// The item "a", or "{}".
    std::string stored() { return plain("GetItem", R"("Key":{"pk":{"S":"a"}})"); }

    /// A refusal's message with its code, once; a failed condition's or cancelled transaction's
    /// document; "" for success.
    std::string why(std::string_view operation, const std::string& request) {
        std::string text = refusal(operation, request);
        std::size_t end = text.find(": ");
        if (end != std::string::npos && text.compare(end + 2, end, text, 0, end) == 0) {
            text.erase(0, end + 2);
        }
        return text;
    }

    static std::string body(const std::string& members) {
        return R"({"TableName":"plain",)" + members + "}";
    }
};

}  // namespace dynamigrate::engine
