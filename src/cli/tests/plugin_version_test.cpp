#include "../program_version.hpp"

#include <dynamigrate/migrate/plugin_abi.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

TEST(PluginAbi, NamesTheVersionOfTheProgram) {
    EXPECT_THAT(migrate::plugin_abi().view(),
                ::testing::HasSubstr("dynamigrate " + std::string(kProgramVersion) + ","));
}

}  // namespace
}  // namespace dynamigrate::cli
