#include <dynamigrate/base/file.hpp>

#include "new_file.hpp"

#include <algorithm>

namespace dynamigrate::base {

namespace {

constexpr std::string_view kUnfinished = ".new-";

/// An object is a file of its name below the directory; a file being written has another name.
class DirectoryStore final : public ObjectStore {
public:
    explicit DirectoryStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

    std::string location() const override { return directory_.string(); }

    std::optional<std::string> get(const std::string& name) override {
        return read_file_if_exists(place_of(name));
    }

    bool put(const std::string& name, std::string_view bytes, bool only_if_absent) override {
        const std::filesystem::path place = place_of(name);
        create_private_directories(place.parent_path());
        NewFile file(place);
        file.fill(bytes, 0600);
        if (only_if_absent) {
            return file.take_free_place();
        }
        file.replace_place();
        return true;
    }

    std::vector<std::string> list(const std::string& prefix) override {
        std::vector<std::string> names;
        std::error_code failure;
        std::filesystem::recursive_directory_iterator entry(directory_, failure);
        for (; !failure && entry != std::filesystem::recursive_directory_iterator();
             entry.increment(failure)) {
            std::string name = entry->path().lexically_relative(directory_).generic_string();
            if (name.starts_with(prefix) && name.find(kUnfinished) == std::string::npos &&
                entry->is_regular_file(failure)) {
                names.push_back(std::move(name));
            }
        }
        if (failure && failure.value() != ENOENT) {
            throw system_error(failure.value(), "list", directory_);
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    void remove(const std::string& name) override {
        const std::filesystem::path place = place_of(name);
        if (::unlink(place.c_str()) == 0) {
            sync_directory(place.parent_path());
        } else if (errno != ENOENT && errno != ENOTDIR) {
            throw system_error(errno, "remove", place);
        }
    }

private:
    std::filesystem::path place_of(const std::string& name) const {
        const std::filesystem::path relative(name);
        const bool climbs = std::find(relative.begin(), relative.end(), "..") != relative.end();
        if (!relative.has_filename() || relative.is_absolute() || climbs ||
            name.find('\0') != std::string::npos || name.find(kUnfinished) != std::string::npos) {
            throw Error(ErrorKind::invalid_argument,
                        "\"" + name + "\" is no name for an object in " + location());
        }
        return directory_ / relative;
    }

    /// Makes each missing directory down to this one private, also to a permissive umask.
    void create_private_directories(const std::filesystem::path& wanted) const {
        std::error_code failure;
        if (std::filesystem::is_directory(wanted, failure)) {
            return;
        }
        if (wanted != directory_ && wanted.has_parent_path()) {
            create_private_directories(wanted.parent_path());
        }
        create_directories(wanted, 0700);
        sync_directory(directory_of(wanted));
    }

    std::filesystem::path directory_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_directory_store(std::filesystem::path directory) {
    return std::make_unique<DirectoryStore>(std::move(directory));
}

}  // namespace dynamigrate::base
