#include <dynamigrate/aws/region.hpp>

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::aws {
namespace {

using Variables = std::map<std::string, std::string>;

const char* const kConfig = R"(
# a comment
[default]
region = eu-west-1
[profile app]
region=eu-central-1
services = local
endpoint_url = http://general:1
[profile ignoring]
endpoint_url = http://general:1
ignore_configured_endpoint_urls = true
[profile "with spaces"]
region = ap-south-1
[services local]
dynamodb =
  endpoint_url = http://special:2
s3 =
  endpoint_url = http://special:3
[sso-session corp]
sso_region = us-east-2
)";

Endpoint resolve(const EndpointOptions& options, const Variables& variables = {},
                 const std::string& service = "dynamodb") {
    return resolve_endpoint(service, options, base::Environment(variables),
                            SharedConfig(kConfig, "config", "", "credentials"));
}

TEST(Region, ComesFromOptionThenVariablesThenProfile) {
    Variables both{{"AWS_REGION", "us-west-1"}, {"AWS_DEFAULT_REGION", "us-west-2"}};
    EXPECT_EQ(resolve({"sa-east-1", "", ""}, both).region, "sa-east-1");
    EXPECT_EQ(resolve({}, both).region, "us-west-1");
    EXPECT_EQ(resolve({}, {{"AWS_DEFAULT_REGION", "us-west-2"}}).region, "us-west-2");
    EXPECT_EQ(resolve({}).region, "eu-west-1");
    EXPECT_EQ(resolve({"", "", "with spaces"}).region, "ap-south-1");
    EXPECT_EQ(resolve({}, {{"AWS_PROFILE", "with spaces"}}).region, "ap-south-1");
}

TEST(Region, IsUsEast1ForAnEndpointWithoutOne) {
    Endpoint endpoint = resolve({"", "http://localhost:8000/", "ignoring"});
    EXPECT_EQ(endpoint.region, "us-east-1");
    EXPECT_EQ(endpoint.url, "http://localhost:8000");
    EXPECT_TRUE(endpoint.is_custom);
}

TEST(Region, MissingIsAnErrorThatSaysWhatToDo) {
    try {
        resolve({"", "", "ignoring"});
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
        EXPECT_NE(error.message().find("AWS_REGION"), std::string::npos);
    }
}

TEST(Region, RefusesWhatWouldChangeTheHost) {
    EXPECT_THROW(resolve({"evil.com/", "", ""}), base::Error);
}

TEST(EndpointUrl, ComesFromOptionThenVariablesThenServicesThenProfile) {
    Variables both{{"AWS_ENDPOINT_URL_DYNAMODB", "http://own:1"},
                   {"AWS_ENDPOINT_URL", "http://all:1"}};
    EXPECT_EQ(resolve({"", "http://flag:1", "app"}, both).url, "http://flag:1");
    EXPECT_EQ(resolve({"", "", "app"}, both).url, "http://own:1");
    EXPECT_EQ(resolve({"", "", "app"}, {{"AWS_ENDPOINT_URL", "http://all:1"}}).url, "http://all:1");
    EXPECT_EQ(resolve({"", "", "app"}).url, "http://special:2");
    EXPECT_EQ(resolve({"", "", "app"}, {}, "s3").url, "http://special:3");
    EXPECT_EQ(resolve({"", "", "app"}, {}, "sts").url, "http://general:1");
}

TEST(EndpointUrl, CanBeIgnoredWhereItIsConfigured) {
    Variables ignoring{{"AWS_ENDPOINT_URL", "http://all:1"},
                       {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}};
    EXPECT_EQ(resolve({}, ignoring).url, "https://dynamodb.eu-west-1.amazonaws.com");
    EXPECT_EQ(resolve({"us-east-1", "", "ignoring"}).url,
              "https://dynamodb.us-east-1.amazonaws.com");
    EXPECT_EQ(resolve({"", "http://flag:1", ""}, ignoring).url, "http://flag:1");
}

TEST(EndpointUrl, FollowsThePartition) {
    EXPECT_EQ(resolve({"cn-north-1", "", ""}).url, "https://dynamodb.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(resolve({"us-gov-west-1", "", ""}).url,
              "https://dynamodb.us-gov-west-1.amazonaws.com");
    EXPECT_FALSE(resolve({"us-gov-west-1", "", ""}).is_custom);
}

TEST(EndpointUrl, OfStepFunctionsIsThatOfStates) {
    const SharedConfig config("", "config", "", "credentials");
    const EndpointOptions options{"cn-north-1", "", ""};
    EXPECT_EQ(resolve_endpoint("sfn", options, base::Environment(Variables{}), config).url,
              "https://states.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(resolve_endpoint(
                  "sfn", options,
                  base::Environment(Variables{{"AWS_ENDPOINT_URL_SFN", "http://sfn:1"}}), config)
                  .url,
              "http://sfn:1");
}

TEST(Region, IsInAnArn) {
    EXPECT_EQ(region_in_arn("arn:aws:states:eu-west-1:1:execution:m:n"), "eu-west-1");
    EXPECT_EQ(region_in_arn("arn:aws:s3"), "");
    EXPECT_EQ(region_in_arn("migrations"), "");
}

TEST(SharedConfig, CredentialsFileWinsAndProfilesBlend) {
    SharedConfig config("[profile p]\nregion = r\naws_access_key_id = old\n", "config",
                        "[p]\naws_access_key_id = new\n", "credentials");
    EXPECT_EQ(setting(config.profile("p"), "region"), "r");
    EXPECT_EQ(setting(config.profile("p"), "aws_access_key_id"), "new");
    EXPECT_EQ(config.profile("q"), nullptr);
}

TEST(SharedConfig, ReadsGroupsAndSessions) {
    SharedConfig config(kConfig, "config", "", "credentials");
    EXPECT_EQ(setting(config.services("local"), "s3.endpoint_url"), "http://special:3");
    EXPECT_EQ(setting(config.sso_session("corp"), "sso_region"), "us-east-2");
    EXPECT_EQ(setting(config.sso_session("corp"), "missing"), std::nullopt);
}

TEST(SharedConfig, NamesTheWrongLine) {
    for (auto [text, place] :
         {std::pair{"[default]\nnonsense\n", "config:2:1"}, std::pair{"a = b\n", "config:1:1"},
          std::pair{"[default\n", "config:1:1"}}) {
        try {
            SharedConfig config(text, "config", "", "credentials");
            FAIL() << text;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.where(), place);
        }
    }
}

}  // namespace
}  // namespace dynamigrate::aws
