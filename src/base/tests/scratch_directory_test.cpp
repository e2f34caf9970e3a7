#include <dynamigrate/base/scratch_directory.hpp>

#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace dynamigrate::base {
namespace {

namespace fs = std::filesystem;

class Scratch : public ::testing::Test {
protected:
    /// The identity of a process of here and now that has ended.
    static ProcessIdentity dead() {
        SystemChildProcesses processes;
        ProcessIdentity identity = ProcessIdentity::of_process();
        identity.pid =
            std::stoi(processes.run({"sh", "-c", "echo $$"}, {}, std::chrono::minutes(1), {}).out);
        return identity;
    }
    fs::path leave(const std::string& name, const ProcessIdentity& owner) {
        fs::create_directories(parent.path() / name / "overlay");
        write_file_atomically(parent.path() / name / "overlay/000001.sst", "x");
        write_file_atomically(parent.path() / name / "owner", "dynamigrate\n" + owner.host + "\n" +
                                                                  owner.boot_id + "\n" +
                                                                  std::to_string(owner.pid) + "\n");
        return parent.path() / name;
    }
    void make_another() { ScratchDirectory another(parent.path(), "dry-"); }

    TemporaryDirectory parent;
};

TEST_F(Scratch, IsRemovedWithItsContent) {
    fs::path path;
    {
        ScratchDirectory directory(parent.path(), "dry-");
        path = directory.path();
        EXPECT_TRUE(path.filename().string().starts_with("dry-"));
        write_file_atomically(path / "file", "x");
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(Scratch, IsRemovedByTheNextWhenItsProcessDied) {
    fs::path left = leave("dry-1", dead());
    make_another();
    EXPECT_FALSE(fs::exists(left));
}

TEST_F(Scratch, IsRemovedByTheNextWhenTheHostWasStartedAgain) {
    ProcessIdentity owner = ProcessIdentity::of_process();
    owner.boot_id = "before";
    fs::path left = leave("dry-1", owner);
    make_another();
    EXPECT_FALSE(fs::exists(left));
}

TEST_F(Scratch, StaysWhileItsProcessLives) {
    ScratchDirectory mine(parent.path(), "dry-");
    fs::path of_another = leave("dry-1", ProcessIdentity::of_process());
    make_another();
    EXPECT_TRUE(fs::exists(mine.path() / "owner"));
    EXPECT_TRUE(fs::exists(of_another / "overlay/000001.sst"));
}

TEST_F(Scratch, StaysWhileItIsLocked) {
    fs::path left = leave("dry-1", dead());
    AppendFile lock(left / "owner");
    make_another();
    EXPECT_TRUE(fs::exists(left / "overlay/000001.sst"));
}

TEST_F(Scratch, LeavesWhatIsOfAnotherHostOrOfAnotherNameOrNoScratchDirectory) {
    ProcessIdentity elsewhere = dead();
    elsewhere.host += "-another";
    fs::path far = leave("dry-1", elsewhere);
    fs::path other = leave("drying-1", dead());
    fs::create_directories(parent.path() / "dry-2");
    write_file_atomically(parent.path() / "dry-2/owner", "somebody\n");
    fs::create_directory_symlink(leave("real", dead()), parent.path() / "dry-3");
    make_another();
    EXPECT_TRUE(fs::exists(far / "owner"));
    EXPECT_TRUE(fs::exists(other / "owner"));
    EXPECT_TRUE(fs::exists(parent.path() / "dry-2/owner"));
    EXPECT_TRUE(fs::exists(parent.path() / "real/owner"));
}

}  // namespace
}  // namespace dynamigrate::base
