#include "../plugin_file.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/migrate/plugin_abi.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::authoring {
namespace {

using ::testing::HasSubstr;

/// A shared object that is surely there: this program, which like most is position independent.
const std::string& program() {
    static const std::string kBytes = base::read_file("/proc/self/exe");
    return kBytes;
}

std::string text_of_error(const std::string& bytes) {
    base::TemporaryDirectory directory;
    const std::filesystem::path file = directory.path() / "1.0.0.so";
    base::write_file_atomically(file, bytes);
    try {
        load_plugin(file, "1.0.0");
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
        EXPECT_EQ(error.where(), file.string());
        return error.what();
    }
    return "no error";
}

/// This program as a file that says it is a plug-in for `abi`.
std::string program_for(const std::string& abi) {
    std::string bytes = program();
    for (std::size_t at = 0; (at = bytes.find(migrate::kPluginMark, at)) != std::string::npos;
         ++at) {
        bytes[at] = 'x';
    }
    return bytes + std::string(migrate::kPluginMark) + abi + std::string(1, '\0');
}

TEST(PluginFile, KnowsAWholeSharedObject) {
    EXPECT_EQ(what_is_wrong_with_elf(program()), "");
    EXPECT_EQ(what_is_wrong_with_elf("hello"), "it is not a shared object");
    EXPECT_EQ(what_is_wrong_with_elf(std::string(1000, 'x')), "it is not a shared object");
    for (std::size_t size : {64UL, 100UL, program().size() / 2, program().size() - 100}) {
        EXPECT_EQ(what_is_wrong_with_elf(program().substr(0, size)), "the file is cut off") << size;
    }
    std::string other = program();
    other[18] = 3;  // i386
    EXPECT_EQ(what_is_wrong_with_elf(other), "it is for another kind of processor");
}

TEST(PluginFile, FindsTheAbi) {
    const std::string mark(migrate::kPluginMark);
    EXPECT_EQ(abi_in("nothing"), "");
    EXPECT_EQ(abi_in("\x7f" + mark + "one" + std::string(1, '\0') + "two"), "one");
    EXPECT_EQ(abi_in(mark + "up to the end"), "up to the end");
}

TEST(PluginFile, SaysWhatThePluginWasBuiltFor) {
    const migrate::PluginAbi abi = migrate::plugin_abi();
    EXPECT_THAT(abi.view(), HasSubstr("dynamigrate 0.1.0, c++abi 10"));
    EXPECT_THAT(abi.view(), HasSubstr(", layout 8 " + std::to_string(sizeof(std::string))));
    EXPECT_LT(abi.size, abi.text.size());
}

TEST(PluginFile, RunsNothingOfAFileThatIsNoPluginOfThisProgram) {
    EXPECT_THAT(text_of_error("hello"), HasSubstr("it is not a shared object"));
    EXPECT_THAT(text_of_error(program_for("dynamigrate 0.0.9")),
                HasSubstr("it was built for \"dynamigrate 0.0.9\", but this program is "
                          "\"dynamigrate 0.1.0"));
    EXPECT_THAT(text_of_error(program_for("").substr(0, program().size())),
                HasSubstr("it is not a plug-in of dynamigrate"));
}

TEST(PluginFile, TellsWhyItCannotBeLoaded) {
    const migrate::PluginAbi abi = migrate::plugin_abi();
    const std::string own(abi.view().substr(migrate::kPluginMark.size()));
    EXPECT_THAT(text_of_error(program_for(own)),
                HasSubstr("cannot dynamically load position-independent executable"));
}

}  // namespace
}  // namespace dynamigrate::authoring
