#include "../executions.hpp"

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::HasSubstr;

class FakeMachines final : public remote::StateMachines {
public:
    std::string start(std::string_view, std::string_view, std::string_view,
                      std::stop_token) override {
        return {};
    }
    std::optional<remote::ExecutionState> describe(std::string_view, std::stop_token) override {
        if (fails) {
            throw Error(ErrorKind::permission_denied, "no");
        }
        if (status.empty()) {
            return std::nullopt;
        }
        remote::ExecutionState state;
        state.status = status;
        return state;
    }
    void stop(std::string_view, std::string_view, std::string_view, std::stop_token) override {}

    std::string status;
    bool fails = false;
};

TEST(Executions, AreUnderWayWhileTheServiceSaysSo) {
    FakeMachines machines;
    const auto watch = make_execution_watch(machines);
    for (const auto& [status, is_running] : {std::pair{"RUNNING", true},
                                             {"PENDING_REDRIVE", true},
                                             {"SUCCEEDED", false},
                                             {"FAILED", false},
                                             {"TIMED_OUT", false},
                                             {"ABORTED", false}}) {
        machines.status = status;
        EXPECT_EQ(watch->is_running("arn:x"), is_running) << status;
    }
}

TEST(Executions, OneThatIsNotKnownIsNeither) {
    FakeMachines machines;
    try {
        make_execution_watch(machines)->is_running("arn:x");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::not_found);
    }
}

TEST(Executions, OneThatCannotBeLookedAtIsNotTakenForEnded) {
    FakeMachines machines;
    machines.fails = true;
    try {
        make_execution_watch(machines)->is_running("arn:x");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::permission_denied);
        EXPECT_THAT(error.what(), HasSubstr("dynamigrate unlock"));
    }
}

}  // namespace
}  // namespace dynamigrate::cli
