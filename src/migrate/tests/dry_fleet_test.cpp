#include "fleet_case.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/migrate/fleet_event.hpp>
#include <dynamigrate/migrate/state_machine.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace dynamigrate::migrate {
namespace {

using base::Error;
using base::ErrorKind;
using testing::error_of;
using testing::FleetCase;
using ::testing::HasSubstr;
using testing::kItems;

struct DryFleetCase : FleetCase {
    std::set<std::string> operations;

    DryFleetCase() {
        project.memory.before_call = [this](const dynamodb::Call& call) {
            operations.emplace(call.operation);
        };
    }
    json::Value call(const std::string& work) {
        const json::Value event =
            json::parse_json(R"({"work":)" + work + R"(,"execution":"arn:e"})", "event");
        return in_process(project.memory, [&](const World& world) {
            Fleet fleet(project.registry, project.settings, world);
            return json::parse_json(answer_call(fleet, event, project.listener, {}), "answer");
        });
    }
    json::Value try_segment(int segment) {
        return call(
            R"({"do":"dry-segment","migration":"1.0.0","step":1,"total":2,"concurrency":2,"segment":)" +
            std::to_string(segment) + "}");
    }
    static double number(const json::Value& value) { return std::stod(value.text()); }
};

TEST_F(DryFleetCase, TriesTheSegmentsOfAStepAndWritesNothing) {
    const json::Value planned = call(R"({"do":"dry","migration":"1.0.0","action":"up"})");
    EXPECT_EQ(planned.find("next")->text(), "segments");
    EXPECT_EQ(planned.find("step")->text(), "1");
    EXPECT_EQ(json::to_json(*planned.find("segments")), "[0,1]");
    const json::Value a = try_segment(0);
    const json::Value b = try_segment(1);
    EXPECT_EQ(number(a.elements()[0]) + number(b.elements()[0]), kItems);
    const json::Value total =
        call(R"({"do":"dry-total","migration":"1.0.0","step":1,"total":2,"results":[)" +
             json::to_json(a) + "," + json::to_json(b) + "]}");

    EXPECT_EQ(number(*total.find("changed")->find("value")), kItems);
    EXPECT_EQ(number(*total.find("changed")->find("high")), kItems);
    EXPECT_EQ(number(*total.find("write_units")->find("value")), kItems);
    EXPECT_EQ(number(*total.find("cut")), 0);
    EXPECT_THAT(operations, ::testing::IsSubsetOf({"DescribeTable", "Scan"}));
    EXPECT_THAT(project.listener.lines, ::testing::Contains(HasSubstr("would change")));
    project.memory.before_call = {};
    expect_counted(0);
    EXPECT_TRUE(project.migrator().history().empty());
}

TEST_F(DryFleetCase, CountsWhatFails) {
    project.memory.put("app", R"({"pk":{"S":"bad"},"n":{"S":"no number"}})");
    const json::Value a = try_segment(0);
    const json::Value b = try_segment(1);
    EXPECT_EQ(number(a.elements()[2]) + number(b.elements()[2]), 1);
    EXPECT_EQ(number(a.elements()[1]) + number(b.elements()[1]), kItems);
}

TEST_F(DryFleetCase, EstimatesWhatItWasCutShortOf) {
    in_process(project.memory, [&](const World& world) {
        Fleet fleet(project.registry, project.settings, world);
        const DryFleet dry = fleet.dry();
        std::stop_source stopped;
        stopped.request_stop();
        const backfill::SegmentTrial cut =
            dry.try_segment("1.0.0", {1, 0, 2, 2}, stopped.get_token());
        EXPECT_FALSE(cut.is_done);
        EXPECT_EQ(cut.read, 0U);
        const DryTotal sum = dry.add_up("1.0.0", 1, 2, {{3, 2, 0, 2, true}, {2, 1, 0, 1, false}});
        EXPECT_EQ(sum.cut, 1U);
        EXPECT_EQ(sum.items.value, kItems);
        EXPECT_NEAR(sum.changed.value, 3.0 / 5 * kItems, 1e-9);
        EXPECT_LE(sum.changed.low, sum.changed.value);
        return 0;
    });
}

TEST_F(DryFleetCase, DividesTheReadsAmongTheProcesses) {
    project.settings.backfill.max_rcu = 90;
    in_process(project.memory, [&](World world) {
        layers::Pace pace(project.clock, {});
        world.pace = &pace;
        Fleet fleet(project.registry, project.settings, world);
        fleet.dry().try_segment("1.0.0", {1, 0, 100, 30}, {});
        EXPECT_EQ(pace.limits().read_units_per_second, 3);
        fleet.dry().try_segment("1.0.0", {1, 0, 2, 30}, {});
        EXPECT_EQ(pace.limits().read_units_per_second, 45);
        return 0;
    });
}

TEST_F(DryFleetCase, SaysWhyNothingCanBeTried) {
    EXPECT_EQ(call(R"({"do":"dry","migration":"1.0.0","action":"down"})").find("next")->text(),
              "done");
    project.registry.add(testing::simple("2.0.0"));
    const json::Value planned = call(R"({"do":"dry","migration":"2.0.0","action":"up"})");
    EXPECT_EQ(planned.find("next")->text(), "done");
    EXPECT_THAT(planned.find("why_not")->text(), HasSubstr("scans"));
    EXPECT_EQ(error_of([&] {
                  call(R"({"do":"dry-sum","migration":"1.0.0","step":1,"total":2})");
              }).kind(),
              ErrorKind::invalid_argument);
    EXPECT_THAT(error_of([&] { call(R"({"do":"dry","migration":"1.0.0","action":"pu"})"); }).what(),
                HasSubstr(R"(not "pu")"));
    EXPECT_EQ(error_of([&] { call(R"({"do":"dry","migration":"9.0.0","action":"up"})"); }).kind(),
              ErrorKind::not_found);
}

TEST_F(DryFleetCase, HandsBackLessThanAStateHolds) {
    backfill::SegmentTrial large{9'999'999'999, 9'999'999'999, 9'999'999'999, 9e12, true};
    EXPECT_LT((to_json(large).size() + 1) * kMostDrySegments + 2048, kMostPayloadBytes);
    EXPECT_EQ(to_json(to_trial(json::parse_json(to_json(large), "trial"))), to_json(large));
    project.settings.backfill.segments = 10'000;
    const json::Value planned = call(R"({"do":"dry","migration":"1.0.0","action":"up"})");
    EXPECT_EQ(planned.find("segments")->elements().size(), kMostDrySegments);
    EXPECT_EQ(planned.find("segments")->elements().back().text(), "9995");
}

}  // namespace
}  // namespace dynamigrate::migrate
