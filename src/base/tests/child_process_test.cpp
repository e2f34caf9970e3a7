#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>

#include <functional>
#include <thread>

namespace dynamigrate::base {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kLong = std::chrono::milliseconds::max();

ChildResult shell(const std::string& script,
                  const std::optional<std::map<std::string, std::string>>& environment = {},
                  std::chrono::milliseconds timeout = kLong, std::stop_token stop = {}) {
    return SystemChildProcesses().run({"sh", "-c", script}, environment, timeout, std::move(stop));
}

ErrorKind kind_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::internal;
}

TEST(ChildProcesses, CollectsBothOutputsAndTheExitCode) {
    const ChildResult result = shell("echo out; echo err >&2; exit 3");

    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
    EXPECT_EQ(result.exit_code, 3);
}

TEST(ChildProcesses, ReadsMoreThanAPipeHolds) {
    const ChildResult result = shell("head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2");

    EXPECT_EQ(result.out.size(), 300'000u);
    EXPECT_EQ(result.err.size(), 200'000u);
}

TEST(ChildProcesses, GivesNoInput) { EXPECT_EQ(shell("cat; echo end").out, "end\n"); }

TEST(ChildProcesses, GivesExactlyTheEnvironment) {
    const std::map<std::string, std::string> environment = {{"PATH", "/usr/bin:/bin"},
                                                            {"A", "b c"}};

    const ChildResult result = SystemChildProcesses().run({"env"}, environment, kLong, {});

    EXPECT_EQ(result.out, "A=b c\nPATH=/usr/bin:/bin\n");
}

TEST(ChildProcesses, TellsASignal) { EXPECT_EQ(shell("kill -TERM $$").exit_code, 128 + 15); }

TEST(ChildProcesses, NamesAProgramThatIsNotThere) {
    try {
        SystemChildProcesses().run({"no-such-program-here"}, {}, kLong, {});
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::not_found);
        EXPECT_THAT(error.what(), HasSubstr("no-such-program-here"));
    }
}

TEST(ChildProcesses, RefusesAnEmptyCommand) {
    EXPECT_EQ(kind_of([] { SystemChildProcesses().run({}, {}, kLong, {}); }),
              ErrorKind::invalid_argument);
}

TEST(ChildProcesses, KillsWhatOutlivesTheTimeout) {
    EXPECT_EQ(kind_of([] { shell("sleep 100 & sleep 100", {}, 20ms); }), ErrorKind::unavailable);
}

TEST(ChildProcesses, KillsOnStop) {
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });

    EXPECT_EQ(kind_of([&] { shell("sleep 100", {}, kLong, stop.get_token()); }),
              ErrorKind::cancelled);
}

TEST(ChildProcesses, DoesNotWaitForWhatTheChildLeftRunning) {
    const ChildResult result = shell("sleep 5 & echo $!");

    EXPECT_THAT(result.out, ::testing::MatchesRegex("[0-9]+\n"));
    shell("kill " + result.out);
}

TEST(CommandLine, SplitsAsAShellDoes) {
    EXPECT_THAT(split_command_line(""), ElementsAre());
    EXPECT_THAT(split_command_line("  a  b\tc\n"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(split_command_line("a 'b c' \"d e\" f\\ g"), ElementsAre("a", "b c", "d e", "f g"));
    EXPECT_THAT(split_command_line("'' \"\" x''y"), ElementsAre("", "", "xy"));
    EXPECT_THAT(split_command_line(R"("a\"b\\c\$d\n" '\')"), ElementsAre("a\"b\\c$d\\n", "\\"));
    EXPECT_THAT(split_command_line("a\\\nb \\\n c"), ElementsAre("ab", "c"));
    EXPECT_THAT(split_command_line("$HOME *"), ElementsAre("$HOME", "*"));
}

TEST(CommandLine, RefusesAnUnclosedQuote) {
    EXPECT_EQ(kind_of([] { split_command_line("a 'b"); }), ErrorKind::invalid_argument);
    EXPECT_EQ(kind_of([] { split_command_line("a \"b\\"); }), ErrorKind::invalid_argument);
}

TEST(Environment, TreatsEmptyAsUnset) {
    const Environment environment({{"A", "x"}, {"B", ""}, {"HOME", "/h"}});

    EXPECT_EQ(environment.get("A"), "x");
    EXPECT_EQ(environment.get("B"), std::nullopt);
    EXPECT_EQ(environment.get("C"), std::nullopt);
    EXPECT_EQ(environment.home(), "/h");
    EXPECT_FALSE(Environment().home().empty());
}

TEST(Environment, SnapshotsTheProcess) {
    ::setenv("DYNAMIGRATE_TEST_VARIABLE", "a=b", 1);
    const Environment environment = Environment::of_process();
    ::unsetenv("DYNAMIGRATE_TEST_VARIABLE");

    EXPECT_EQ(environment.get("DYNAMIGRATE_TEST_VARIABLE"), "a=b");
}

TEST(ProcessIdentity, TellsTheLivingFromTheDead) {
    const ProcessIdentity self = ProcessIdentity::of_process();
    ProcessIdentity ended = self;
    ended.pid = std::stoi(shell("echo $$").out);

    EXPECT_GT(self.pid, 0);
    EXPECT_FALSE(self.host.empty());
    EXPECT_FALSE(self.boot_id.empty());
    EXPECT_FALSE(self.user.empty());
    EXPECT_FALSE(self.is_dead_here());
    EXPECT_TRUE(ended.is_dead_here());
}

TEST(ProcessIdentity, KnowsNothingAboutOtherHostsAndBoots) {
    ProcessIdentity elsewhere = ProcessIdentity::of_process();
    elsewhere.pid = std::stoi(shell("echo $$").out);
    ProcessIdentity earlier = elsewhere;
    elsewhere.host += "-other";
    earlier.boot_id = "0";

    EXPECT_FALSE(elsewhere.is_dead_here());
    EXPECT_FALSE(earlier.is_dead_here());
    EXPECT_FALSE(ProcessIdentity().is_dead_here());
}

}  // namespace
}  // namespace dynamigrate::base
