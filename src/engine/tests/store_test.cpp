#include "../store.hpp"

#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

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

/// What another process does with the store: see main.cpp.
base::ChildResult write_and_die(const std::filesystem::path& directory) {
    base::SystemChildProcesses processes;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    return processes.run({self, "--write-and-die", directory}, {}, std::chrono::minutes(1), {});
}

TEST(Store, KeepsWhatItAcknowledgedWhenTheProcessDies) {
    base::TemporaryDirectory directory;
    EXPECT_EQ(write_and_die(directory.path() / "store").exit_code, 0);
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
    Store store(Store::Kind::durable, directory.path());
    const base::ChildResult other = write_and_die(directory.path());
    EXPECT_EQ(other.exit_code, 1);
    EXPECT_NE(other.out.find("is in use by process " + std::to_string(::getpid())),
              std::string::npos)
        << other.out;
}

TEST(Store, RefusesADirectoryOfOtherFiles) {
    base::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "notes.txt", "x");
    EXPECT_NE(refusal_to_open(directory.path()).find("holds other files"), std::string::npos);
}

struct LeftFile {
    const char* name;
    std::size_t size;
};

/// All that RocksDB has made at some moment before CURRENT, in the order in which it makes it.
const std::vector<std::vector<LeftFile>> kFirstOpeningMoments = {
    {},
    {{"LOG", 0}},
    {{"LOG", 0}, {"LOCK", 0}},
    {{"LOG", 0}, {"LOCK", 0}, {"000000.dbtmp", 0}},
    {{"LOG", 0}, {"LOCK", 0}, {"000000.dbtmp", 36}},
    {{"LOG", 0}, {"LOCK", 0}, {"IDENTITY", 36}},
    {{"LOG", 0}, {"LOCK", 0}, {"IDENTITY", 36}, {"MANIFEST-000001", 0}},
    {{"LOG", 0}, {"LOCK", 0}, {"IDENTITY", 36}, {"MANIFEST-000001", 57}},
    {{"LOG", 0}, {"LOCK", 0}, {"IDENTITY", 36}, {"MANIFEST-000001", 57}, {"000001.dbtmp", 0}},
    {{"LOG", 0}, {"LOCK", 0}, {"IDENTITY", 36}, {"MANIFEST-000001", 57}, {"000001.dbtmp", 16}},
    {{"LOG.old.1790000000000000", 0}, {"LOCK", 0}, {"IDENTITY", 36}},
    {{"LOG", 0}, {"LOG.old.1790000000000000", 0}, {"LOCK", 0}, {"IDENTITY", 36}},
};

void leave(const std::filesystem::path& directory, const std::vector<LeftFile>& files) {
    std::filesystem::create_directories(directory);
    for (const LeftFile& file : files) {
        base::write_file_atomically(directory / file.name, std::string(file.size, 'x'));
    }
}

TEST(Store, OpensWhatADeathDuringTheFirstOpeningLeft) {
    base::TemporaryDirectory directory;
    for (std::size_t i = 0; i < kFirstOpeningMoments.size(); ++i) {
        SCOPED_TRACE(i);
        const auto path = directory.path() / std::to_string(i);
        leave(path, kFirstOpeningMoments[i]);
        { Store(Store::Kind::durable, path).put("a", "1"); }
        Store store(Store::Kind::durable, path);
        std::string value;
        EXPECT_TRUE(store.get("a", value));
    }
}

TEST(Store, TakesNoFileOfAUserForAHalfMadeStore) {
    const std::vector<std::vector<LeftFile>> directories = {
        {{"LOG", 5}},
        {{"LOCK", 0}},
        {{"LOG", 0}, {"LOCK", 0}, {"notes.txt", 0}},
        {{"LOG", 0}, {"LOCK", 0}, {"IDENTITY", 200}},
        {{"LOG", 0}, {"LOCK", 0}, {"MANIFEST-000001", 57}, {"000004.log", 10}},
        {{"LOG", 0}, {"LOCK", 0}, {"000009.sst", 10}},
    };
    base::TemporaryDirectory directory;
    for (std::size_t i = 0; i < directories.size(); ++i) {
        SCOPED_TRACE(i);
        const auto path = directory.path() / std::to_string(i);
        leave(path, directories[i]);
        EXPECT_NE(refusal_to_open(path).find("holds other files"), std::string::npos);
        for (const LeftFile& file : directories[i]) {
            EXPECT_EQ(std::filesystem::file_size(path / file.name), file.size);
        }
    }
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
