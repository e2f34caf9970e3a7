#include <dynamigrate/base/file.hpp>
#include <dynamigrate/migrate/finding.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

namespace dynamigrate::migrate {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = DYNAMIGRATE_SOURCE_DIR;

/// The texts of all files below the folder that the function chooses, joined.
template <class Chooses>
std::string texts(const fs::path& folder, Chooses&& chooses) {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file() && chooses(entry.path())) {
            all += base::read_file(entry.path());
        }
    }
    return all;
}

bool is_test(const fs::path& path) { return path.string().find("/tests/") != std::string::npos; }

TEST(FindingCatalogue, EveryKindIsInThePage) {
    std::string page = base::read_file(kRoot / "docs/reference/findings.md");
    for (const FindingKind& kind : finding_kinds()) {
        std::string row = "| " + std::string(kind.number) + " | `" + std::string(kind.code) + "` |";
        EXPECT_NE(page.find(row), std::string::npos) << row;
    }
}

TEST(FindingCatalogue, EveryKindIsExpectedByATest) {
    std::string tests = texts(kRoot / "src", [](const fs::path& path) {
        return is_test(path) && path.filename() != "finding_catalogue_test.cpp";
    });
    tests += texts(kRoot / "tests", [](const fs::path& path) {
        return path.extension() == ".case" || path.extension() == ".py";
    });
    for (const FindingKind& kind : finding_kinds()) {
        bool is_expected = tests.find("\"" + std::string(kind.code) + "\"") != std::string::npos ||
                           tests.find(std::string(kind.number) + " ") != std::string::npos;
        EXPECT_TRUE(is_expected) << kind.code;
    }
}

TEST(FindingCatalogue, EveryCodeOfTheSourceIsAKind) {
    std::string sources;
    for (const char* room : {"migrate", "authoring"}) {
        sources += texts(kRoot / "src" / room, [](const fs::path& path) {
            return path.extension() == ".cpp" && !is_test(path);
        });
    }
    std::regex code(
        R"((?:checks\.error|checks\.warn|[^_]error|warn|make_error|make_warning)\(\s*"([a-z]+(?:_[a-z]+)+)\"|Severity::\w+,\s*"([a-z_]+)\")");
    std::set<std::string> found;
    for (std::sregex_iterator at(sources.begin(), sources.end(), code), end; at != end; ++at) {
        found.insert((*at)[1].matched ? (*at)[1].str() : (*at)[2].str());
    }
    EXPECT_GT(found.size(), 30u);
    for (const std::string& each : found) {
        EXPECT_FALSE(finding_number(each).empty()) << each << " is not in finding.cpp";
    }
}

}  // namespace
}  // namespace dynamigrate::migrate
