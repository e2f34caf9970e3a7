#include <dynamigrate/base/scratch_directory.hpp>

#include "descriptor.hpp"

#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/file.hpp>

#include <fcntl.h>
#include <sys/file.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace dynamigrate::base {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOwnerFile = "owner";
constexpr std::string_view kFirstLine = "dynamigrate";

std::string text_of(const ProcessIdentity& owner) {
    std::ostringstream text;
    text << kFirstLine << '\n' << owner.host << '\n' << owner.boot_id << '\n' << owner.pid << '\n';
    return text.str();
}

std::optional<ProcessIdentity> owner_of(const std::string& text) {
    std::istringstream lines(text);
    std::string first, pid;
    ProcessIdentity owner;
    std::getline(lines, first);
    std::getline(lines, owner.host);
    std::getline(lines, owner.boot_id);
    std::getline(lines, pid);
    std::from_chars(pid.data(), pid.data() + pid.size(), owner.pid);
    return first == kFirstLine && owner.pid > 0 ? std::optional(owner) : std::nullopt;
}

bool is_dead(const ProcessIdentity& owner) {
    const ProcessIdentity self = ProcessIdentity::of_process();
    bool is_before_boot = owner.host == self.host && !owner.boot_id.empty() &&
                          !self.boot_id.empty() && owner.boot_id != self.boot_id;
    return is_before_boot || owner.is_dead_here();
}

bool lock(int fd) {
    return uninterrupted([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == 0;
}

void remove_if_left(const fs::path& directory) {
    const Descriptor file(uninterrupted([&] {
        return ::open((directory / kOwnerFile).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    }));
    if (!file.is_open() || !lock(file.get())) {
        return;
    }
    const std::optional<std::string> text = read_file_if_exists(directory / kOwnerFile);
    const std::optional<ProcessIdentity> owner = owner_of(text.value_or(""));
    if (owner && is_dead(*owner)) {
        std::error_code ignored;
        fs::remove_all(directory, ignored);
    }
}

void remove_leftovers(const fs::path& parent, std::string_view name) {
    std::error_code failure;
    std::vector<fs::path> found;
    for (fs::directory_iterator entry(parent, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        std::error_code ignored;
        if (entry->path().filename().string().starts_with(name) &&
            entry->symlink_status(ignored).type() == fs::file_type::directory) {
            found.push_back(entry->path());
        }
    }
    for (const fs::path& directory : found) {
        remove_if_left(directory);
    }
}

/// The owner's file, which nobody sees before it is locked and whole.
int make_owner_file(const fs::path& directory) {
    const fs::path path = directory / (std::string(kOwnerFile) + ".new");
    Descriptor file(uninterrupted(
        [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); }));
    const std::string text = text_of(ProcessIdentity::of_process());
    bool is_written = file.is_open() && lock(file.get()) &&
                      uninterrupted([&] {
                          return ::write(file.get(), text.data(), text.size());
                      }) == static_cast<ssize_t>(text.size()) &&
                      ::rename(path.c_str(), (directory / kOwnerFile).c_str()) == 0;
    if (!is_written) {
        throw system_error(errno, "write", path);
    }
    return file.release();
}

}  // namespace

ScratchDirectory::ScratchDirectory(const fs::path& parent, std::string_view name) {
    remove_leftovers(parent, name);
    std::string path = (parent / name).string() + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        throw system_error(errno, "create directory", path);
    }
    path_ = path;
    try {
        lock_ = make_owner_file(path_);
    } catch (const Error&) {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
        throw;
    }
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    ::close(lock_);
}

}  // namespace dynamigrate::base
