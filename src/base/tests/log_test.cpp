#include <dynamigrate/base/log.hpp>

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace dynamigrate::base {
namespace {

using ::testing::ElementsAre;

class RecordingLog final : public Log {
public:
    void write(LogLevel, std::string_view text) override { lines.emplace_back(text); }
    bool is_enabled(LogLevel level) const override { return level >= LogLevel::info; }
    std::vector<std::string> lines;
};

TEST(Log, FormatsOnlyEnabledLevels) {
    RecordingLog log;
    log.debug("{}", 1);
    log.info("{} of {}", 2, 3);
    log.warning("{{}}");
    EXPECT_THAT(log.lines, ElementsAre("2 of 3", "{}"));
}

TEST(StderrLog, WritesTimeLevelAndTextAtOrAboveTheLevel) {
    ::testing::internal::CaptureStderr();
    const auto log = make_stderr_log(LogLevel::info);
    log->debug("hidden");
    log->info("text with {} and {{}}", "value");
    log->write(LogLevel::error, "bad");
    const std::string out = ::testing::internal::GetCapturedStderr();

    EXPECT_THAT(out, ::testing::MatchesRegex("[0-9-]+T[0-9:.]+Z info text with value and \\{\\}\n"
                                             "[0-9-]+T[0-9:.]+Z error bad\n"));
    EXPECT_FALSE(log->is_enabled(LogLevel::debug));
    EXPECT_TRUE(log->is_enabled(LogLevel::warning));
    EXPECT_FALSE(make_stderr_log(LogLevel::off)->is_enabled(LogLevel::error));
}

TEST(NullLog, SwallowsEverything) {
    EXPECT_FALSE(null_log().is_enabled(LogLevel::error));
    null_log().warning("{}", 1);
}

}  // namespace
}  // namespace dynamigrate::base
