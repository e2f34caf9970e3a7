#include "../dry_report_text.hpp"
#include "../journal_view.hpp"
#include "../sampling.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/engine/engine.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

namespace dynamigrate::cli {
namespace {

using ::testing::ElementsAre;

class Sampling : public ::testing::Test {
protected:
    void fill(int items) {
        dynamodb::Reply reply;
        engine->call({"CreateTable", R"({"TableName":"items","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]})"},
                     reply);
        for (int i = 0; i < items; ++i) {
            std::string body =
                R"({"TableName":"items","Item":{"pk":{"S":"k)" + std::to_string(i) + R"("}}})";
            engine->call({"PutItem", body}, reply);
        }
    }
    std::set<std::string> scan(dynamodb::Service& service, int segments, int limit) {
        std::set<std::string> keys;
        for (int segment = 0; segment < segments; ++segment) {
            dynamodb::Page page;
            base::Arena arena;
            do {
                std::string body = R"({"TableName":"items","TotalSegments":)" +
                                   std::to_string(segments) + R"(,"Segment":)" +
                                   std::to_string(segment) + R"(,"Limit":)" + std::to_string(limit);
                if (!page.last_evaluated_key.empty()) {
                    body +=
                        ",\"ExclusiveStartKey\":" + dynamodb::to_wire_json(page.last_evaluated_key);
                }
                dynamodb::Reply reply;
                service.call({"Scan", body + "}"}, reply);
                dynamodb::PageReader().read(reply, arena, page);
                for (const dynamodb::Item& item : page.items) {
                    keys.emplace(item.text("pk"));
                }
            } while (!page.last_evaluated_key.empty());
        }
        return keys;
    }

    std::unique_ptr<engine::Engine> engine =
        engine::Engine::in_memory({.clock = nullptr, .random = nullptr, .sweeps = false});
    std::uint64_t told = 0;
    std::set<std::uint64_t> places;
    SamplingService sampling{*engine, 100, 5, [this](const SamplingService::Read& read) {
                                 told += read.keys.size();
                                 places.insert(read.place);
                                 EXPECT_EQ(read.population, 1000U);
                             }};
};

TEST_F(Sampling, ReadsAboutSoManyItemsFromManyPlaces) {
    fill(1000);
    std::set<std::string> keys = scan(sampling, 10, 4);
    EXPECT_GE(keys.size(), 80U);
    EXPECT_LE(keys.size(), 100U);
    EXPECT_EQ(told, keys.size());
    EXPECT_EQ(places.size(), 10U);
    EXPECT_EQ(scan(sampling, 10, 4), keys);
    SamplingService other(*engine, 100, 6, [](const SamplingService::Read&) {});
    EXPECT_NE(scan(other, 10, 4), keys);
}

TEST_F(Sampling, ReadsASmallTableWhole) {
    fill(90);
    EXPECT_EQ(scan(sampling, 3, 7).size(), 90U);
    EXPECT_EQ(told, 0U);
}

TEST(JournalView, ShowsTheRealPartsAndKeepsWhatIsWrittenToItself) {
    base::TemporaryDirectory directory;
    std::filesystem::path real = directory.path() / "real";
    std::filesystem::path view = directory.path() / "view";
    layers::PartHeader header;
    header.run = "run-1";
    header.attempt = 1;
    layers::open_directory_journal(real, "run-1")->create_part(header);
    std::string before = base::read_file(real / "run-1/part-000001-0000.dmj");
    link_journals(real, view);
    auto journal = layers::open_directory_journal(view, "run-1");
    EXPECT_TRUE(journal->exists());
    journal->seal(1);
    header.attempt = 2;
    journal->create_part(header);
    EXPECT_EQ(journal->last_attempt(), 2U);
    EXPECT_EQ(layers::open_directory_journal(real, "run-1")->last_attempt(), 1U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(real / "run-1"),
                            std::filesystem::directory_iterator()),
              1);
    EXPECT_EQ(base::read_file(real / "run-1/part-000001-0000.dmj"), before);
    link_journals(directory.path() / "nowhere", directory.path() / "empty");
    EXPECT_TRUE(std::filesystem::is_empty(directory.path() / "empty"));
}

migrate::DryReport report_of_one_step() {
    migrate::DryStep step;
    step.kind = "transform";
    step.summary = "transform app: set a";
    step.is_done = true;
    step.counts = {.read = 5, .matched = 5, .changed = 3, .unchanged = 1};
    step.tables = {{"app", 0, 3, 0, 3, 6, 1}};
    step.failures = {{"too_large", 1}};
    step.failed_items.resize(1);
    step.failed_items[0].table = "app";
    step.failed_items[0].key = R"({"pk":{"S":"k9"}})";
    step.failed_items[0].reason = "too_large";
    step.failed_items[0].message = "the changed item would exceed 400 KB";
    step.examples = {{"app",
                      R"({"pk":"k1"})",
                      migrate::ItemDifference::Kind::update,
                      {{"a", R"("x")", R"("y")"}, {"b", {}, "1"}}}};
    step.changed = migrate::Estimate::exact(3);
    step.expired = migrate::Estimate::exact(1);
    migrate::DryReport report;
    report.migrations = {{"1.0.0", "First", "up", false, true, {step}}};
    report.changed = migrate::Estimate::exact(3);
    report.read_units = migrate::Estimate::exact(2.5);
    report.write_units = migrate::Estimate::exact(9);
    return report;
}

TEST(DryReportText, TellsStepsChangesAndCosts) {
    EXPECT_THAT(
        dry_report_lines(report_of_one_step(), false),
        ElementsAre("1.0.0 - First", "  1. transform app: set a",
                    "     5 items read, 3 changed, 1 unchanged",
                    "     app: 0 puts, 3 updates, 0 removals: 3 WCU and 6 on its indexes",
                    "     1 item cannot be migrated: too_large",
                    R"(       app {"pk":{"S":"k9"}}: the changed item would exceed 400 KB)",
                    "     1 would expire at once", R"(     update app {"pk":"k1"})",
                    R"(       - a: "x")", R"(       + a: "y")", "       + b: 1", "     and 2 more",
                    "Dry Run: 3 items would change; 2.5 RCU, 9 WCU",
                    "Dry Run: less than 0.01 USD (us-east-1 on demand: 0.125 a million reads, "
                    "0.625 a million writes)"));
}

TEST(DryReportText, NamesTheIntervalOfAnEstimateAndTheTime) {
    migrate::DryReport report = report_of_one_step();
    report.migrations[0].steps[0].sampled = 5;
    report.migrations[0].steps[0].population = 5000;
    report.migrations[0].steps[0].changed = {3000, 2500, 3500};
    report.changed = {3000, 2500, 3500};
    report.money = {12, 10, 14};
    report.writes_per_second = 100;
    report.seconds = {90, 80, 100};
    std::vector<std::string> lines = dry_report_lines(report, false);
    EXPECT_EQ(lines[3], "     a sample of 5 of 5000 items: about 3000 (2500 to 3500) would change");
    EXPECT_EQ(lines[lines.size() - 3],
              "Dry Run: about 3000 (2500 to 3500) items would change; 2.5 RCU, 9 WCU");
    EXPECT_THAT(lines[lines.size() - 2],
                ::testing::StartsWith("Dry Run: about 12.00 (10.00 to 14.00) USD"));
    EXPECT_THAT(lines.back(), ::testing::EndsWith("at 100 WCU/s"));
}

TEST(DryReportText, ColoursWhatGoesAndWhatComes) {
    std::vector<std::string> lines = dry_report_lines(report_of_one_step(), true);
    EXPECT_THAT(lines, ::testing::Contains("       \x1b[31m- a: \"x\"\x1b[0m"));
    EXPECT_THAT(lines, ::testing::Contains("       \x1b[32m+ a: \"y\"\x1b[0m"));
}

TEST(DryReportJson, IsOneObject) {
    std::string text;
    json::Writer writer(text);
    write(writer, report_of_one_step());
    EXPECT_THAT(text,
                ::testing::StartsWith(R"({"migrations":[{"id":"1.0.0","description":"First")"));
    EXPECT_THAT(
        text,
        ::testing::HasSubstr(
            R"("attributes":[{"name":"a","before":"x","after":"y"},{"name":"b","after":1}])"));
    EXPECT_THAT(text, ::testing::HasSubstr(R"("write_units":{"value":9,"low":9,"high":9})"));
}

}  // namespace
}  // namespace dynamigrate::cli
