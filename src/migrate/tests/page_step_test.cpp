#include "steps_fixture.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/migrate/page_step.hpp>
#include <dynamigrate/migrate/program_step.hpp>

#include <gmock/gmock.h>

#include <stdexcept>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Lets nobody in but the test, through the service itself.
class Doors final : public ProgramRunner {
public:
    void run(dynamodb::Service&, const ProgramCall&) override {}
    std::unique_ptr<ServiceDoor> open(dynamodb::Service& through) override {
        service = &through;
        return std::make_unique<Door>(*this);
    }

    dynamodb::Service* service = nullptr;

private:
    class Door final : public ServiceDoor {
    public:
        explicit Door(Doors& doors) : doors_(doors) {}
        ~Door() override { doors_.service = nullptr; }
        const std::map<std::string, std::string>& environment() const override {
            return environment_;
        }

    private:
        Doors& doors_;
        std::map<std::string, std::string> environment_{{"DOOR", "open"}};
    };
};

using Decide = std::function<void(const PageRun&, const dynamodb::Item&, base::Arena&,
                                  backfill::TransformOutput&)>;

class TestTransform final : public backfill::Transform {
public:
    TestTransform(const Decide& decide, PageRun run) : decide_(decide), run_(std::move(run)) {}
    void apply(const dynamodb::Item& item, base::Arena& arena,
               backfill::TransformOutput& out) const override {
        decide_(run_, item, arena, out);
    }
    bool is_pure() const override { return false; }

private:
    const Decide& decide_;
    PageRun run_;
};

class TestFunction final : public PageFunction {
public:
    explicit TestFunction(Decide decide) : decide_(std::move(decide)) {}
    std::string name() const override { return "a function"; }
    std::unique_ptr<backfill::Transform> open(PageRun run) const override {
        return std::make_unique<TestTransform>(decide_, std::move(run));
    }

private:
    Decide decide_;
};

struct PageStepTest : StepsTest {
    PageStepTest() {
        create_app();
        put(R"({"id":{"S":"a"},"n":{"N":"1"}})");
        put(R"({"id":{"S":"b"},"n":{"N":"2"}})");
        service.create_table("other", {{"id", dynamodb::AttributeType::string}, std::nullopt});
    }
    static StepPtr step(Decide decide) {
        PageStep step;
        step.table = "app";
        step.function = std::make_shared<TestFunction>(std::move(decide));
        return make_pages(std::move(step));
    }
    StepResult run_step(const StepPtr& step) {
        StepRun run = step_run(service);
        run.programs = &doors;
        return step->run(run);
    }

    Doors doors;
};

TEST_F(PageStepTest, WritesWhatTheFunctionDecides) {
    const StepResult result = run_step(step([](const PageRun& run, const dynamodb::Item& item,
                                               base::Arena& arena, backfill::TransformOutput& out) {
        EXPECT_EQ(run.table, "prod-app");
        EXPECT_EQ(run.environment.at("DOOR"), "open");
        EXPECT_EQ(run.key.hash.name, "id");
        if (item.text("id") == "a") {
            out.change(dynamodb::ItemBuilder(arena).string("id", "a").string("x", "y").build());
        }
    }));
    EXPECT_THAT(items(), ElementsAre(R"({"id":{"S":"a"},"x":{"S":"y"}})",
                                     R"({"id":{"S":"b"},"n":{"N":"2"}})"));
    EXPECT_EQ(result.counts.read, 2U);
    EXPECT_EQ(result.counts.changed, 1U);
    EXPECT_EQ(doors.service, nullptr);
}

TEST_F(PageStepTest, JournalsWhatComesThroughTheDoor) {
    const StepResult result = run_step(step(
        [&](const PageRun&, const dynamodb::Item& item, base::Arena&, backfill::TransformOutput&) {
            dynamodb::put_item(*doors.service, "other", item, {});
        }));
    EXPECT_EQ(items("other").size(), 2U);
    EXPECT_EQ(result.counts.changed, 2U);
    ASSERT_FALSE(result.parts.empty());
    EXPECT_EQ(result.parts.back().entries, 2U);
}

TEST_F(PageStepTest, HasAJournalForItsInverseAndASummary) {
    const StepPtr made = step({});
    EXPECT_EQ(made->reversal().kind, Reversal::Kind::journal);
    EXPECT_FALSE(made->is_repeatable());
    EXPECT_EQ(made->summary(), "pages of app: by a function");
    EXPECT_THAT(made->dry_note(), HasSubstr("mails"));
}

TEST_F(PageStepTest, NeedsSomebodyWhoOpensDoors) {
    EXPECT_THAT(error_of(step({})), HasSubstr("cannot be run here"));
}

}  // namespace
}  // namespace dynamigrate::migrate
