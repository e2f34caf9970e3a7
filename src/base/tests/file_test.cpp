#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace dynamigrate::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

std::size_t entries_in(const std::filesystem::path& path) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
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

class FileTest : public ::testing::Test {
protected:
    std::filesystem::path path(const std::string& name) const { return directory_.path() / name; }

    TemporaryDirectory directory_;
};

TEST_F(FileTest, WritesAndReadsAnyBytes) {
    const std::string bytes = std::string("a\0b\n", 4) + std::string(100'000, 'x');

    write_file_atomically(path("f"), bytes);

    EXPECT_EQ(read_file(path("f")), bytes);
    EXPECT_EQ(read_file_if_exists(path("f")), bytes);
}

TEST_F(FileTest, NamesAMissingFile) {
    EXPECT_EQ(read_file_if_exists(path("none")), std::nullopt);
    try {
        read_file(path("none"));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::not_found);
        EXPECT_THAT(error.what(), HasSubstr(path("none").string()));
    }
}

TEST_F(FileTest, ReplacesAtomicallyAndLeavesNothingBeside) {
    write_file_atomically(path("f"), "old");
    write_file_atomically(path("f"), "new");

    EXPECT_EQ(read_file(path("f")), "new");
    EXPECT_EQ(entries_in(directory_.path()), 1u);
}

TEST_F(FileTest, LeavesNothingBesideAfterAFailure) {
    std::filesystem::create_directory(path("taken"));

    EXPECT_THROW(write_file_atomically(path("taken"), "x"), Error);

    EXPECT_EQ(entries_in(directory_.path()), 1u);
}

TEST_F(FileTest, GivesTheModeWhateverTheUmask) {
    const mode_t before = ::umask(0077);
    write_file_atomically(path("open"), "x", 0664);
    write_file_atomically(path("private"), "x", 0600);
    base::create_directories(path("a/b"), 0775);
    ::umask(before);

    EXPECT_EQ(mode_of(path("open")), 0664u);
    EXPECT_EQ(mode_of(path("private")), 0600u);
    EXPECT_EQ(mode_of(path("a/b")), 0775u);
}

TEST_F(FileTest, CreatesDirectoriesOnce) {
    base::create_directories(path("x/y/z"), 0700);
    base::create_directories(path("x/y/z"), 0755);
    base::create_directories(path("x/y/w/"));

    EXPECT_EQ(mode_of(path("x/y/z")), 0700u);
    EXPECT_TRUE(std::filesystem::is_directory(path("x/y/w")));
    write_file_atomically(path("file"), "");
    EXPECT_THROW(base::create_directories(path("file")), Error);
    EXPECT_THROW(base::create_directories(path("file/below")), Error);
}

TEST_F(FileTest, AppendsAcrossReopening) {
    {
        AppendFile file(path("log"));
        file.append("one ");
        file.sync();
        EXPECT_EQ(file.size(), 4u);
    }
    AppendFile file(path("log"));
    EXPECT_EQ(file.size(), 4u);
    file.append("two");

    EXPECT_EQ(file.size(), 7u);
    EXPECT_EQ(read_file(path("log")), "one two");
    EXPECT_EQ(mode_of(path("log")), 0600u);
}

TEST_F(FileTest, AppendsBehindATruncation) {
    AppendFile file(path("log"));
    file.append("whole torn");
    file.truncate(5);
    file.append("!");

    EXPECT_EQ(read_file(path("log")), "whole!");
    EXPECT_EQ(file.size(), 6u);
}

TEST_F(FileTest, RefusesASecondWriter) {
    std::optional<AppendFile> first(std::in_place, path("log"));
    EXPECT_EQ(kind_of([&] { AppendFile second(path("log")); }), ErrorKind::failed_precondition);

    AppendFile moved(std::move(*first));
    first.reset();
    EXPECT_EQ(kind_of([&] { AppendFile second(path("log")); }), ErrorKind::failed_precondition);
    moved.append("still open");
    EXPECT_EQ(moved.path(), path("log"));
}

TEST_F(FileTest, ReportsAFullDisk) {
    AppendFile file("/dev/full");
    EXPECT_EQ(kind_of([&] { file.append("x"); }), ErrorKind::unavailable);
}

TEST_F(FileTest, RemovesATemporaryDirectoryWithItsContent) {
    std::filesystem::path place;
    {
        TemporaryDirectory temporary;
        place = temporary.path();
        write_file_atomically(place / "f", "x");
        EXPECT_EQ(mode_of(place), 0700u);
    }
    EXPECT_FALSE(std::filesystem::exists(place));
}

class DirectoryStoreTest : public FileTest {
protected:
    std::unique_ptr<ObjectStore> store_ = make_directory_store(path("store"));
};

TEST_F(DirectoryStoreTest, KeepsObjectsAsPrivateFiles) {
    EXPECT_TRUE(store_->put("runs/1/a", "A", false));
    EXPECT_TRUE(store_->put("runs/1/a", "B", false));

    EXPECT_EQ(store_->get("runs/1/a"), "B");
    EXPECT_EQ(store_->get("runs/2"), std::nullopt);
    EXPECT_EQ(store_->location(), path("store").string());
    EXPECT_EQ(mode_of(path("store")), 0700u);
    EXPECT_EQ(mode_of(path("store/runs")), 0700u);
    EXPECT_EQ(mode_of(path("store/runs/1/a")), 0600u);
}

TEST_F(DirectoryStoreTest, PutsOnlyIfAbsentOnce) {
    EXPECT_TRUE(store_->put("a", "first", true));
    EXPECT_FALSE(store_->put("a", "second", true));

    EXPECT_EQ(store_->get("a"), "first");
    EXPECT_EQ(entries_in(path("store")), 1u);
}

TEST_F(DirectoryStoreTest, ListsNamesByPrefixSorted) {
    EXPECT_THAT(store_->list(""), ElementsAre());
    for (const char* name : {"b", "runs/2", "runs/1/x", "run"}) {
        store_->put(name, "", false);
    }
    write_file_atomically(path("store/b.new-Ab12Cd"), "a write that never ended");

    EXPECT_THAT(store_->list(""), ElementsAre("b", "run", "runs/1/x", "runs/2"));
    EXPECT_THAT(store_->list("runs/"), ElementsAre("runs/1/x", "runs/2"));
    EXPECT_THAT(store_->list("run"), ElementsAre("run", "runs/1/x", "runs/2"));
}

TEST_F(DirectoryStoreTest, RemovesAnObjectOrNothing) {
    store_->put("a", "x", false);
    store_->remove("a");
    store_->remove("a");

    EXPECT_EQ(store_->get("a"), std::nullopt);
}

TEST_F(DirectoryStoreTest, RefusesNamesThatLeadOut) {
    for (const char* name : {"", "../x", "a/../../x", "/etc/x", "a/"}) {
        EXPECT_EQ(kind_of([&] { store_->put(name, "x", false); }), ErrorKind::invalid_argument);
        EXPECT_EQ(kind_of([&] { store_->get(name); }), ErrorKind::invalid_argument);
    }
}

TEST(Slug, KeepsOnlySafeCharacters) {
    EXPECT_EQ(to_slug("lower-case E-Mails_2"), "lower-case-e-mails_2");
    EXPECT_EQ(to_slug("a/b.c"), "a-b-c");
    EXPECT_EQ(to_slug(""), "");
}

}  // namespace
}  // namespace dynamigrate::base
