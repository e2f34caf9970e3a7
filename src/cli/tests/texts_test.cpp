#include "../arguments.hpp"
#include "../confirm.hpp"
#include "../local_time.hpp"
#include "../people_listener.hpp"
#include "../program_version.hpp"
#include "../usage.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/engine/engine.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace dynamigrate::cli {

namespace {

bool agrees(const std::string& answer) {
    std::istringstream in(answer);
    std::ostringstream out;
    std::ostringstream err;
    Console console(in, out, err, true, false);
    return ask_yes(console, "?");
}

TEST(Texts, OnlyYesAgrees) {
    for (const char* yes : {"y\n", "Y\n", "yes\n", " YES \r\n", "y"}) {
        EXPECT_TRUE(agrees(yes)) << yes;
    }
    for (const char* no : {"", "\n", "n\n", "yep\n", "no\n", "y y\n"}) {
        EXPECT_FALSE(agrees(no)) << no;
    }
}

TEST(Texts, TwoAnswersComeFromOnePipe) {
    std::istringstream in("y\nn\n");
    std::ostringstream out;
    std::ostringstream err;
    Console console(in, out, err, false, false);
    EXPECT_TRUE(ask_yes(console, "first "));
    EXPECT_FALSE(ask_yes(console, "second "));
    EXPECT_EQ(err.str(), "first \nsecond \n");
}

TEST(Texts, QuietSilencesChatterButNoError) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Console console(in, out, err, false, false);
    console.be_quiet();
    console.say("chatter");
    console.report("error");
    console.print("result");
    EXPECT_EQ(err.str(), "error\n");
    EXPECT_EQ(out.str(), "result\n");
}

TEST(Texts, TheBarIsTakenAwayBeforeOtherLines) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Console console(in, out, err, false, true);
    console.show_bar("bar");
    console.say("line");
    EXPECT_EQ(err.str(), "bar\r\x1b[Kline\n");
}

TEST(Texts, HeadlinesAreOneTables) {
    migrate::Migration migration("1.0.0", "Users");
    auto text = [&](const std::string& action, bool rolls_back) {
        migrate::PlannedMigration planned;
        planned.migration = &migration;
        planned.action = action;
        planned.rolls_back = rolls_back;
        return headline(planned);
    };
    EXPECT_EQ(text("up", false), "Upgrade database to \"1.0.0 - Users\"");
    EXPECT_EQ(text("down", true), "Downgrade database from \"1.0.0 - Users\"");
    EXPECT_EQ(text("reset", false), "Reset database with \"1.0.0 - Users\"");
    EXPECT_EQ(text("repeat", false), "Repeat migration \"1.0.0 - Users\"");
    EXPECT_EQ(text("named", false), "Run named migration \"1.0.0 - Users\"");
}

TEST(Texts, UsageNamesEveryVerbAndOption) {
    std::string text = usage();
    for (const VerbText& verb : verb_texts()) {
        EXPECT_NE(text.find("  " + std::string(verb.name) + " "), std::string::npos) << verb.name;
    }
    for (const OptionText& option : option_texts()) {
        EXPECT_NE(text.find("--" + std::string(option.name)), std::string::npos) << option.name;
    }
}

TEST(Texts, UsageOfAVerbNamesItsOwnOptions) {
    const std::string text = usage("deploy");
    for (const char* name : {"--output", "--format", "--nested", "--on-timeout", "--concurrency"}) {
        EXPECT_NE(text.find(name), std::string::npos) << name;
    }
    EXPECT_EQ(text.find("--memory"), std::string::npos);
    EXPECT_EQ(text.find("--yes"), std::string::npos);
    EXPECT_EQ(usage("repeat").find("of its own"), std::string::npos);
}

TEST(Texts, TheReferenceDescribesEveryVerbAndOption) {
    std::string page = base::read_file(DYNAMIGRATE_SOURCE_DIR "/docs/reference/command-line.md");
    for (const VerbText& verb : verb_texts()) {
        EXPECT_NE(page.find("`" + std::string(verb.name)), std::string::npos) << verb.name;
    }
    for (const OptionText& option : option_texts()) {
        EXPECT_NE(page.find("`--" + std::string(option.name)), std::string::npos) << option.name;
    }
}

TEST(Texts, TheProgramsVersionIsTheProjects) {
    std::string list = base::read_file(DYNAMIGRATE_SOURCE_DIR "/CMakeLists.txt");
    EXPECT_NE(list.find("VERSION " + std::string(kProgramVersion) + " "), std::string::npos);
}

TEST(Texts, TimesAreWrittenAsOneTableDoes) {
    setenv("TZ", "UTC", 1);
    tzset();
    EXPECT_EQ(local_time("2026-01-02T03:04:05.678Z"), "03:04:05 Jan 2, 2026");
    EXPECT_EQ(local_time(""), "");
}

TEST(Texts, NoMigrationCanBeNamedLikeACommand) {
    std::unique_ptr<engine::Engine> engine = engine::Engine::in_memory({});
    base::SystemClock clock;
    base::SystemRandom random;
    migrate::World world;
    world.service = engine.get();
    world.clock = &clock;
    world.random = &random;
    world.log = &base::null_log();
    for (const VerbText& verb : verb_texts()) {
        std::string name(verb.name.substr(0, verb.name.find(' ')));
        if (name == "reset" || name == "VERSION" || name == "NAME") {
            continue;
        }
        migrate::Registry registry;
        registry.add(migrate::Migration(name, "text"));
        bool is_found = false;
        for (const migrate::Finding& it : migrate::Migrator(registry, {}, world).validate()) {
            is_found = is_found || it.code == "name_is_a_command";
        }
        EXPECT_TRUE(is_found) << name;
    }
}

}  // namespace

}  // namespace dynamigrate::cli
