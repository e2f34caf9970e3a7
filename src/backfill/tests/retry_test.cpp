#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

using RetryTest = BackfillTest;

/// Raises c; refuses an item without a name. Not idempotent.
FunctionTransform increment_of_the_named() {
    return FunctionTransform(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            out.reads("name");
            out.reads("c");
            if (item.find("name") == nullptr) {
                throw base::Error(base::ErrorKind::invalid_argument, "no name");
            }
            const std::string next = dynamodb::add_numbers(item.text("c"), "1");
            out.change(item.with(arena, "c", dynamodb::AttributeValue::number(arena.copy(next))));
        });
}

constexpr const char* kNameless = R"({"pk":{"S":"bad"},"c":{"N":"7"}})";
constexpr const char* kMended = R"({"pk":{"S":"bad"},"c":{"N":"7"},"name":{"S":"x"}})";

TEST_F(RetryTest, ChangesAMendedItemOnceAndNoOtherAgain) {
    fill(20);
    service.put("app", kNameless);
    const auto transform = increment_of_the_named();
    EXPECT_THROW(run(transform), base::Error);
    service.put("app", kMended);

    const Result result = run(transform, 2);

    EXPECT_FALSE(result.stopped);
    EXPECT_EQ(result.counts.quarantined, 0U);
    EXPECT_TRUE(records.quarantined(0).empty());
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(number(i, "c"), std::to_string(i + 1));
    }
    EXPECT_NE(service.item("app", R"({"pk":{"S":"bad"}})").find(R"("N":"8")"), std::string::npos);
}

TEST_F(RetryTest, FailsAgainWhileAnItemIsNotMended) {
    fill(5);
    service.put("app", kNameless);
    const auto transform = increment_of_the_named();
    EXPECT_THROW(run(transform), base::Error);

    EXPECT_THROW(run(transform, 2), base::Error);
    EXPECT_EQ(records.quarantined(0).size(), 1U);
    service.put("app", kMended);
    EXPECT_EQ(run(transform, 3).counts.quarantined, 0U);

    EXPECT_EQ(number(3, "c"), "4");
    EXPECT_EQ(undo().restored, 6U);
    EXPECT_EQ(number(3, "c"), "3");
}

TEST_F(RetryTest, ForgetsAnItemThatIsGone) {
    fill(5);
    service.put("app", kNameless);
    const auto transform = increment_of_the_named();
    EXPECT_THROW(run(transform), base::Error);
    service.remove("app", R"({"pk":{"S":"bad"}})");

    EXPECT_FALSE(run(transform, 2).stopped);

    EXPECT_TRUE(records.quarantined(0).empty());
}

TEST_F(RetryTest, LeavesAnItemOfUnknownOutcomeAlone) {
    fill(5);
    const auto transform = increment_of_the_named();
    records.quarantine({0, "app", key_json(2), "outcome_unknown", "lost"});
    run(transform);

    run(transform, 2);

    EXPECT_EQ(number(2, "c"), "3");
    EXPECT_EQ(records.quarantined(0).size(), 1U);
}

TEST_F(RetryTest, ChangesAMendedItemOnceWhicheverRequestOfTheRetryFails) {
    bool fired = true;
    for (int n = 1; fired && n < 40; ++n) {
        service.create_table("t" + std::to_string(n), key);
        plan.table = "t" + std::to_string(n);
        plan.run = "run" + std::to_string(n);
        MemoryRecords own;
        const auto transform = increment_of_the_named();
        plan.transform = &transform;
        service.put(plan.table, kNameless);
        const auto journal =
            layers::open_directory_journal(directory.path() / plan.table, plan.run);
        const auto attempt = [&](dynamodb::Service& over, std::uint32_t number) {
            Surroundings all = surroundings(over, number);
            all.journal = journal.get();
            all.records = &own;
            if (number > 1) {
                journal->seal();
            }
            backfill::run(plan, all, {});
        };
        EXPECT_THROW(attempt(service, 1), base::Error);
        service.put(plan.table, kMended);
        expressions::FailingService failing(service, n, expressions::Failure::lost_answer);
        try {
            attempt(failing, 2);
        } catch (const base::Error&) {
            attempt(service, 3);
        }
        fired = failing.fired();
        ASSERT_NE(service.item(plan.table, R"({"pk":{"S":"bad"}})").find(R"("N":"8")"),
                  std::string::npos)
            << "request " << n;
        ASSERT_TRUE(own.quarantined(0).empty()) << "request " << n;
    }
}

class FileRetry : public BackfillTest {
protected:
    FileRetry() {
        plan.source = ItemsSource{[this] { return std::make_unique<Lines>(lines); }};
        plan.if_exists = IfExists::fail;
    }

    class Lines final : public ItemStream {
    public:
        explicit Lines(const std::vector<std::string>& lines) : lines_(lines) {}
        bool next(base::Arena& arena, dynamodb::Item& item) override {
            if (at_ == lines_.size()) {
                return false;
            }
            item = dynamodb::parse_item(lines_[at_++], arena);
            return true;
        }

    private:
        const std::vector<std::string>& lines_;
        std::size_t at_ = 0;
    };

    /// The key is made of `n`, which must be there.
    static FunctionTransform make_key() {
        return FunctionTransform(
            [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
                if (item.find("n") == nullptr) {
                    throw base::Error(base::ErrorKind::invalid_argument, "no n");
                }
                out.change(item.with(arena, "pk", *item.find("n")));
            });
    }
    static std::string line(int i) { return R"({"n":{"S":"k)" + std::to_string(i) + R"("}})"; }
    std::string at(const std::string& pk) {
        return service.item("app", R"({"pk":{"S":")" + pk + R"("}})");
    }

    std::vector<std::string> lines;
};

TEST_F(FileRetry, PutsOnlyTheMendedItemsOfAFile) {
    for (int i = 0; i < 250; ++i) {
        lines.push_back(line(i));
    }
    lines[7] = R"({"m":{"S":"x"}})";
    lines[249] = R"({"m":{"S":"y"}})";
    plan.failure_budget.count = 2;
    service.put("app", R"({"pk":{"S":"k12"},"mine":{"BOOL":true}})");
    const auto transform = make_key();
    EXPECT_THROW(run(transform), base::Error);
    EXPECT_THROW(run(transform, 2), base::Error);
    EXPECT_EQ(records.quarantined(0).size(), 3U);
    lines[7] = line(7);
    lines[249] = line(249);
    service.remove("app", R"({"pk":{"S":"k12"}})");
    service.put("app", R"({"pk":{"S":"k0"},"n":{"S":"k0"},"used":{"BOOL":true}})");

    const Result result = run(transform, 3);

    EXPECT_FALSE(result.stopped);
    EXPECT_TRUE(records.quarantined(0).empty());
    EXPECT_EQ(service.items("app").size(), 250U);
    EXPECT_NE(at("k7"), "");
    EXPECT_NE(at("k249"), "");
    EXPECT_EQ(at("k12").find("mine"), std::string::npos);
    EXPECT_NE(at("k0").find("used"), std::string::npos);
}

TEST_F(FileRetry, ForgetsItemsThatTheFileHasNoMore) {
    lines = {line(0), line(1), R"({"m":{"S":"x"}})"};
    const auto transform = make_key();
    EXPECT_THROW(run(transform), base::Error);
    lines.pop_back();

    EXPECT_FALSE(run(transform, 2).stopped);

    EXPECT_TRUE(records.quarantined(0).empty());
    EXPECT_EQ(service.items("app").size(), 2U);
}

TEST_F(RetryTest, CopiesAnItemWhosePlaceWasFreed) {
    fill(5);
    service.create_table("copy", key);
    service.put("copy", R"({"pk":{"S":"k4"},"mine":{"BOOL":true}})");
    plan.target_table = "copy";
    plan.target_key = key;
    plan.if_exists = IfExists::fail;
    const auto transform = lower_name();
    EXPECT_THROW(run(transform), base::Error);
    service.remove("copy", key_json(4));

    EXPECT_FALSE(run(transform, 2).stopped);

    EXPECT_TRUE(records.quarantined(0).empty());
    EXPECT_NE(service.item("copy", key_json(4)).find("name 4"), std::string::npos);
}

}  // namespace
}  // namespace dynamigrate::backfill
