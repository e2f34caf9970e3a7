#include <dynamigrate/http/client.hpp>

namespace dynamigrate::http {

std::optional<std::string_view> Response::header(std::string_view name) const {
    std::string_view head = head_;
    while (!head.empty()) {
        std::size_t end = head.find('\n');
        std::string_view line = head.substr(0, end);
        if (line.size() > name.size() && line[name.size()] == ':' && line.starts_with(name)) {
            return line.substr(name.size() + 1);
        }
        head.remove_prefix(end + 1);
    }
    return std::nullopt;
}

void Response::clear() {
    status = 0;
    body.clear();
    head_.clear();
}

void Response::add_header(std::string_view name, std::string_view value) {
    for (char c : name) {
        head_.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    head_.push_back(':');
    head_.append(value);
    head_.push_back('\n');
}

}  // namespace dynamigrate::http
