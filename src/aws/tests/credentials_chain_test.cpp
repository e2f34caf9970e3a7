#include <dynamigrate/aws/credentials.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace dynamigrate::aws {
namespace {

/// Answers by "METHOD url"; anything else is no reachable host.
class ScriptedHttp final : public http::Client {
public:
    struct Answer {
        int status = 200;
        std::string body;
    };

    void send(const http::Request& request, http::Response& response) override {
        std::string line = request.method + " " + request.url;
        for (const http::Header& header : request.headers) {
            line += fmt::format(" [{}: {}]", header.name, header.value);
        }
        sent.push_back(line + " " + std::string(request.body));
        auto found = answers.find(request.method + " " + request.url);
        if (found == answers.end()) {
            throw base::Error(base::ErrorKind::unavailable, "no such host: " + request.url);
        }
        response.clear();
        response.status = found->second.status;
        response.body = found->second.body;
    }

    std::map<std::string, Answer> answers;
    std::vector<std::string> sent;
};

class ScriptedPrograms final : public base::ChildProcesses {
public:
    base::ChildResult run(const std::vector<std::string>& arguments,
                          const std::optional<std::map<std::string, std::string>>&,
                          std::chrono::milliseconds, std::stop_token) override {
        called = arguments;
        return result;
    }

    std::vector<std::string> called;
    base::ChildResult result;
};

constexpr const char* kSts = "POST https://sts.amazonaws.com/";
constexpr const char* kJson =
    R"({"Version":1,"AccessKeyId":"JID","SecretAccessKey":"JSECRET","Token":"JTOKEN",)"
    R"("Expiration":"2030-01-01T00:00:00Z"})";

std::string role_answer(const std::string& id) {
    return fmt::format(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
        "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>S&amp;1</SecretAccessKey>"
        "<SessionToken>T</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>",
        id);
}

class CredentialsChain : public ::testing::Test {
protected:
    CredentialsChain() {
        variables["HOME"] = directory.path().string();
        variables["AWS_EC2_METADATA_DISABLED"] = "true";
    }

    std::string write(const std::string& name, std::string_view text) {
        auto path = directory.path() / name;
        base::create_directories(path.parent_path());
        base::write_file_atomically(path, text);
        return path.string();
    }
    void config(std::string_view text) { write(".aws/config", text); }

    Credentials find() {
        Surroundings surroundings{base::Environment(variables), http, programs, clock,
                                  base::null_log()};
        return *make_credentials_chain(options, surroundings)->get({});
    }

    std::string failure() {
        try {
            find();
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::unauthenticated);
            return error.what();
        }
        return "no failure";
    }

    base::TemporaryDirectory directory;
    std::map<std::string, std::string> variables;
    ScriptedHttp http;
    ScriptedPrograms programs;
    base::FakeClock clock;
    CredentialsOptions options;
};

TEST_F(CredentialsChain, PrefersExplicitOnes) {
    options.explicit_credentials = Credentials{"E", "S", "", {}, "flags"};
    variables["AWS_ACCESS_KEY_ID"] = "V";
    variables["AWS_SECRET_ACCESS_KEY"] = "S";
    EXPECT_EQ(find().access_key_id, "E");
}

TEST_F(CredentialsChain, TakesTheEnvironmentUnlessAProfileIsAskedFor) {
    variables["AWS_ACCESS_KEY_ID"] = "V";
    variables["AWS_SECRET_ACCESS_KEY"] = "S";
    variables["AWS_SESSION_TOKEN"] = "T";
    config("[profile app]\naws_access_key_id=P\naws_secret_access_key=S\n");
    EXPECT_EQ(find().access_key_id, "V");
    EXPECT_EQ(find().session_token, "T");
    options.profile = "app";
    EXPECT_EQ(find().access_key_id, "P");
}

TEST_F(CredentialsChain, RefusesHalfOfAKeyInTheEnvironment) {
    variables["AWS_ACCESS_KEY_ID"] = "V";
    EXPECT_NE(failure().find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
}

TEST_F(CredentialsChain, ReadsTheFilesWhereverTheyAre) {
    write(".aws/credentials", "[default]\naws_access_key_id = D\naws_secret_access_key = S\n");
    EXPECT_EQ(find().access_key_id, "D");
    variables["AWS_SHARED_CREDENTIALS_FILE"] =
        write("elsewhere", "[other]\naws_access_key_id = O\naws_secret_access_key = S\n");
    variables["AWS_PROFILE"] = "other";
    EXPECT_EQ(find().access_key_id, "O");
}

TEST_F(CredentialsChain, NamesAMissingProfile) {
    variables["AWS_PROFILE"] = "nowhere";
    EXPECT_NE(failure().find("'nowhere'"), std::string::npos);
}

TEST_F(CredentialsChain, RunsACredentialProcess) {
    config("[default]\ncredential_process = tool --for 'two words'\n");
    programs.result.out = kJson;
    Credentials found = find();
    EXPECT_EQ(found.access_key_id, "JID");
    EXPECT_EQ(found.session_token, "JTOKEN");
    EXPECT_EQ(found.expires, base::parse_iso8601("2030-01-01T00:00:00Z"));
    EXPECT_EQ(programs.called, (std::vector<std::string>{"tool", "--for", "two words"}));
    programs.result = {3, "", "not logged in"};
    EXPECT_NE(failure().find("exit code 3: not logged in"), std::string::npos);
}

TEST_F(CredentialsChain, NeverRepeatsABrokenAnswer) {
    config("[default]\ncredential_process = tool\n");
    programs.result.out = R"({"AccessKeyId":"K","SecretAccessKey":"TOPSECRET",})";
    EXPECT_EQ(failure().find("TOPSECRET"), std::string::npos);
}

TEST_F(CredentialsChain, TakesOnRolesThroughSourceProfiles) {
    config(
        "[profile app]\nrole_arn = arn:aws:iam::1:role/app\nsource_profile = middle\n"
        "external_id = x y\nrole_session_name = me\n"
        "[profile middle]\nrole_arn = arn:aws:iam::1:role/middle\nsource_profile = base\n"
        "[profile base]\naws_access_key_id=B\naws_secret_access_key=S\n");
    options.profile = "app";
    http.answers[kSts] = {200, role_answer("ROLE")};
    Credentials found = find();
    EXPECT_EQ(found.access_key_id, "ROLE");
    EXPECT_EQ(found.secret_access_key, "S&1");
    EXPECT_EQ(found.expires, base::parse_iso8601("2030-01-01T00:00:00Z"));
    ASSERT_EQ(http.sent.size(), 2U);
    EXPECT_NE(http.sent[0].find("Credential=B/"), std::string::npos);
    EXPECT_NE(http.sent[0].find("role%2Fmiddle"), std::string::npos);
    EXPECT_NE(http.sent[1].find("Credential=ROLE/"), std::string::npos);
    EXPECT_NE(http.sent[1].find("[x-amz-security-token: T]"), std::string::npos);
    EXPECT_NE(http.sent[1].find("RoleSessionName=me&ExternalId=x%20y"), std::string::npos);
}

TEST_F(CredentialsChain, AsksTheRegionsSts) {
    config("[default]\nregion=eu-west-1\nrole_arn=r\ncredential_source=Environment\n");
    options.profile = "default";
    variables["AWS_ACCESS_KEY_ID"] = "V";
    variables["AWS_SECRET_ACCESS_KEY"] = "S";
    http.answers["POST https://sts.eu-west-1.amazonaws.com/"] = {200, role_answer("ROLE")};
    EXPECT_EQ(find().access_key_id, "ROLE");
    EXPECT_NE(http.sent[0].find("/eu-west-1/sts/aws4_request"), std::string::npos);
}

TEST_F(CredentialsChain, SaysWhyARoleIsNotGiven) {
    config(
        "[default]\nrole_arn=r\nsource_profile=default\n"
        "aws_access_key_id=K\naws_secret_access_key=S\n");
    http.answers[kSts] = {403,
                          "<ErrorResponse><Error><Code>AccessDenied</Code>"
                          "<Message>not &lt;you&gt;</Message></Error></ErrorResponse>"};
    EXPECT_NE(failure().find("AccessDenied: not <you>"), std::string::npos);
}

TEST_F(CredentialsChain, RefusesWrongRoles) {
    constexpr std::pair<const char*, const char*> kTable[] = {
        {"[default]\nrole_arn=r\n", "needs source_profile"},
        {"[default]\nrole_arn=r\nsource_profile=gone\n", "'gone' does not exist"},
        {"[default]\nrole_arn=r\nsource_profile=b\n[profile "
         "b]\nrole_arn=s\nsource_profile=default\n",
         "leads back to itself"},
        {"[default]\nrole_arn=r\nsource_profile=b\n[profile b]\nregion=x\n", "has no credentials"},
        {"[default]\nrole_arn=r\ncredential_source=Moon\n", "'Moon'"},
        {"[default]\nrole_arn=r\nmfa_serial=m\nsource_profile=b\n", "mfa_serial"},
        {"[default]\naws_access_key_id=K\n", "aws_secret_access_key is not"},
    };
    for (auto [text, expected] : kTable) {
        config(text);
        EXPECT_NE(failure().find(expected), std::string::npos) << text << failure();
    }
}

TEST_F(CredentialsChain, ExchangesAWebIdentity) {
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "the.token");
    EXPECT_NE(failure().find("AWS_ROLE_ARN"), std::string::npos);
    variables["AWS_ROLE_ARN"] = "arn:role";
    http.answers[kSts] = {200, role_answer("WEB")};
    EXPECT_EQ(find().access_key_id, "WEB");
    EXPECT_NE(http.sent.back().find("Action=AssumeRoleWithWebIdentity"), std::string::npos);
    EXPECT_NE(http.sent.back().find("WebIdentityToken=the.token"), std::string::npos);
    EXPECT_EQ(http.sent.back().find("authorization"), std::string::npos);
}

TEST_F(CredentialsChain, ExchangesAProfilesWebIdentity) {
    config("[default]\nrole_arn=r\nweb_identity_token_file=" + write("token", "tok") + "\n");
    http.answers[kSts] = {200, role_answer("WEB")};
    EXPECT_EQ(find().access_key_id, "WEB");
}

TEST_F(CredentialsChain, UsesTheTokenOfASsoLogin) {
    config(
        "[default]\nsso_session=corp\nsso_account_id=123\nsso_role_name=Dev Ops\n"
        "[sso-session corp]\nsso_region=eu-west-1\nsso_start_url=https://corp/start\n");
    std::string file =
        ".aws/sso/cache/" + base::to_hex(base::as_view(base::sha1("corp"))) + ".json";
    EXPECT_NE(failure().find("aws sso login --profile default"), std::string::npos);
    write(file, R"({"accessToken":"TOK","expiresAt":"2020-01-01T00:00:00Z"})");
    EXPECT_NE(failure().find("expired; run `aws sso login"), std::string::npos);
    write(file, R"({"accessToken":"TOK","expiresAt":"2030-01-01T00:00:00UTC"})");
    http.answers
        ["GET https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?"
         "role_name=Dev%20Ops&account_id=123"] = {
        200, R"({"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"S",)"
             R"("sessionToken":"T","expiration":1900000000000}})"};
    Credentials found = find();
    EXPECT_EQ(found.access_key_id, "SSO");
    EXPECT_EQ(found.expires->time_since_epoch().count(), 1'900'000'000'000);
    EXPECT_NE(http.sent.back().find("[x-amz-sso_bearer_token: TOK]"), std::string::npos);
}

TEST_F(CredentialsChain, FindsAnOlderSsoLoginByItsUrl) {
    config(
        "[default]\nsso_start_url=https://corp\nsso_region=eu-west-1\nsso_account_id=1\n"
        "sso_role_name=r\n");
    write(".aws/sso/cache/" + base::to_hex(base::as_view(base::sha1("https://corp"))) + ".json",
          R"({"accessToken":"TOK","expiresAt":"2030-01-01T00:00:00Z"})");
    http.answers
        ["GET https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?"
         "role_name=r&account_id=1"] = {401, "{}"};
    EXPECT_NE(failure().find("not accepted; run `aws sso login"), std::string::npos);
}

TEST_F(CredentialsChain, AsksTheContainer) {
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/creds";
    http.answers["GET http://169.254.170.2/v2/creds"] = {200, kJson};
    EXPECT_EQ(find().access_key_id, "JID");
}

TEST_F(CredentialsChain, GivesTheContainerItsToken) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:9/creds";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "unused";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = write("token", "secret-token");
    http.answers["GET http://127.0.0.1:9/creds"] = {200, kJson};
    EXPECT_EQ(find().access_key_id, "JID");
    EXPECT_NE(http.sent.back().find("[Authorization: secret-token]"), std::string::npos);
}

TEST_F(CredentialsChain, TrustsNoOtherContainerHost) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://example.com/creds";
    EXPECT_NE(failure().find("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https"),
              std::string::npos);
    EXPECT_TRUE(http.sent.empty());
}

TEST_F(CredentialsChain, AsksTheInstanceWithASessionToken) {
    variables.erase("AWS_EC2_METADATA_DISABLED");
    const std::string roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    http.answers["PUT http://169.254.169.254/latest/api/token"] = {200, "IMDS"};
    http.answers["GET " + roles] = {200, "my-role\n"};
    http.answers["GET " + roles + "my-role"] = {200, kJson};
    EXPECT_EQ(find().access_key_id, "JID");
    ASSERT_EQ(http.sent.size(), 3U);
    EXPECT_NE(http.sent[2].find("[x-aws-ec2-metadata-token: IMDS]"), std::string::npos);
}

TEST_F(CredentialsChain, AsksAnotherInstanceEndpoint) {
    variables.erase("AWS_EC2_METADATA_DISABLED");
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://imds:1/";
    EXPECT_NE(failure().find("no AWS credentials"), std::string::npos);
    EXPECT_TRUE(http.sent.back().starts_with("PUT http://imds:1/latest/api/token"));
}

TEST_F(CredentialsChain, TriesAFailingSourceThreeTimes) {
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
    http.answers["GET http://169.254.170.2/c"] = {503, ""};
    EXPECT_NE(failure().find("status 503"), std::string::npos);
    EXPECT_EQ(http.sent.size(), 3U);
}

TEST_F(CredentialsChain, HasDefaultsForLocalEndpointsOnly) {
    EXPECT_NE(failure().find("no AWS credentials"), std::string::npos);
    options.endpoint = "http://dynamodb.example.com";
    EXPECT_NE(failure().find("no AWS credentials"), std::string::npos);
    options.endpoint = "http://localhost:8000";
    EXPECT_EQ(find().access_key_id, "local");
    EXPECT_EQ(find().secret_access_key, "local");
    write(".aws/credentials", "[default]\naws_access_key_id = D\naws_secret_access_key = S\n");
    EXPECT_EQ(find().access_key_id, "D");
}

}  // namespace
}  // namespace dynamigrate::aws
