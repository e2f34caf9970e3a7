#include <dynamigrate/cloud/deployment.hpp>

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cloud {
namespace {

using namespace std::chrono_literals;
using migrate::Deployment;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Do = DeploymentStep::Do;
using State = LookedExecution::State;

struct DeploymentDecision : ::testing::Test {
    DeploymentWishes wishes;
    Deployment record;
    DeploymentFacts facts{wishes, record};

    DeploymentDecision() {
        wishes.time = 55min;
        wishes.machines = {{"1.0.0", "m1"}, {"1.1.0", "m2"}};
        facts.elapsed = 1min;
        facts.function = "arn:f";
    }
    void run(State state) {
        CurrentRun current;
        current.migration = "1.1.0";
        current.execution = "arn:e";
        current.run = "r7";
        current.looked.state = state;
        current.looked.status = "FAILED";
        facts.current = current;
    }
    NextRun& next() {
        NextRun run;
        run.migration = "1.1.0";
        run.machine = "m2";
        facts.next = run;
        return *facts.next;
    }
};

TEST_F(DeploymentDecision, StartsWhatIsOutstanding) {
    next();
    EXPECT_EQ(decide(facts).what, Do::start);
}

TEST_F(DeploymentDecision, SucceedsWhenNothingIs) {
    record.done = {"1.0.0", "1.1.0"};
    const DeploymentStep step = decide(facts);
    EXPECT_EQ(step.what, Do::finish);
    EXPECT_EQ(step.outcome, "succeeded");
    EXPECT_EQ(step.reason, "applied: 1.0.0, 1.1.0");
}

TEST_F(DeploymentDecision, WaitsForWhatRuns) {
    run(State::running);
    const DeploymentStep step = decide(facts);
    EXPECT_EQ(step.what, Do::wait);
    EXPECT_EQ(step.wait, 3s);
}

TEST_F(DeploymentDecision, LooksAgainWhenTheTimeIsOver) {
    run(State::running);
    facts.elapsed = 54min + 50s;
    EXPECT_EQ(decide(facts).wait, 10s);
}

TEST_F(DeploymentDecision, GoesOnAfterASuccess) {
    run(State::succeeded);
    EXPECT_EQ(decide(facts).what, Do::note_done);
}

TEST_F(DeploymentDecision, FailsWithTheRowsFailureAndTheExecution) {
    run(State::ended);
    facts.current->row_error = "item 7 is odd";
    const DeploymentStep step = decide(facts);
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_FALSE(step.pauses);
    EXPECT_EQ(step.reason, "1.1.0 failed: item 7 is odd (execution arn:e, run r7)");
}

TEST_F(DeploymentDecision, FailsWithTheExecutionsErrorWhereTheRowSaysNone) {
    run(State::ended);
    facts.current->looked.error = "aborted";
    facts.current->looked.cause = "locked by ann@host";
    EXPECT_THAT(decide(facts).reason, HasSubstr("FAILED: aborted: locked by ann@host"));
    facts.current->looked.cause = R"({"errorType":"aborted","errorMessage":"locked by bob"})";
    EXPECT_THAT(decide(facts).reason, HasSubstr("FAILED: aborted: locked by bob (execution"));
}

TEST_F(DeploymentDecision, TakesTheRowsWordForAnExecutionThatIsForgotten) {
    run(State::unknown);
    facts.current->age = 5min;
    EXPECT_EQ(decide(facts).outcome, "failed");
    facts.current->row_has_ended = true;
    EXPECT_EQ(decide(facts).what, Do::note_done);
}

TEST_F(DeploymentDecision, WaitsForWordOfAnExecutionThatWasJustStarted) {
    run(State::unknown);
    facts.current->age = 4min;
    EXPECT_EQ(decide(facts).what, Do::wait);
    facts.elapsed = 55min;
    EXPECT_TRUE(decide(facts).pauses);
}

TEST(DeploymentFailure, MayPass) {
    using base::ErrorKind;
    for (const ErrorKind kind : {ErrorKind::throttled, ErrorKind::unavailable,
                                 ErrorKind::outcome_unknown, ErrorKind::aborted}) {
        EXPECT_TRUE(may_pass(kind, 1h));
    }
    EXPECT_FALSE(may_pass(ErrorKind::invalid_argument, 0s));
}

TEST(DeploymentFailure, OfPermissionsMayPassInTheFirstMinutes) {
    EXPECT_TRUE(may_pass(base::ErrorKind::permission_denied, 1min));
    EXPECT_FALSE(may_pass(base::ErrorKind::permission_denied, 2min));
}

TEST(DeploymentOrder, IsThatOfTheRequests) {
    Deployment one, other;
    one.request = "r1";
    one.began_at = "2026-01-01T00:00:01.000Z";
    other.request = "r2";
    other.began_at = "2026-01-01T00:00:02.000Z";
    const std::vector both{one, other};
    ASSERT_NE(later_than(one, both), nullptr);
    EXPECT_EQ(later_than(one, both)->request, "r2");
    EXPECT_EQ(later_than(other, both), nullptr);
}

TEST_F(DeploymentDecision, PausesAndFailsWhenTheTimeIsOver) {
    run(State::running);
    facts.elapsed = 55min;
    const DeploymentStep step = decide(facts);
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_TRUE(step.pauses);
    EXPECT_THAT(step.reason, HasSubstr("`dynamigrate resume r7 --arn arn:f`"));
    EXPECT_THAT(step.reason, HasSubstr("after 55 minutes"));
}

TEST_F(DeploymentDecision, LeavesAPersonsPauseAlone) {
    run(State::running);
    facts.elapsed = 55min;
    facts.current->paused_by = "ann@host";
    const DeploymentStep step = decide(facts);
    EXPECT_FALSE(step.pauses);
    EXPECT_THAT(step.reason, HasSubstr("paused by ann@host"));
}

TEST_F(DeploymentDecision, DetachesWhenTheTimeIsOver) {
    wishes.detaches = true;
    run(State::running);
    facts.elapsed = 55min;
    const DeploymentStep step = decide(facts);
    EXPECT_EQ(step.outcome, "detached");
    EXPECT_FALSE(step.pauses);
    EXPECT_THAT(step.reason, HasSubstr("goes on as arn:e"));
}

TEST_F(DeploymentDecision, BeginsNothingMoreWhenTheTimeIsOver) {
    next().others = 2;
    facts.elapsed = 55min;
    EXPECT_EQ(decide(facts).outcome, "failed");
    EXPECT_THAT(decide(facts).reason, HasSubstr("1.1.0 and 2 more not begun"));
    wishes.detaches = true;
    EXPECT_EQ(decide(facts).outcome, "detached");
    EXPECT_FALSE(decide(facts).starts_first);
}

TEST_F(DeploymentDecision, BeginsNothingThatWillTakeTooLong) {
    next().estimate = 3h;
    const DeploymentStep step = decide(facts);
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_FALSE(step.starts_first);
    EXPECT_THAT(step.reason, HasSubstr("1.1.0 takes 180 minutes at least"));
    EXPECT_THAT(step.reason, HasSubstr("--state-machine-arn m2"));
    facts.next->estimate = 53min;
    EXPECT_EQ(decide(facts).what, Do::start);
}

TEST_F(DeploymentDecision, DetachesAtOnceFromWhatWillTakeTooLong) {
    wishes.detaches = true;
    next().estimate = 3h;
    EXPECT_EQ(decide(facts).outcome, "detached");
    EXPECT_TRUE(decide(facts).starts_first);
}

TEST_F(DeploymentDecision, TakesOverWhatRunsAlready) {
    next().execution = "arn:earlier";
    facts.next->estimate = 3h;
    EXPECT_EQ(decide(facts).what, Do::adopt);
}

TEST_F(DeploymentDecision, StopsWhatIsToBeUndone) {
    next().execution = "arn:earlier";
    facts.next->action = "down";
    EXPECT_EQ(decide(facts).what, Do::stop_run);
}

TEST_F(DeploymentDecision, FailsWithoutAMachineAndWithAPlansRefusal) {
    next().machine.clear();
    EXPECT_THAT(decide(facts).reason, HasSubstr("deploy template"));
    facts.next.reset();
    facts.refusal = "migration 1.0.0 changed since it was applied";
    EXPECT_EQ(decide(facts).outcome, "failed");
    EXPECT_EQ(decide(facts).reason, facts.refusal);
}

TEST_F(DeploymentDecision, DoesNotRunForEverWhatTheHistoryDoesNotTell) {
    record.done = {"1.1.0"};
    next();
    EXPECT_THAT(decide(facts).reason, HasSubstr("another history"));
}

struct Rollback : ::testing::Test {
    CustomResourceRequest request;
    DeploymentWishes wishes;
    std::vector<Deployment> deployments;

    Rollback() {
        request.type = CustomResourceRequest::Type::update;
        request.request_id = "r9";
        wishes.digest = "a";
        wishes.old_digest = "b";
        wishes.machines = {{"1.0.0", "m1"}};
        wishes.old_machines = {{"1.0.0", "m1"}, {"1.1.0", "m2"}, {"1.10.0", "m3"}};
        add("r1", "a", "succeeded", {"1.0.0"});
        add("r2", "b", "failed", {"1.1.0", "1.10.0"});
    }
    Deployment& add(const char* id, const char* digest, const char* outcome,
                    std::vector<std::string> begun) {
        Deployment made;
        made.request = id;
        made.digest = digest;
        made.outcome = outcome;
        made.begun = std::move(begun);
        deployments.push_back(made);
        return deployments.back();
    }
    std::vector<std::string> undone() {
        return to_undo(wishes, deployments, {"1.0.0", "1.1.0", "1.10.0"});
    }
};

TEST_F(Rollback, MayBeAnUpdateToOtherMigrations) {
    EXPECT_TRUE(may_be_rollback(request, wishes));
    wishes.digest = wishes.old_digest = "a";
    EXPECT_FALSE(may_be_rollback(request, wishes));
    wishes.old_digest = "b";
    request.type = CustomResourceRequest::Type::create;
    EXPECT_FALSE(may_be_rollback(request, wishes));
}

TEST_F(Rollback, ToMigrationsThatNoDeploymentBroughtIsKnownFromCloudFormationOnly) {
    wishes.digest = "c";
    EXPECT_TRUE(is_rollback("UPDATE_ROLLBACK_IN_PROGRESS", wishes, deployments));
    EXPECT_FALSE(is_rollback(std::nullopt, wishes, deployments));
}

TEST_F(Rollback, IsWhatCloudFormationSaysItIs) {
    EXPECT_TRUE(is_rollback("UPDATE_ROLLBACK_IN_PROGRESS", wishes, deployments));
    EXPECT_FALSE(is_rollback("UPDATE_IN_PROGRESS", wishes, deployments));
}

TEST_F(Rollback, IsJudgedByTheFailureWhereCloudFormationCannotBeAsked) {
    EXPECT_TRUE(is_rollback(std::nullopt, wishes, deployments));
    deployments.back().outcome = "succeeded";
    EXPECT_FALSE(is_rollback(std::nullopt, wishes, deployments));
}

TEST_F(Rollback, UndoesWhatTheDeploymentBeganNewestFirst) {
    EXPECT_THAT(undone(), ElementsAre("1.10.0", "1.1.0"));
}

TEST_F(Rollback, LeavesWhatWasAppliedOtherwise) {
    deployments.back().begun = {"1.10.0"};
    EXPECT_THAT(undone(), ElementsAre("1.10.0"));
}

TEST_F(Rollback, LeavesWhatThePresentFilesHave) {
    wishes.machines.emplace_back("1.10.0", "m3");
    EXPECT_THAT(undone(), ElementsAre("1.1.0"));
}

TEST_F(Rollback, LeavesWhatIsUndone) {
    EXPECT_THAT(to_undo(wishes, deployments, {"1.0.0"}), IsEmpty());
}

TEST_F(Rollback, CountsEveryAttemptOfTheSameMigrations) {
    deployments.back().begun = {"1.1.0"};
    add("r3", "b", "failed", {"1.10.0"});
    EXPECT_THAT(undone(), ElementsAre("1.10.0", "1.1.0"));
}

TEST_F(Rollback, GoesOnWithARollbackThatFailedAndEndsAtOneThatDidNot) {
    add("r3", "a", "failed", {"1.10.0"}).is_rollback = true;
    EXPECT_THAT(undone(), ElementsAre("1.10.0", "1.1.0"));
    deployments.back().outcome = "succeeded";
    EXPECT_THAT(undone(), IsEmpty());
}

TEST(LookAnswer, HasEveryMemberThatTheStateMachineReads) {
    Deployment record;
    json::Value answer = json::parse_json(look_answer(record, 7s), "answer");
    EXPECT_EQ(json::text_of(answer, "next"), "wait");
    EXPECT_EQ(answer.find("seconds")->text(), "7");
    record.outcome = "failed";
    record.reason = "why";
    answer = json::parse_json(look_answer(record, 0s), "answer");
    EXPECT_EQ(json::text_of(answer, "next"), "failed");
    EXPECT_EQ(json::text_of(answer, "error"), "deployment_failed");
    EXPECT_EQ(json::text_of(answer, "reason"), "why");
    record.outcome = "detached";
    EXPECT_EQ(json::text_of(json::parse_json(look_answer(record, 0s), "answer"), "next"), "done");
}

TEST(DeploymentAnswer, OfADetachedOneIsASuccess) {
    Deployment record;
    record.outcome = "detached";
    EXPECT_TRUE(answer_of(record, "1.0.0").is_success);
    record.outcome = "failed";
    EXPECT_FALSE(answer_of(record, "1.0.0").is_success);
}

}  // namespace
}  // namespace dynamigrate::cloud
