#include "new_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

namespace dynamigrate::base {

std::filesystem::path directory_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void sync_directory(const std::filesystem::path& directory) {
    const Descriptor handle(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle.is_open() || uninterrupted([&] { return ::fsync(handle.get()); }) != 0) {
        throw system_error(errno, "sync", directory);
    }
}

std::size_t write_all(int fd, std::string_view bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t written =
            uninterrupted([&] { return ::write(fd, bytes.data() + done, bytes.size() - done); });
        if (written < 0) {
            break;
        }
        done += static_cast<std::size_t>(written);
    }
    return done;
}

NewFile::NewFile(const std::filesystem::path& place)
    : place_(place),
      name_(place.string() + ".new-XXXXXX") {
    handle_ = Descriptor(::mkostemp(name_.data(), O_CLOEXEC));
    if (!handle_.is_open()) {
        throw system_error(errno, "write", place);
    }
}

NewFile::~NewFile() {
    if (!name_.empty()) {
        ::unlink(name_.c_str());
    }
}

void NewFile::fill(std::string_view bytes, unsigned mode) {
    if (write_all(handle_.get(), bytes) < bytes.size() ||
        ::fchmod(handle_.get(), static_cast<mode_t>(mode)) != 0 ||
        uninterrupted([&] { return ::fsync(handle_.get()); }) != 0) {
        throw system_error(errno, "write", place_);
    }
}

void NewFile::replace_place() {
    if (::rename(name_.c_str(), place_.c_str()) != 0) {
        throw system_error(errno, "write", place_);
    }
    name_.clear();
    sync_directory(directory_of(place_));
}

bool NewFile::take_free_place() {
    if (::link(name_.c_str(), place_.c_str()) != 0) {
        if (errno == EEXIST) {
            return false;
        }
        throw system_error(errno, "write", place_);
    }
    sync_directory(directory_of(place_));
    return true;
}

}  // namespace dynamigrate::base
