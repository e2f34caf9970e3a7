#include <dynamigrate/aws/signing.hpp>

#include <dynamigrate/base/child_process.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <vector>

namespace dynamigrate::aws {
namespace {

/// A request of AWS's published Signature Version 4 test suite with its signature.
struct Vector {
    const char* name;
    const char* method;
    const char* path;
    const char* query;
    std::vector<SignedHeader> headers;
    const char* payload;
    const char* signed_headers;
    const char* signature;
};

void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }

const SignedHeader kHost{"Host", "example.amazonaws.com"};
const char* const kUsual = "host;x-amz-date";

const std::vector<Vector>& published_vectors() {
    static const std::vector<Vector> kVectors = {
        {"get-vanilla",
         "GET",
         "/",
         "",
         {kHost},
         "",
         kUsual,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-vanilla-query-order-key-case",
         "GET",
         "/",
         "Param2=value2&Param1=value1",
         {kHost},
         "",
         kUsual,
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-vanilla-empty-query-key",
         "GET",
         "/",
         "Param1=value1",
         {kHost},
         "",
         kUsual,
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        {"get-vanilla-utf8-query",
         "GET",
         "/",
         "\xE1\x88\xB4=bar",
         {kHost},
         "",
         kUsual,
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"get-unreserved",
         "GET",
         "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         "",
         {kHost},
         "",
         kUsual,
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"get-utf8",
         "GET",
         "/\xE1\x88\xB4",
         "",
         {kHost},
         "",
         kUsual,
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-space",
         "GET",
         "/example space/",
         "",
         {kHost},
         "",
         kUsual,
         "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        {"get-relative",
         "GET",
         "/example/..",
         "",
         {kHost},
         "",
         kUsual,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-slash-dot-slash",
         "GET",
         "/./",
         "",
         {kHost},
         "",
         kUsual,
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-header-key-duplicate",
         "GET",
         "/",
         "",
         {kHost, {"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
         "",
         "host;my-header1;x-amz-date",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"get-header-value-order",
         "GET",
         "/",
         "",
         {kHost,
          {"My-Header1", "value4"},
          {"My-Header1", "value1"},
          {"My-Header1", "value3"},
          {"My-Header1", "value2"}},
         "",
         "host;my-header1;x-amz-date",
         "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        {"get-header-value-trim",
         "GET",
         "/",
         "",
         {kHost, {"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
         "",
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"post-vanilla",
         "POST",
         "/",
         "",
         {kHost},
         "",
         kUsual,
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"post-vanilla-query",
         "POST",
         "/",
         "Param1=value1",
         {kHost},
         "",
         kUsual,
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
        {"post-header-key-sort",
         "POST",
         "/",
         "",
         {{"My-Header1", "value1"}, kHost},
         "",
         "host;my-header1;x-amz-date",
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        {"post-x-www-form-urlencoded",
         "POST",
         "/",
         "",
         {kHost, {"Content-Type", "application/x-www-form-urlencoded"}},
         "Param1=value1",
         "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    };
    return kVectors;
}

class PublishedVector : public ::testing::TestWithParam<Vector> {};

TEST_P(PublishedVector, HasThePublishedSignature) {
    const Vector& vector = GetParam();
    Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", {}, ""};
    Signature signature;
    Signer("us-east-1", "service")
        .sign({vector.method, vector.path, vector.query, vector.headers, vector.payload},
              credentials, base::parse_iso8601("2015-08-30T12:36:00Z"), signature);
    EXPECT_EQ(signature.date, "20150830T123600Z");
    EXPECT_EQ(signature.authorization,
              fmt::format("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                          "aws4_request, SignedHeaders={}, Signature={}",
                          vector.signed_headers, vector.signature));
}

INSTANTIATE_TEST_SUITE_P(Signer, PublishedVector, ::testing::ValuesIn(published_vectors()),
                         [](const auto& vector) {
                             std::string name = vector.param.name;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(Signer, SignsTheDocumentedListUsersRequest) {
    Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", {}, ""};
    SignedHeader headers[] = {{"host", "iam.amazonaws.com"},
                              {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
    Signature signature;
    Signer("us-east-1", "iam")
        .sign({.method = "GET", .query = "Action=ListUsers&Version=2010-05-08", .headers = headers},
              credentials, base::parse_iso8601("2015-08-30T12:36:00Z"), signature);
    EXPECT_TRUE(signature.authorization.ends_with(
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"));
}

TEST(Signer, ChangesItsKeyWithDayAndSecret) {
    Signer signer("us-east-1", "dynamodb");
    SignedHeader headers[] = {{"host", "h"}};
    SigningInput input{.method = "POST", .headers = headers};
    auto sign = [&](Signer& by, const char* secret, const char* time) {
        Signature signature;
        by.sign(input, {"K", secret, "", {}, ""}, base::parse_iso8601(time), signature);
        return signature.authorization;
    };
    sign(signer, "one", "2026-01-01T23:59:59Z");
    for (auto [secret, time] :
         {std::pair{"one", "2026-01-02T00:00:00Z"}, std::pair{"two", "2026-01-02T00:00:00Z"}}) {
        Signer fresh("us-east-1", "dynamodb");
        EXPECT_EQ(sign(signer, secret, time), sign(fresh, secret, time));
    }
}

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return bytes;
}

std::vector<std::string> fields_of(std::string_view line) {
    std::vector<std::string> fields;
    while (true) {
        std::size_t tab = line.find('\t');
        fields.push_back(from_hex(line.substr(0, tab)));
        if (tab == line.npos) {
            return fields;
        }
        line.remove_prefix(tab + 1);
    }
}

void expect_botocores_signature(const std::vector<std::string>& fields) {
    ASSERT_GE(fields.size(), 13U);
    std::vector<SignedHeader> headers;
    for (std::size_t i = 11; i + 1 < fields.size(); i += 2) {
        headers.push_back({fields[i], fields[i + 1]});
    }
    Signature signature;
    Signer(fields[0], fields[1])
        .sign({fields[5], fields[6], fields[7], headers, fields[8]},
              {fields[2], fields[3], fields[4], {}, ""}, base::parse_iso8601(fields[9]), signature);
    EXPECT_EQ(signature.authorization, fields[10])
        << fields[5] << " " << fields[6] << "?" << fields[7];
}

TEST(Signer, AgreesWithBotocore) {
    base::SystemChildProcesses programs;
    base::ChildResult result =
        programs.run({"/usr/bin/python3",
                      DYNAMIGRATE_SOURCE_DIR "/src/aws/tests/botocore_signatures.py", "1", "200"},
                     std::nullopt, std::chrono::seconds(60), {});
    ASSERT_EQ(result.exit_code, 0) << "needs python3-botocore; see scripts/install-deps\n"
                                   << result.err;
    int lines = 0;
    std::string_view rest = result.out;
    while (!rest.empty()) {
        std::size_t end = rest.find('\n');
        expect_botocores_signature(fields_of(rest.substr(0, end)));
        rest.remove_prefix(end + 1);
        ++lines;
    }
    EXPECT_EQ(lines, 200);
}

}  // namespace
}  // namespace dynamigrate::aws
