#include <dynamigrate/base/file.hpp>

#include "new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <utility>

namespace dynamigrate::base {

namespace {

struct Opened {
    Descriptor handle;
    bool created = false;
};

Opened open_or_create(const std::filesystem::path& path) {
    constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC;
    Opened opened;
    opened.handle = Descriptor(
        uninterrupted([&] { return ::open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0600); }));
    opened.created = opened.handle.is_open();
    if (!opened.created && errno == EEXIST) {
        opened.handle =
            Descriptor(uninterrupted([&] { return ::open(path.c_str(), kFlags | O_CREAT, 0600); }));
    }
    if (!opened.handle.is_open()) {
        throw system_error(errno, "open", path);
    }
    return opened;
}

void lock(int fd, const std::filesystem::path& path) {
    if (uninterrupted([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == 0) {
        return;
    }
    if (errno == EWOULDBLOCK) {
        throw Error(ErrorKind::failed_precondition,
                    path.string() +
                        " is being written by another process; wait until it has "
                        "ended, or end it");
    }
    throw system_error(errno, "lock", path);
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path path) : path_(std::move(path)) {
    Opened opened = open_or_create(path_);
    lock(opened.handle.get(), path_);
    if (opened.created) {
        sync_directory(directory_of(path_));
    }
    struct stat status {};
    if (::fstat(opened.handle.get(), &status) != 0) {
        throw system_error(errno, "open", path_);
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    fd_ = opened.handle.release();
}

AppendFile::~AppendFile() { Descriptor closing(fd_); }

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

void AppendFile::append(std::string_view bytes) {
    const std::size_t written = write_all(fd_, bytes);
    size_ += written;
    if (written < bytes.size()) {
        throw system_error(errno, "write", path_);
    }
}

void AppendFile::sync() {
    if (uninterrupted([&] { return ::fdatasync(fd_); }) != 0) {
        throw system_error(errno, "sync", path_);
    }
}

void AppendFile::truncate(std::uint64_t size) {
    if (uninterrupted([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) != 0) {
        throw system_error(errno, "cut", path_);
    }
    size_ = size;
    sync();
}

}  // namespace dynamigrate::base
