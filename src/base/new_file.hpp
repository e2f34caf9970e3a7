#pragma once

#include "descriptor.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace dynamigrate::base {

/// The directory a path lies in, "." for a bare name.
std::filesystem::path directory_of(const std::filesystem::path& path);

/// Makes the creation, renaming and removal of the directory's entries durable.
void sync_directory(const std::filesystem::path& directory);

/// Writes all bytes; returns how many it wrote, fewer only when errno says why.
std::size_t write_all(int fd, std::string_view bytes);

/// A file beside its later place; removed unless it was put there.
class NewFile {
public:
    explicit NewFile(const std::filesystem::path& place);
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    /// Writes and syncs the whole content.
    void fill(std::string_view bytes, unsigned mode);
    void replace_place();
    /// Returns false when the place is taken.
    bool take_free_place();

private:
    std::filesystem::path place_;
    std::string name_;
    Descriptor handle_;
};

}  // namespace dynamigrate::base
