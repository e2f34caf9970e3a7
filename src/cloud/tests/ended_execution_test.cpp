#include <dynamigrate/cloud/ended_execution.hpp>
#include <dynamigrate/cloud/event.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::cloud {
namespace {

json::Value event(const std::string& detail) {
    return json::parse_json(
        R"({"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":)" +
            detail + "}",
        "event");
}

TEST(EndedExecution, IsKnownByItsSourceAndType) {
    EXPECT_EQ(kind_of(event("{}")), EventKind::execution_ended);
    EXPECT_EQ(kind_of(json::parse_json(R"({"source":"aws.ec2","detail-type":"x"})", "event")),
              EventKind::unknown);
}

TEST(EndedExecution, TellsWhy) {
    const EndedExecution stopped = read_ended_execution(
        event(R"({"executionArn":"arn:x","status":"ABORTED","error":"tired","cause":"enough"})"));
    EXPECT_EQ(stopped.execution, "arn:x");
    EXPECT_TRUE(stopped.is_unfinished());
    EXPECT_EQ(stopped.reason(), "its execution was stopped: tired: enough");
    EXPECT_EQ(
        read_ended_execution(event(R"({"executionArn":"a","status":"TIMED_OUT","error":null})"))
            .reason(),
        "the time of its execution was over");
}

TEST(EndedExecution, OneThatWorksOrHasDoneItsWorkIsNotUnfinished) {
    for (const char* status : {"RUNNING", "SUCCEEDED"}) {
        EXPECT_FALSE((EndedExecution{"a", status, "", ""}.is_unfinished())) << status;
    }
}

TEST(EndedExecution, MustBeNamed) {
    EXPECT_THROW(read_ended_execution(event(R"({"status":"FAILED"})")), base::Error);
    EXPECT_THROW(read_ended_execution(event("7")), base::Error);
}

}  // namespace
}  // namespace dynamigrate::cloud
