#include "../store.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace dynamigrate::engine {
namespace {

std::vector<std::string> keys_between(Store& store, const char* lower, const char* upper) {
    std::vector<std::string> keys;
    Store::Cursor cursor(store, lower, upper);
    for (cursor.seek_first(); cursor.valid(); cursor.next()) {
        keys.emplace_back(cursor.key());
    }
    return keys;
}

TEST(Store, WalksOverKeysInOrderWithinBounds) {
    Store store(Store::Kind::memory, "");
    for (const char* key : {"b", "a", "d", "c"}) {
        store.put(key, "1");
    }
    EXPECT_EQ(keys_between(store, "b", "d"), (std::vector<std::string>{"b", "c"}));
}

TEST(Store, ACursorSeesTheKeysOfTheTimeWhenItWasMade) {
    Store store(Store::Kind::memory, "");
    store.put("a", "1");
    Store::Cursor cursor(store, "a", "c");
    store.put("b", "1");
    cursor.seek_first();
    cursor.next();
    EXPECT_FALSE(cursor.valid());
}

TEST(Store, DoesABatchWhole) {
    Store store(Store::Kind::memory, "");
    store.put("a", "1");
    Store::Batch batch;
    batch.put("b", "2");
    batch.remove("a");
    store.write(batch);
    std::string value;
    EXPECT_FALSE(store.get("a", value));
    ASSERT_TRUE(store.get("b", value));
    EXPECT_EQ(value, "2");
}

TEST(Store, KeepsWhatItAcknowledgedWhenTheProcessDies) {
    base::TemporaryDirectory directory;
    pid_t child = ::fork();
    if (child == 0) {
        Store store(Store::Kind::durable, directory.path() / "store");
        store.put("a", "1");
        ::_exit(0);  // nothing is closed
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    Store store(Store::Kind::durable, directory.path() / "store");
    std::string value;
    EXPECT_TRUE(store.get("a", value));
}

std::string refusal_to_open(const std::filesystem::path& directory) {
    try {
        Store store(Store::Kind::durable, directory);
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
        return error.what();
    }
    return "";
}

TEST(Store, NamesThisProcessWhenItHasItOpen) {
    base::TemporaryDirectory directory;
    Store store(Store::Kind::durable, directory.path());
    EXPECT_NE(refusal_to_open(directory.path())
                  .find("is in use by process " + std::to_string(::getpid())),
              std::string::npos);
}

TEST(Store, NamesTheProcessThatHasItOpen) {
    base::TemporaryDirectory directory;
    int opened[2];
    int done[2];
    ASSERT_EQ(::pipe(opened), 0);
    ASSERT_EQ(::pipe(done), 0);
    pid_t child = ::fork();
    char byte = 'x';
    if (child == 0) {
        Store store(Store::Kind::durable, directory.path());
        bool is_told = ::write(opened[1], &byte, 1) == 1 && ::read(done[0], &byte, 1) == 1;
        ::_exit(is_told ? 0 : 1);
    }
    ASSERT_EQ(::read(opened[0], &byte, 1), 1);
    EXPECT_NE(
        refusal_to_open(directory.path()).find("is in use by process " + std::to_string(child)),
        std::string::npos);
    ASSERT_EQ(::write(done[1], &byte, 1), 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Store, RefusesADirectoryOfOtherFiles) {
    base::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "notes.txt", "x");
    EXPECT_NE(refusal_to_open(directory.path()).find("holds other files"), std::string::npos);
}

TEST(Store, RemovesWhatItSpilled) {
    base::TemporaryDirectory directory;
    {
        Store store(Store::Kind::spill, directory.path() / "spill");
        store.put("a", "1");
    }
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "spill"));
}

}  // namespace
}  // namespace dynamigrate::engine
