#include "case_file.hpp"
#include "local_server.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <regex>
#include <sstream>

// Runs the built program on each *.case of this folder (see README.md). With
// DYNAMIGRATE_UPDATE_CASES=1 the files are rewritten with what the program printed.

namespace dynamigrate::cases {

namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(DYNAMIGRATE_SOURCE_DIR) / "tests/cli";

std::string read(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".case") {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/// What differs from run to run, made the same.
std::string normalised(std::string text) {
    static const std::vector<std::pair<std::regex, std::string>> kRules = {
        {std::regex(R"(\{"event":"progress".*\n)"), ""},
        {std::regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "RUN"},
        {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"), "TIME"},
        {std::regex(R"(\d\d:\d\d:\d\d [A-Z][a-z]{2} \d{1,2}, \d{4})"), "DATE"},
        {std::regex("[0-9a-f]{64}"), "CHECKSUM"},
        {std::regex(R"(checksum [0-9a-f]{12} then, [0-9a-f]{12} now)"), "checksum A then, B now"},
        {std::regex(R"([\w.-]+@[\w.-]+ pid \d+)"), "OWNER"},
        {std::regex(R"("by":"[^"]*")"), R"("by":"OWNER")"},
        {std::regex(R"((\nby +)[^\n]*)"), "$1OWNER"},
        {std::regex(R"(heartbeat \d+)"), "heartbeat N"},
        {std::regex(R"(("(read|write)_units":)[0-9.]+)"), "$1N"},
        {std::regex(R"([0-9.]+ RCU, [0-9.]+ WCU)"), "N RCU, N WCU"},
        {std::regex(R"(WCU, \d+ s\n)"), "WCU, N s\n"},
        {std::regex(R"(after \d+ ms)"), "after N ms"},
    };
    for (const auto& [pattern, replacement] : kRules) {
        text = std::regex_replace(text, pattern, replacement);
    }
    return text;
}

class Servers : public testing::Environment {
public:
    void SetUp() override { server = std::make_unique<LocalServer>(); }
    void TearDown() override { server.reset(); }
    static inline std::unique_ptr<LocalServer> server;
};

const auto* const kServers = testing::AddGlobalTestEnvironment(new Servers);

class CommandLine : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() /
                  ("dynamigrate-" + GetParam() + "-" + std::to_string(getpid()));
        fs::create_directories(folder_ / "project");
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string filled_in(std::string text) const {
        text = replace_all(std::move(text), "$ENDPOINT", Servers::server->endpoint());
        return replace_all(std::move(text), "$TABLE", "cases-" + GetParam());
    }

    std::string general(std::string text) const {
        text = replace_all(std::move(text), Servers::server->endpoint(), "$ENDPOINT");
        text = replace_all(std::move(text), "cases-" + GetParam(), "$TABLE");
        return normalised(replace_all(std::move(text), folder_.string(), "$FOLDER"));
    }

    /// Runs the step and puts what it did in place of what it should do.
    Step run(Step step) const {
        write(folder_ / "in", filled_in(step.input));
        std::string command = step.kind == "run" ? "\"$PROGRAM\" " + step.text : step.text;
        write(folder_ / "command", filled_in(command) + "\n");
        std::string start =
            "cd '" + (folder_ / "project").string() + "' && env -i PATH=\"$PATH\" HOME='" +
            folder_.string() +
            "' TSAN_OPTIONS=\"$TSAN_OPTIONS\" TZ=UTC AWS_EC2_METADATA_DISABLED=true PROGRAM='" +
            DYNAMIGRATE_PROGRAM "' sh ../command <../in >../out 2>../err";
        int status = std::system(start.c_str());
        step.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        step.out = general(read(folder_ / "out"));
        step.err = general(read(folder_ / "err"));
        return step;
    }

    fs::path folder_;
};

TEST_P(CommandLine, PrintsWhatTheCaseSays) {
    fs::path file = kFolder / (GetParam() + ".case");
    Case wanted = parse_case(read(file), file.string());
    for (const InputFile& input : wanted.files) {
        write(folder_ / "project" / input.path, filled_in(input.text));
    }
    Case found = wanted;
    for (std::size_t i = 0; i < wanted.steps.size(); ++i) {
        SCOPED_TRACE(file.string() + ": " + wanted.steps[i].text);
        found.steps[i] = run(wanted.steps[i]);
        if (std::getenv("DYNAMIGRATE_UPDATE_CASES")) {
            continue;
        }
        EXPECT_EQ(found.steps[i].exit_code, wanted.steps[i].exit_code) << found.steps[i].err;
        if (wanted.steps[i].has_out) {
            EXPECT_EQ(found.steps[i].out, wanted.steps[i].out);
        }
        if (wanted.steps[i].has_err) {
            EXPECT_EQ(found.steps[i].err, wanted.steps[i].err);
        }
    }
    if (std::getenv("DYNAMIGRATE_UPDATE_CASES")) {
        write(file, format_case(found));
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, CommandLine, testing::ValuesIn(case_names()),
                         [](const auto& named) { return named.param; });

}  // namespace

}  // namespace dynamigrate::cases
