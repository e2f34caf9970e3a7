#include "gateway_fixture.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace dynamigrate::gateway {
namespace {

const aws::AccessKey kKey{"KEY", "secret"};

GatewayOptions with_key() {
    GatewayOptions options;
    options.access_keys = {kKey};
    return options;
}

std::string type_of(const http::Response& response) {
    std::string_view type = response.body;
    type = type.substr(0, type.find("\",\""));
    return std::string(type.substr(type.find('#') + 1));
}

TEST(Access, IsFreeWithoutKeys) {
    Fixture fixture;
    EXPECT_EQ(fixture.call("Scan").status, 200);
    EXPECT_EQ(fixture.call("Scan", "{}", {{"Authorization", "nonsense"}}).status, 200);
}

TEST(Access, NeedsASignatureOfTheKey) {
    Fixture fixture(with_key());
    EXPECT_EQ(fixture.call("Scan", "{}", fixture.signature(kKey, "Scan", "{}")).status, 200);
    EXPECT_EQ(fixture.call("Scan").status, 400);
    EXPECT_EQ(type_of(fixture.response), "MissingAuthenticationTokenException");
    EXPECT_EQ(fixture.header("date"), "Tue, 14 Nov 2023 22:13:20 GMT");
    fixture.call("Scan", "{}", {{"Authorization", "AWS4-HMAC-SHA256 Credential=KEY"}});
    EXPECT_EQ(type_of(fixture.response), "IncompleteSignatureException");
    fixture.call("Scan", "{}", fixture.signature({"OTHER", "secret"}, "Scan", "{}"));
    EXPECT_EQ(type_of(fixture.response), "UnrecognizedClientException");
    fixture.call("Scan", "{}", fixture.signature({"KEY", "guess"}, "Scan", "{}"));
    EXPECT_EQ(type_of(fixture.response), "InvalidSignatureException");
    fixture.call("Scan", R"({"TableName":"other"})", fixture.signature(kKey, "Scan", "{}"));
    EXPECT_EQ(type_of(fixture.response), "InvalidSignatureException");
    fixture.call("DeleteTable", "{}", fixture.signature(kKey, "Scan", "{}"));
    EXPECT_EQ(type_of(fixture.response), "InvalidSignatureException");
    auto early = fixture.signature(kKey, "Scan", "{}");
    fixture.clock.advance(std::chrono::minutes(16));
    fixture.call("Scan", "{}", early);
    EXPECT_EQ(type_of(fixture.response), "InvalidSignatureException");
}

TEST(Access, OfAStrangerNeverReachesTheService) {
    Fixture fixture(with_key());
    fixture.service.script = [](const dynamodb::Call&, dynamodb::Reply&) { ADD_FAILURE(); };
    fixture.call("Scan");
    fixture.call("Scan", "{}", fixture.signature({"KEY", "guess"}, "Scan", "{}"));
    fixture.send("OPTIONS", "/", "", {{"Origin", "https://example.com"}});
}

TEST(Access, HealthNeedsNoKey) {
    Fixture fixture(with_key());
    EXPECT_EQ(fixture.send("GET", "/", "", {}).status, 200);
}

TEST(AccessKey, IsNewEachTimeAndLetsIn) {
    base::SeededRandom random(7);
    aws::AccessKey first = make_access_key(random);
    aws::AccessKey second = make_access_key(random);
    EXPECT_NE(first.id, second.id);
    EXPECT_NE(first.secret, second.secret);
    EXPECT_EQ(first.id.size(), 20U);
    EXPECT_EQ(first.secret.size(), 40U);
    GatewayOptions options;
    options.access_keys = {first};
    Fixture fixture(options);
    EXPECT_EQ(fixture.call("Scan", "{}", fixture.signature(first, "Scan", "{}")).status, 200);
    fixture.call("Scan", "{}", fixture.signature(second, "Scan", "{}"));
    EXPECT_EQ(type_of(fixture.response), "UnrecognizedClientException");
}

TEST(Pages, OfThisMachineMayAsk) {
    Fixture fixture;
    for (const char* origin : {"http://localhost:3000", "http://127.0.0.1:8001", "http://[::1]:80",
                               "https://app.localhost"}) {
        fixture.call("Scan", "{}", {{"Origin", origin}});
        EXPECT_EQ(fixture.response.status, 200) << origin;
        EXPECT_EQ(fixture.header("access-control-allow-origin"), origin);
        EXPECT_NE(fixture.header("access-control-expose-headers").find("x-amzn-RequestId"),
                  std::string::npos);
    }
}

TEST(Pages, OfOtherSitesGetNothing) {
    Fixture fixture;
    fixture.service.script = [](const dynamodb::Call&, dynamodb::Reply&) { ADD_FAILURE(); };
    for (const char* origin : {"https://example.com", "null", "http://localhost.example.com",
                               "http://127.0.0.1.example.com", "file://"}) {
        fixture.call("Scan", "{}", {{"Origin", origin}});
        EXPECT_EQ(fixture.response.status, 403) << origin;
        EXPECT_EQ(fixture.header("access-control-allow-origin"), "");
        fixture.send("OPTIONS", "/", "",
                     {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}});
        EXPECT_EQ(fixture.response.status, 403) << origin;
        EXPECT_EQ(fixture.header("access-control-allow-headers"), "");
    }
}

TEST(Pages, OfAnotherNameForThisMachineGetNothing) {
    Fixture fixture;
    for (const char* host : {"example.com:8000", "rebound.example.com", "localhost.example.com"}) {
        EXPECT_EQ(fixture.call("Scan", "{}", {{"Host", host}}).status, 403) << host;
    }
    for (const char* host : {"localhost:8000", "127.0.0.1", "[::1]:8000", "192.168.1.5:8000",
                             "host.docker.internal:8000"}) {
        EXPECT_EQ(fixture.call("Scan", "{}", {{"Host", host}}).status, 200) << host;
    }
}

TEST(Pages, OfAllSitesMayAskWhereSignaturesAreChecked) {
    Fixture fixture(with_key());
    auto headers = fixture.signature(kKey, "Scan", "{}");
    headers.push_back({"Origin", "https://example.com"});
    EXPECT_EQ(fixture.call("Scan", "{}", headers).status, 200);
    EXPECT_EQ(fixture.header("access-control-allow-origin"), "*");
}

TEST(Pages, LearnBeforehandWhatTheyMaySend) {
    Fixture fixture;
    fixture.send("OPTIONS", "/", "",
                 {{"Origin", "http://localhost:3000"},
                  {"Access-Control-Request-Method", "POST"},
                  {"Access-Control-Request-Headers", "x-amz-target,x-new"},
                  {"Access-Control-Request-Private-Network", "true"}});
    EXPECT_EQ(fixture.response.status, 200);
    EXPECT_EQ(fixture.header("access-control-allow-headers"), "x-amz-target,x-new");
    EXPECT_EQ(fixture.header("access-control-allow-methods"), "POST, GET, OPTIONS");
    EXPECT_EQ(fixture.header("access-control-allow-private-network"), "true");
    EXPECT_EQ(fixture.response.body, "");
}

}  // namespace
}  // namespace dynamigrate::gateway
