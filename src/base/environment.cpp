#include <dynamigrate/base/environment.hpp>

#include <dynamigrate/base/file.hpp>

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

namespace dynamigrate::base {

namespace {

struct User {
    std::string name;
    std::string home;
};

std::optional<User> find_user(uid_t id) {
    std::vector<char> buffer(16 * 1024);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    return User{entry.pw_name, entry.pw_dir};
}

std::string host_name() {
    char name[256] = {};
    ::gethostname(name, sizeof name - 1);
    return name;
}

std::string boot_id() {
    std::string id = read_file_if_exists("/proc/sys/kernel/random/boot_id").value_or("");
    while (!id.empty() && id.back() == '\n') {
        id.pop_back();
    }
    return id;
}

}  // namespace

Environment Environment::of_process() {
    std::map<std::string, std::string> variables;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos) {
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return Environment(std::move(variables));
}

std::optional<std::string> Environment::get(const std::string& name) const {
    const auto found = variables_.find(name);
    if (found == variables_.end() || found->second.empty()) {
        return std::nullopt;
    }
    return found->second;
}

std::string Environment::home() const {
    if (auto home = get("HOME")) {
        return *home;
    }
    const auto user = find_user(::getuid());
    return user ? user->home : "/";
}

ProcessIdentity ProcessIdentity::of_process() {
    const auto user = find_user(::geteuid());
    return {host_name(), base::boot_id(), static_cast<int>(::getpid()),
            user ? user->name : std::to_string(::geteuid())};
}

bool ProcessIdentity::is_dead_here() const {
    if (pid <= 0 || boot_id.empty() || host != host_name() || boot_id != base::boot_id()) {
        return false;
    }
    return ::kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace dynamigrate::base
