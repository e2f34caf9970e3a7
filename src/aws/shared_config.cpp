#include <dynamigrate/aws/shared_config.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <functional>

namespace dynamigrate::aws {

namespace {

constexpr std::string_view kSpaces = " \t\r";

std::string_view trimmed(std::string_view text) {
    std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == text.npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

/// Reads sections; `open` gives the place for a section's settings, or nullptr to skip it.
class IniReader {
public:
    using Open = std::function<Section*(std::string_view title)>;

    IniReader(std::string file, Open open) : file_(std::move(file)), open_(std::move(open)) {}

    void read(std::string_view text) {
        while (!text.empty()) {
            std::size_t end = std::min(text.find('\n'), text.size());
            ++line_;
            read_line(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

private:
    void read_line(std::string_view line) {
        std::string_view content = trimmed(line);
        if (content.empty() || content.front() == '#' || content.front() == ';') {
            return;
        }
        bool is_indented = kSpaces.find(line.front()) != kSpaces.npos;
        if (content.front() == '[') {
            begin_section(content);
        } else if (is_indented && !group_.empty()) {
            add(content, group_ + ".");
        } else {
            add(content, "");
        }
    }

    void begin_section(std::string_view content) {
        std::size_t close = content.find(']');
        if (close == content.npos) {
            fail("']' is missing behind the section's name");
        }
        section_ = open_(trimmed(content.substr(1, close - 1)));
        is_inside_ = true;
        group_.clear();
    }

    void add(std::string_view content, const std::string& prefix) {
        std::size_t equals = content.find('=');
        if (equals == content.npos) {
            fail("expected 'name = value' or '[section]'");
        }
        if (!is_inside_) {
            fail("a setting before the first [section]");
        }
        std::string name(trimmed(content.substr(0, equals)));
        std::string_view value = trimmed(content.substr(equals + 1));
        if (prefix.empty()) {
            group_ = value.empty() ? name : "";
        }
        if (section_ != nullptr) {
            (*section_)[prefix + name] = value;
        }
    }

    [[noreturn]] void fail(const char* why) const {
        throw base::Error(base::ErrorKind::invalid_argument, why)
            .at(base::TextPosition{file_, line_, 1}.to_string());
    }

    std::string file_;
    Open open_;
    int line_ = 0;
    bool is_inside_ = false;
    Section* section_ = nullptr;
    std::string group_;
};

/// The name in "[profile name]" for the word "profile"; nothing for other titles.
std::optional<std::string> named(std::string_view title, std::string_view word) {
    if (!title.starts_with(word) || title.size() == word.size() ||
        kSpaces.find(title[word.size()]) == kSpaces.npos) {
        return std::nullopt;
    }
    std::string_view name = trimmed(title.substr(word.size()));
    if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') &&
        name.back() == name.front()) {
        name = name.substr(1, name.size() - 2);
    }
    return std::string(name);
}

const Section* find(const std::map<std::string, Section>& sections, const std::string& name) {
    auto found = sections.find(name);
    return found == sections.end() ? nullptr : &found->second;
}

std::string path_of(const base::Environment& environment, const std::string& variable,
                    const char* usual) {
    std::string path = environment.get(variable).value_or(usual);
    return path.starts_with("~/") ? environment.home() + path.substr(1) : path;
}

}  // namespace

SharedConfig::SharedConfig(std::string_view config_text, const std::string& config_file,
                           std::string_view credentials_text, const std::string& credentials_file) {
    read_config(config_text, config_file);
    read_credentials(credentials_text, credentials_file);
}

SharedConfig SharedConfig::load(const base::Environment& environment) {
    std::string config = path_of(environment, "AWS_CONFIG_FILE", "~/.aws/config");
    std::string credentials =
        path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    return SharedConfig(base::read_file_if_exists(config).value_or(""), config,
                        base::read_file_if_exists(credentials).value_or(""), credentials);
}

void SharedConfig::read_config(std::string_view text, const std::string& file) {
    IniReader(file, [this](std::string_view title) -> Section* {
        if (title == "default") {
            return &profiles_["default"];
        }
        if (auto name = named(title, "profile")) {
            return &profiles_[*name];
        }
        if (auto name = named(title, "sso-session")) {
            return &sso_sessions_[*name];
        }
        if (auto name = named(title, "services")) {
            return &services_[*name];
        }
        return nullptr;
    }).read(text);
}

void SharedConfig::read_credentials(std::string_view text, const std::string& file) {
    IniReader(file, [this](std::string_view title) {
        return &profiles_[std::string(title)];
    }).read(text);
}

const Section* SharedConfig::profile(const std::string& name) const {
    return find(profiles_, name);
}

const Section* SharedConfig::sso_session(const std::string& name) const {
    return find(sso_sessions_, name);
}

const Section* SharedConfig::services(const std::string& name) const {
    return find(services_, name);
}

std::optional<std::string> setting(const Section* section, const std::string& name) {
    if (section == nullptr) {
        return std::nullopt;
    }
    auto found = section->find(name);
    if (found == section->end() || found->second.empty()) {
        return std::nullopt;
    }
    return found->second;
}

std::string profile_name(const std::string& asked, const base::Environment& environment) {
    return asked.empty() ? environment.get("AWS_PROFILE").value_or("default") : asked;
}

}  // namespace dynamigrate::aws
