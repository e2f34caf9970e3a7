#pragma once

#include <filesystem>
#include <string_view>

namespace dynamigrate::base {

/// A new directory (mode 0700), removed with its content by the destructor; or, when the process was
/// killed, by the next one of the same name that is made.
///
/// Ensures: no directory of a living process is touched, nor one of another host: what is removed
///          names a dead process of this host as its owner and nobody holds its lock.
class ScratchDirectory {
public:
    /// `name`: what the directory's name begins with, the same for all that may remove each other's
    /// leftovers.
    ScratchDirectory(const std::filesystem::path& parent, std::string_view name);
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
    int lock_ = -1;
};

}  // namespace dynamigrate::base
