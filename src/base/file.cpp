#include <dynamigrate/base/file.hpp>

#include "new_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>

namespace dynamigrate::base {

namespace {

std::string read_all(int fd, const std::filesystem::path& path) {
    struct stat status {};
    std::string bytes;
    if (::fstat(fd, &status) == 0 && status.st_size > 0) {
        bytes.reserve(static_cast<std::size_t>(status.st_size) + 1);
    }
    char block[16 * 1024];
    while (true) {
        const ssize_t got = uninterrupted([&] { return ::read(fd, block, sizeof block); });
        if (got < 0) {
            throw system_error(errno, "read", path);
        }
        if (got == 0) {
            return bytes;
        }
        bytes.append(block, static_cast<std::size_t>(got));
    }
}

}  // namespace

std::optional<std::string> read_file_if_exists(const std::filesystem::path& path) {
    const Descriptor handle(
        uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
    if (handle.is_open()) {
        return read_all(handle.get(), path);
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return std::nullopt;
    }
    throw system_error(errno, "read", path);
}

std::string read_file(const std::filesystem::path& path) {
    if (auto bytes = read_file_if_exists(path)) {
        return std::move(*bytes);
    }
    throw system_error(ENOENT, "read", path);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                           unsigned mode) {
    NewFile file(path);
    file.fill(bytes, mode);
    file.replace_place();
}

void create_directories(const std::filesystem::path& path, unsigned mode) {
    std::error_code failure;
    if (std::filesystem::is_directory(path, failure)) {
        return;
    }
    if (path.has_parent_path() && path.parent_path() != path) {
        base::create_directories(path.parent_path(), 0755);
    }
    if (!path.has_filename()) {
        return;
    }
    if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) {
        if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
            throw system_error(errno, "set the permissions of", path);
        }
        return;
    }
    const int code = errno;
    if (code != EEXIST || !std::filesystem::is_directory(path, failure)) {
        throw system_error(code, "create directory", path);
    }
}

std::filesystem::path temporary_parent() {
    std::error_code failure;
    std::filesystem::path parent = std::filesystem::temp_directory_path(failure);
    return failure ? std::filesystem::path("/tmp") : parent;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (temporary_parent() / "dynamigrate-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw system_error(errno, "create directory", name);
    }
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string to_slug(std::string_view text) {
    std::string slug;
    slug.reserve(text.size());
    for (const char c : text) {
        const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        const bool is_upper = c >= 'A' && c <= 'Z';
        slug.push_back(is_kept ? c : is_upper ? static_cast<char>(c | 0x20) : '-');
    }
    return slug;
}

}  // namespace dynamigrate::base
