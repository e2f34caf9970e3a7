#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/live_child.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <unistd.h>

#include <thread>

namespace dynamigrate::base {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;

constexpr auto kLong = std::chrono::milliseconds::max();

struct Lines {
    std::vector<std::string> all;
    LiveChildOptions shell(const std::string& script) {
        return {.arguments = {"sh", "-c", script},
                .environment = {{"PATH", "/usr/bin:/bin"}},
                .directory = {},
                .on_line = [this](std::string_view line) { all.emplace_back(line); }};
    }
};

TEST(LiveChild, TellsLinesAndTheExitCode) {
    Lines lines;
    LiveChild child(lines.shell("printf 'one\\r\\ntwo'; exit 3"));

    EXPECT_EQ(child.wait(kLong, {}), 3);
    EXPECT_THAT(lines.all, ElementsAre("one", "two"));
}

TEST(LiveChild, KeepsTheLastLinesOfItsErrors) {
    Lines lines;
    LiveChild child(lines.shell("echo out; for i in $(seq 20); do echo $i >&2; done"));
    child.wait(kLong, {});

    EXPECT_THAT(child.last_errors(),
                ElementsAre("9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"));
}

TEST(LiveChild, WorksInADirectoryWithExactlyTheEnvironment) {
    const TemporaryDirectory directory;
    Lines lines;
    LiveChildOptions options = lines.shell("pwd -P; echo $A-$HOME");
    options.environment["A"] = "b";
    options.directory = directory.path();
    LiveChild(options).wait(kLong, {});

    EXPECT_THAT(lines.all,
                ElementsAre(std::filesystem::canonical(directory.path()).string(), "b-"));
}

TEST(LiveChild, WritesStraightToDescriptorsThatItIsGiven) {
    const TemporaryDirectory directory;
    const std::filesystem::path file = directory.path() / "out";
    const int descriptor = ::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    Lines lines;
    LiveChildOptions options = lines.shell("printf 'a\\r'; printf 'b' >&2");
    options.output = ChildOutput{descriptor, descriptor};
    LiveChild child(options);
    EXPECT_EQ(child.wait(kLong, {}), 0);
    ::close(descriptor);

    EXPECT_EQ(read_file(file), "a\rb");
    EXPECT_TRUE(lines.all.empty());
}

TEST(LiveChild, WaitsNoLongerThanAskedFor) {
    Lines lines;
    LiveChild child(lines.shell("sleep 100"));

    EXPECT_EQ(child.wait(1ms, {}), std::nullopt);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(child.wait(kLong, stop.get_token()), std::nullopt);
}

TEST(LiveChild, AsksItToEndAndLetsItFinish) {
    Lines lines;
    LiveChildOptions options = lines.shell(
        "trap 'echo bye; exit 7' TERM; echo up; "
        "while :; do sleep 0.01; done");
    std::stop_source is_up;
    options.on_line = [&](std::string_view line) {
        lines.all.emplace_back(line);
        is_up.request_stop();
    };
    LiveChild child(options);
    child.wait(kLong, is_up.get_token());

    EXPECT_EQ(child.end(kLong, {}), 7);
    EXPECT_EQ(lines.all.front(), "up");
    EXPECT_THAT(lines.all, Contains("bye"));
}

TEST(LiveChild, KillsWhatDoesNotEnd) {
    Lines lines;
    LiveChildOptions options = lines.shell("trap '' TERM; echo up; while :; do sleep 0.01; done");
    std::stop_source is_up;
    options.on_line = [&](std::string_view) { is_up.request_stop(); };
    LiveChild child(options);
    child.wait(kLong, is_up.get_token());

    EXPECT_EQ(child.end(10ms, {}), 128 + 9);
}

TEST(LiveChild, EndsWhatItLeavesBehind) {
    Lines lines;
    LiveChild child(lines.shell("sleep 100 & echo $!"));
    child.wait(kLong, {});

    ASSERT_EQ(lines.all.size(), 1U);
    const std::string state = "/proc/" + lines.all[0] + "/stat";
    while (const auto text = read_file_if_exists(state)) {
        if (text->find(") Z ") != std::string::npos) {
            break;
        }
        std::this_thread::yield();
    }
}

TEST(LiveChild, TalksOverAChannel) {
    Lines lines;
    LiveChildOptions options = lines.shell("cat <&3 >&4");
    options.has_channel = true;
    LiveChild child(options);
    std::string back;

    EXPECT_TRUE(child.send("hello", kLong, {}));
    EXPECT_TRUE(child.receive(back, 2, kLong, {}));
    EXPECT_TRUE(child.receive(back, 3, kLong, {}));
    EXPECT_EQ(back, "hello");
}

TEST(LiveChild, SaysWhenTheChannelIsClosed) {
    Lines lines;
    LiveChildOptions options = lines.shell("exit 0");
    options.has_channel = true;
    LiveChild child(options);
    std::string back;

    EXPECT_FALSE(child.receive(back, 1, kLong, {}));
    child.wait(kLong, {});
    EXPECT_FALSE(child.send(std::string(1'000'000, 'x'), kLong, {}));
}

TEST(LiveChild, DoesNotWaitForAnAnswerForEver) {
    Lines lines;
    LiveChildOptions options = lines.shell("sleep 100");
    options.has_channel = true;
    LiveChild child(options);
    std::string back;

    EXPECT_THROW(child.receive(back, 1, 1ms, {}), Error);
    EXPECT_THROW(child.send(std::string(1'000'000, 'x'), 1ms, {}), Error);
}

TEST(LiveChild, WaitsForAnAnswerWithoutTakingIt) {
    Lines lines;
    LiveChildOptions options = lines.shell("read word <&3; echo $word >&4; sleep 100");
    options.has_channel = true;
    LiveChild child(options);
    std::string back;

    EXPECT_FALSE(child.wait_for_answer(1ms, {}));
    child.send("hello\n", 10s, {});
    EXPECT_TRUE(child.wait_for_answer(10s, {}));
    EXPECT_TRUE(child.receive(back, 6, 10s, {}));
    EXPECT_EQ(back, "hello\n");
}

TEST(LiveChild, TellsTheMemoryThatItOccupies) {
    Lines lines;
    LiveChild child(lines.shell("sleep 100"));

    EXPECT_GT(child.resident_memory(), 0U);
    child.end(0ms, {});
    EXPECT_EQ(child.resident_memory(), 0U);
}

TEST(LiveChild, NamesAProgramThatIsNotThere) {
    try {
        LiveChildOptions options;
        options.arguments = {"no-such-program-here"};
        LiveChild child(options);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::not_found);
    }
}

}  // namespace
}  // namespace dynamigrate::base
