#include <dynamigrate/cloud/zip.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/cloud/package.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace dynamigrate::cloud {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Zip, SameFilesMakeTheSameBytesInWhateverOrder) {
    const std::string one = make_zip({{"a", "1", false}, {"b/c", std::string(9000, 'x'), true}});
    const std::string other = make_zip({{"b/c", std::string(9000, 'x'), true}, {"a", "1", false}});
    EXPECT_EQ(one, other);
    EXPECT_LT(one.size(), 400U);
    EXPECT_NE(one, make_zip({{"a", "1", true}, {"b/c", std::string(9000, 'x'), true}}));
}

TEST(Zip, RefusesNamesThatLeadElsewhere) {
    for (const char* name : {"", "/etc/passwd", "../x", "a/../../x"}) {
        EXPECT_THROW(make_zip({{name, "", false}}), base::Error) << name;
    }
    EXPECT_THROW(make_zip({{"a", "1", false}, {"a", "2", false}}), base::Error);
    EXPECT_NO_THROW(make_zip({{"a..b/c", "", false}}));
}

struct PackageDirectory {
    base::TemporaryDirectory scratch;
    std::filesystem::path path = scratch.path();

    PackageDirectory() {
        write("program", "ELF");
        write("lib/ld-linux-x86-64.so.2", "loader");
        write("lib/libc.so.6", "C");
        write("project/dynamigrate.yaml", "table: app");
        write("project/migrations/1.0.0.yaml", "up: []");
        write("project/migrations/.hidden", "no");
        write("project/migrations/node_modules/x.js", "no");
        write("project/migrations/data/cities.csv", "a,b");
    }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path / name).parent_path());
        base::write_file_atomically(path / name, text);
    }
    PackageParts parts() const {
        PackageParts parts;
        parts.program = path / "program";
        parts.libraries = {path / "lib/ld-linux-x86-64.so.2", path / "lib/libc.so.6"};
        parts.project = path / "project";
        parts.files = {path / "project/dynamigrate.yaml"};
        parts.migrations = path / "project/migrations";
        return parts;
    }
};

std::vector<std::string> names(const std::vector<ZipEntry>& entries) {
    std::vector<std::string> names;
    for (const ZipEntry& entry : entries) {
        names.push_back(entry.name);
    }
    return names;
}

TEST(Package, HoldsProgramLoaderLibrariesAndProject) {
    const PackageDirectory directory;
    EXPECT_THAT(names(package_entries(directory.parts())),
                ::testing::UnorderedElementsAre(
                    "bootstrap", "dynamigrate", "lib/ld-linux-x86-64.so.2", "lib/libc.so.6",
                    "dynamigrate.yaml", "migrations/1.0.0.yaml", "migrations/data/cities.csv"));
}

TEST(Package, StartsTheProgramWithItsOwnLoader) {
    const PackageDirectory directory;
    PackageParts parts = directory.parts();
    parts.config = "it's.yaml";
    const ZipEntry bootstrap = package_entries(parts).front();
    EXPECT_TRUE(bootstrap.is_executable);
    EXPECT_THAT(bootstrap.bytes,
                HasSubstr("exec \"$here/lib/ld-linux-x86-64.so.2\" --library-path \"$here/lib\" "
                          "\"$here/dynamigrate\" lambda --config 'it'\\''s.yaml'\n"));
    EXPECT_THAT(bootstrap.bytes, Not(HasSubstr("AWS_CA_BUNDLE")));
    parts.certificates = directory.path / "program";
    EXPECT_THAT(package_entries(parts).front().bytes,
                HasSubstr("AWS_CA_BUNDLE:-$here/ca-certificates.crt"));
}

TEST(Package, RefusesWhatHasNoPlaceInIt) {
    const PackageDirectory directory;
    PackageParts parts = directory.parts();
    parts.files = {directory.path / "program"};
    EXPECT_THROW(package_entries(parts), base::Error);
    parts = directory.parts();
    parts.libraries.erase(parts.libraries.begin());
    EXPECT_THROW(package_entries(parts), base::Error);
}

TEST(Package, KnowsWhatThisProgramHasLoaded) {
    std::vector<std::string> loaded;
    for (const std::filesystem::path& library : loaded_libraries()) {
        EXPECT_TRUE(std::filesystem::exists(library)) << library;
        loaded.push_back(library.filename());
    }
    EXPECT_THAT(loaded, Contains("libc.so.6"));
    EXPECT_THAT(loaded, Contains(::testing::StartsWith("ld-linux")));
}

}  // namespace
}  // namespace dynamigrate::cloud
