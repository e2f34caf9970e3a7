#pragma once

#include <map>
#include <optional>
#include <string>

namespace dynamigrate::base {

/// A snapshot of environment variables, passed as a value to whoever may read them.
class Environment {
public:
    Environment() = default;
    explicit Environment(std::map<std::string, std::string> variables)
        : variables_(std::move(variables)) {}
    /// This process's variables.
    static Environment of_process();

    /// The variable's value; nothing when it is unset or empty.
    std::optional<std::string> get(const std::string& name) const;
    /// The home directory: $HOME, else the user database's.
    std::string home() const;
    const std::map<std::string, std::string>& variables() const noexcept { return variables_; }

private:
    std::map<std::string, std::string> variables_;
};

/// Host name, process id and boot id: names a lock's owner, and tells whether it is dead.
struct ProcessIdentity {
    std::string host;
    std::string boot_id;
    int pid = 0;
    std::string user;

    static ProcessIdentity of_process();
    /// True when this identity is of this host and boot and no such process lives.
    bool is_dead_here() const;
};

}  // namespace dynamigrate::base
