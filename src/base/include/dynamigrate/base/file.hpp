#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::base {

/// Reads a whole file. Errors: not_found, permission_denied, unavailable; each names the path.
std::string read_file(const std::filesystem::path& path);
/// As `read_file`; nothing when the file does not exist.
std::optional<std::string> read_file_if_exists(const std::filesystem::path& path);

/// Replaces the file with the bytes, or leaves it as it was: written beside it, synced, renamed,
/// directory synced. `mode` is the file's permission bits.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                           unsigned mode = 0644);

/// Creates the directory and its parents (mode as given for the last one).
void create_directories(const std::filesystem::path& path, unsigned mode = 0755);

/// A file that only grows, for one writer.
///
/// Ensures: holds an exclusive lock on the file (flock) while open: a second writer, also in
///          another process, gets Error failed_precondition.
/// Threads: one at a time.
class AppendFile {
public:
    /// Opens or creates (mode 0600). When created, the directory is synced too.
    explicit AppendFile(std::filesystem::path path);
    ~AppendFile();
    AppendFile(AppendFile&&) noexcept;
    AppendFile& operator=(AppendFile&&) = delete;
    AppendFile(const AppendFile&) = delete;

    /// Appends all bytes; a short write is continued. Errors: unavailable (disk full, I/O).
    void append(std::string_view bytes);
    /// Returns after the bytes are on stable storage (fdatasync).
    void sync();
    std::uint64_t size() const noexcept { return size_; }
    /// Cuts the file to `size` bytes (to drop a torn tail) and syncs.
    void truncate(std::uint64_t size);
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
    int fd_ = -1;
    std::uint64_t size_ = 0;
};

/// Where temporary files go: TMPDIR, else /tmp.
std::filesystem::path temporary_parent();

/// A new empty directory, removed with its content by the destructor.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

/// Named objects in a flat store: a directory, or a bucket prefix.
///
/// Names are relative, '/'-separated, without "..". Threads: any.
class ObjectStore {
public:
    virtual ~ObjectStore() = default;
    /// Where it lies, for people: a path or s3://bucket/prefix.
    virtual std::string location() const = 0;
    virtual std::optional<std::string> get(const std::string& name) = 0;
    /// Writes the object durably. `only_if_absent`: returns false, writing nothing, when it exists.
    virtual bool put(const std::string& name, std::string_view bytes, bool only_if_absent) = 0;
    /// Names that begin with the prefix, sorted.
    virtual std::vector<std::string> list(const std::string& prefix) = 0;
    virtual void remove(const std::string& name) = 0;
};

/// Objects as files (mode 0600) under a directory (mode 0700), written atomically.
std::unique_ptr<ObjectStore> make_directory_store(std::filesystem::path directory);

/// The text for use in a file name: letters in lower case, digits, '-' and '_'; others become '-'.
std::string to_slug(std::string_view text);

}  // namespace dynamigrate::base
