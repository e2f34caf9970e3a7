#include "fixtures.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/layers/journal_store.hpp>
#include <dynamigrate/migrate/fleet_event.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using base::Error;
using base::ErrorKind;
using testing::error_of;
using ::testing::HasSubstr;

constexpr const char* kTurn = R"({"do":"turn","action":"up","migration":"1.0.0"})";

struct FleetEvents : ::testing::Test {
    testing::Project project;

    FleetEvents() {
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        project.memory.put("app", R"({"pk":{"S":"a"},"n":{"N":"1"}})");
        project.settings.backfill.segments = 1;
        Migration migration("1.0.0", "count");
        TransformStep step;
        step.table = "app";
        step.function = [](ItemEditor& item) { item.set("n", item.integer("n") + 1); };
        migration.step(make_transform(step));
        project.registry.add(std::move(migration));
    }

    std::string answer(const std::string& work) {
        const json::Value event =
            json::parse_json(R"({"execution":"arn:x","work":)" + work + "}", "event");
        const auto objects = layers::make_table_objects(project.memory, "journal", project.clock);
        const auto store = layers::make_object_journals({*objects, project.clock, project.random});
        World world = project.world();
        world.journals = store.get();
        world.execution = execution_of(event);
        Fleet fleet(project.registry, project.settings, world);
        return answer_call(fleet, event, project.listener, {});
    }
    std::string work_segment() {
        const json::Value turn = json::parse_json(answer(kTurn), "turn");
        return answer(R"({"do":"segment","run":")" + turn.find("run")->text() +
                      R"(","step":0,"segment":0,"concurrency":1})");
    }
    std::string error_after_failing(const std::string& error) {
        answer(kTurn);
        return error_recorded(error);
    }
    std::string error_recorded(const std::string& error) {
        project.memory.before_call = {};
        answer(R"({"do":"fail","error":)" + error + "}");
        return project.migrator().history().back().error;
    }
};

TEST_F(FleetEvents, AreAnsweredAsTheStateMachineReadsThem) {
    const json::Value turn = json::parse_json(answer(kTurn), "turn");
    EXPECT_EQ(turn.find("next")->text(), "segments");
    EXPECT_EQ(turn.find("unfinished")->text(), "1");
    EXPECT_EQ(turn.find("segments")->elements().size(), 1U);
    EXPECT_EQ(work_segment(), R"({"next":"done","read":1,"changed":1})");
    EXPECT_EQ(json::parse_json(answer(kTurn), "turn").find("next")->text(), "done");
}

TEST_F(FleetEvents, RecordWhatTheFunctionsErrorSays) {
    EXPECT_EQ(
        error_after_failing(
            R"({"Error":"corrupted","Cause":"{\"errorMessage\":\"bad\",\"errorType\":\"c\"}"})"),
        "corrupted: bad");
}

TEST_F(FleetEvents, RecordACauseThatIsPlainText) {
    EXPECT_EQ(error_after_failing(R"({"Error":"no_progress","Cause":"in vain"})"),
              "no_progress: in vain");
}

/// What Step Functions says of a map of which too many segments failed.
constexpr const char* kTooMany =
    R"({"Error":"States.ExceedToleratedFailureThreshold","Cause":"too many failed"})";

TEST_F(FleetEvents, RecordOfSegmentsThatFailedWhatEndedTheStep) {
    project.memory.put("app", R"({"pk":{"S":"a"},"n":{"S":"one"}})");
    const Error failed = error_of([&] { work_segment(); });
    ASSERT_EQ(failed.kind(), ErrorKind::failed_precondition);
    EXPECT_EQ(error_recorded(kTooMany), std::string("failed_precondition: ") + failed.what());
}

TEST_F(FleetEvents, RecordOfSegmentsThatFailedWhatWasNotedLast) {
    project.memory.before_call = [](const dynamodb::Call& call) {
        if (call.operation == "Scan") {
            throw Error(ErrorKind::permission_denied, "not allowed");
        }
    };
    EXPECT_THAT(error_of([&] { work_segment(); }).what(), HasSubstr("not allowed"));
    const std::string error = error_recorded(kTooMany);
    EXPECT_THAT(error,
                HasSubstr("States.ExceedToleratedFailureThreshold: too many failed; the last "
                          "failure that was noted: segment 0: permission_denied: "));
    EXPECT_THAT(error, HasSubstr("not allowed"));
}

TEST_F(FleetEvents, RecordOfCallsThatWereTakenOverNothing) {
    project.memory.before_call = [](const dynamodb::Call& call) {
        if (call.operation == "Scan") {
            throw Error(ErrorKind::aborted, "taken over");
        }
    };
    EXPECT_EQ(error_of([&] { work_segment(); }).kind(), ErrorKind::aborted);
    EXPECT_EQ(error_recorded(kTooMany), "States.ExceedToleratedFailureThreshold: too many failed");
}

TEST_F(FleetEvents, RecordAnErrorWithoutACause) {
    EXPECT_EQ(error_after_failing(R"({"Error":"States.Timeout"})"), "States.Timeout");
}

TEST_F(FleetEvents, OfAnotherShapeAreRefused) {
    for (const char* work : {R"({"do":"dance"})", R"({"do":"fail"})", R"({"do":"turn"})",
                             R"({"do":"segment","run":"r","step":0,"segment":-1})"}) {
        EXPECT_EQ(error_of([&] { answer(work); }).kind(), ErrorKind::invalid_argument) << work;
    }
    EXPECT_EQ(error_of([] { execution_of(json::parse_json("{}", "event")); }).kind(),
              ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace dynamigrate::migrate
