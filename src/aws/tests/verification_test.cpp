#include <dynamigrate/aws/verification.hpp>

#include <dynamigrate/aws/signing.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

namespace dynamigrate::aws {
namespace {

constexpr std::string_view kBody = R"({"TableName":"app"})";

/// A request that the Signer signed, received by a Verifier that knows the key KEY with "secret".
struct Fixture {
    Fixture() { sign({"KEY", "secret", "", {}, "test"}); }

    void sign(const Credentials& credentials, const std::string& region = "eu-west-1",
              const std::string& service = "dynamodb") {
        headers = {{"host", "localhost:8000"}, {"x-amz-target", "DynamoDB_20120810.Scan"}};
        std::vector<SignedHeader> signed_headers{{"host", headers["host"]}};
        if (!leaves_target_unsigned) {
            signed_headers.push_back({"x-amz-target", headers["x-amz-target"]});
        }
        Signature signature;
        Signer(region, service)
            .sign({.method = "POST",
                   .path = "/",
                   .query = "",
                   .headers = signed_headers,
                   .payload = kBody},
                  credentials, clock.now(), signature);
        headers["x-amz-date"] = signature.date;
        headers["authorization"] = signature.authorization;
        if (!credentials.session_token.empty()) {
            headers["x-amz-security-token"] = credentials.session_token;
        }
    }

    Refusal refusal(std::string_view body = kBody, std::string_view path = "/") {
        auto header = [this](std::string_view name) {
            auto found = headers.find(name);
            return found == headers.end() ? std::string() : found->second;
        };
        auto found = verifier.check({"POST", path, "", header, body});
        return found.value_or(Refusal{"welcome", ""});
    }
    std::string verdict(std::string_view body = kBody, std::string_view path = "/") {
        return refusal(body, path).code;
    }

    void replace(const std::string& name, const std::string& from, const std::string& to) {
        std::string& value = headers.at(name);
        value.replace(value.find(from), from.size(), to);
    }

    bool leaves_target_unsigned = false;
    base::FakeClock clock;
    Verifier verifier{"dynamodb", {{"OTHER", "other"}, {"KEY", "secret"}}, {"x-amz-target"}, clock};
    std::map<std::string, std::string, std::less<>> headers;
};

TEST(Verifier, LetsInWhatTheSignerSigned) {
    Fixture fixture;
    EXPECT_EQ(fixture.verdict(), "welcome");
    fixture.sign({"KEY", "secret", "", {}, "test"}, "us-east-1");
    EXPECT_EQ(fixture.verdict(), "welcome");
    fixture.sign({"OTHER", "other", "token", {}, "test"});
    EXPECT_EQ(fixture.verdict(), "welcome");
}

TEST(Verifier, RefusesAnotherSecretAndAnotherKey) {
    Fixture fixture;
    fixture.sign({"KEY", "guessed", "", {}, "test"});
    EXPECT_EQ(fixture.verdict(), "InvalidSignatureException");
    fixture.sign({"KEY", "other", "", {}, "test"});
    EXPECT_EQ(fixture.verdict(), "InvalidSignatureException");
    fixture.sign({"STRANGER", "secret", "", {}, "test"});
    EXPECT_EQ(fixture.verdict(), "UnrecognizedClientException");
}

TEST(Verifier, RefusesWhatWasChangedOnTheWay) {
    Fixture fixture;
    EXPECT_EQ(fixture.verdict(R"({"TableName":"abp"})"), "InvalidSignatureException");
    EXPECT_EQ(fixture.verdict(kBody, "/other"), "InvalidSignatureException");
    fixture.replace("x-amz-target", "Scan", "DeleteTable");
    EXPECT_EQ(fixture.verdict(), "InvalidSignatureException");
    fixture.sign({"KEY", "secret", "", {}, "test"});
    fixture.replace("host", "localhost", "elsewhere");
    EXPECT_EQ(fixture.verdict(), "InvalidSignatureException");
    fixture.sign({"KEY", "secret", "", {}, "test"});
    fixture.headers["authorization"].pop_back();
    EXPECT_EQ(fixture.verdict(), "InvalidSignatureException");
}

TEST(Verifier, RefusesOldAndEarlyRequests) {
    Fixture fixture;
    fixture.clock.advance(std::chrono::minutes(15));
    EXPECT_EQ(fixture.verdict(), "welcome");
    fixture.clock.advance(std::chrono::seconds(1));
    Refusal refusal = fixture.refusal();
    EXPECT_EQ(refusal.code, "InvalidSignatureException");
    EXPECT_EQ(refusal.message,
              "Signature expired: 20231114T221320Z is now earlier than 20231114T221321Z "
              "(20231114T222821Z - 15 min.)");
    fixture.sign({"KEY", "secret", "", {}, "test"});
    fixture.clock.advance(-std::chrono::minutes(15) - std::chrono::seconds(1));
    EXPECT_TRUE(fixture.refusal().message.starts_with("Signature not yet current"));
}

TEST(Verifier, RefusesAnotherScope) {
    Fixture fixture;
    fixture.sign({"KEY", "secret", "", {}, "test"}, "eu-west-1", "s3");
    EXPECT_EQ(fixture.verdict(), "InvalidSignatureException");
    fixture.sign({"KEY", "secret", "", {}, "test"});
    fixture.replace("authorization", "/20231114/", "/20231113/");
    EXPECT_TRUE(fixture.refusal().message.starts_with("Date in Credential scope does not match"));
    fixture.sign({"KEY", "secret", "", {}, "test"});
    fixture.replace("authorization", "aws4_request", "aws5_request");
    EXPECT_EQ(fixture.verdict(), "InvalidSignatureException");
}

TEST(Verifier, WantsTheTargetSigned) {
    Fixture fixture;
    fixture.leaves_target_unsigned = true;
    fixture.sign({"KEY", "secret", "", {}, "test"});
    EXPECT_EQ(fixture.refusal().message,
              "'x-amz-target' must be a 'SignedHeader' in the AWS Credential.");
}

TEST(Verifier, NamesWhatIsMissing) {
    Fixture fixture;
    fixture.headers["x-amz-date"] = "yesterday";
    EXPECT_EQ(fixture.verdict(), "IncompleteSignatureException");
    fixture.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=KEY/1/2/3/4";
    EXPECT_EQ(fixture.refusal().message,
              "Authorization header requires 'Signature' parameter. Authorization header requires "
              "'SignedHeaders' parameter.");
    for (const char* text :
         {"AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=KEY, SignedHeaders=a, Signature=b",
          "Basic a2V5OnNlY3JldA==", "AWS4-HMAC-SHA256 ,,=,"}) {
        fixture.headers["authorization"] = text;
        EXPECT_EQ(fixture.verdict(), "IncompleteSignatureException") << text;
    }
    fixture.headers.erase("authorization");
    EXPECT_EQ(fixture.verdict(), "MissingAuthenticationTokenException");
}

}  // namespace
}  // namespace dynamigrate::aws
