#include "s3_server.hpp"

#include <dynamigrate/layers/testing/journal_store_suite.hpp>
#include <dynamigrate/remote/s3_objects.hpp>

#include <gmock/gmock.h>

namespace dynamigrate::layers::testing {
namespace {

/// The same key for every request.
class FixedCredentials final : public aws::CredentialsProvider {
public:
    explicit FixedCredentials(const std::string& secret)
        : keys_(std::make_shared<const aws::Credentials>(
              aws::Credentials{"key", secret, "", {}, "test"})) {}
    std::shared_ptr<const aws::Credentials> get(std::stop_token) override { return keys_; }
    void refused(const std::shared_ptr<const aws::Credentials>&) override {}

private:
    std::shared_ptr<const aws::Credentials> keys_;
};

/// A machine with a connection of its own.
struct Machine {
    Machine(const cli::S3Server& server, JournalPlace& place, const std::string& secret = "secret",
            const std::string& bucket = "journals", const std::string& kms_key = "")
        : credentials(secret),
          objects(remote::make_s3_objects({{"us-east-1", server.origin(), true},
                                           bucket,
                                           "team/x",
                                           kms_key,
                                           *http,
                                           credentials,
                                           place.clock})),
          store(make_object_journals({*objects, place.clock, place.random, 200'000})) {}

    FixedCredentials credentials;
    std::unique_ptr<http::Client> http = http::make_curl_client();
    std::unique_ptr<base::ObjectStore> objects;
    std::unique_ptr<JournalStore> store;
};

class S3Place final : public JournalPlace {
public:
    JournalStore& machine(int number) override {
        auto& machine = machines_[number];
        if (!machine) {
            machine = std::make_unique<Machine>(server, *this);
        }
        return *machine->store;
    }
    void lose_answers() override { server.lost_answers = 2; }

    cli::S3Server server{clock};

private:
    std::map<int, std::unique_ptr<Machine>> machines_;
};

INSTANTIATE_TEST_SUITE_P(Stores, JournalStoreSuite,
                         ::testing::Values(JournalPlaceKind{
                             "S3", [] { return std::make_unique<S3Place>(); }}),
                         [](const auto& kind) { return kind.param.name; });

base::ErrorKind kind_of(Machine& machine) {
    try {
        machine.objects->get("a/b");
    } catch (const base::Error& error) {
        return error.kind();
    }
    return base::ErrorKind::internal;
}

TEST(S3Objects, KeepTheirNamesBelowThePrefixAndListAllPages) {
    S3Place place;
    Machine machine(place.server, place, "secret", "journals", "arn:aws:kms:key");
    for (const char* name : {"r/1", "r/2", "r/3 &", "r/4", "r/5", "s/1"}) {
        EXPECT_TRUE(machine.objects->put(name, name, true));
        EXPECT_FALSE(machine.objects->put(name, "other", true));
    }
    EXPECT_EQ(machine.objects->location(), "s3://journals/team/x");
    EXPECT_EQ(place.server.objects().begin()->first, "/journals/team/x/r/1");
    EXPECT_EQ(machine.objects->list("r/"),
              (std::vector<std::string>{"r/1", "r/2", "r/3 &", "r/4", "r/5"}));
    EXPECT_EQ(machine.objects->get("r/3 &"), "r/3 &");
    EXPECT_EQ(machine.objects->get("r/6"), std::nullopt);
    EXPECT_TRUE(machine.objects->put("r/1", "again", false));
    EXPECT_EQ(machine.objects->get("r/1"), "again");
    machine.objects->remove("r/1");
    machine.objects->remove("r/1");
    EXPECT_EQ(machine.objects->get("r/1"), std::nullopt);
    EXPECT_THAT(place.server.seen_kms_keys(), ::testing::Each("arn:aws:kms:key"));
}

TEST(S3Objects, TellWhyTheyAreRefused) {
    S3Place place;
    Machine stranger(place.server, place, "wrong");
    EXPECT_EQ(kind_of(stranger), base::ErrorKind::unauthenticated);
    Machine lost(place.server, place, "secret", "elsewhere");
    EXPECT_EQ(kind_of(lost), base::ErrorKind::not_found);
}

}  // namespace
}  // namespace dynamigrate::layers::testing
