#include <dynamigrate/expressions/path.hpp>

#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <charconv>

namespace dynamigrate::expressions {
namespace {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

class PathReader {
public:
    explicit PathReader(std::string_view text) : text_(text) {}

    Path read() {
        Path path;
        path.steps.push_back({name(), -1});
        while (at_ < text_.size()) {
            if (text_[at_] == '.') {
                ++at_;
                path.steps.push_back({name(), -1});
            } else if (text_[at_] == '[') {
                ++at_;
                path.steps.push_back({{}, index()});
            } else {
                fail("'.' or '['");
            }
        }
        return path;
    }

private:
    std::string name() {
        if (at_ < text_.size() && text_[at_] == '\'') {
            return quoted_name();
        }
        std::size_t begin = at_;
        while (at_ < text_.size() && is_plain(text_[at_])) {
            ++at_;
        }
        if (at_ == begin) {
            fail("an attribute name");
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    std::string quoted_name() {
        std::string name;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] != '\'') {
                name += text_[at_];
            } else if (text_.substr(at_, 2) == "''") {
                name += '\'';
                ++at_;
            } else {
                ++at_;
                if (name.empty()) {
                    fail("an attribute name between the quotes");
                }
                return name;
            }
        }
        fail("a closing '");
    }

    std::int32_t index() {
        std::int32_t value = -1;
        auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (error != std::errc() || value < 0) {
            fail("a list index");
        }
        at_ = static_cast<std::size_t>(end - text_.data());
        if (at_ >= text_.size() || text_[at_] != ']') {
            fail("]");
        }
        ++at_;
        return value;
    }

    [[noreturn]] void fail(const char* expected) const {
        std::string found = at_ < text_.size() ? "'" + std::string(1, text_[at_]) + "'" : "the end";
        throw base::Error(base::ErrorKind::invalid_argument, "the path \"" + std::string(text_) +
                                                                 "\" has " + found + " where " +
                                                                 expected + " is expected")
            .at("column " + std::to_string(at_ + 1) + " of the path");
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void append_name(std::string& text, const std::string& name) {
    if (!name.empty() && std::all_of(name.begin(), name.end(), is_plain)) {
        text += name;
        return;
    }
    text += '\'';
    for (char c : name) {
        text += c == '\'' ? "''" : std::string(1, c);
    }
    text += '\'';
}

}  // namespace

Path parse_path(std::string_view text) { return PathReader(text).read(); }

std::string to_string(const Path& path) {
    std::string text;
    for (const PathStep& step : path.steps) {
        if (step.is_index()) {
            text += "[" + std::to_string(step.index) + "]";
        } else {
            text += text.empty() ? "" : ".";
            append_name(text, step.name);
        }
    }
    return text;
}

const dynamodb::AttributeValue* resolve(const dynamodb::Item& item, const Path& path) noexcept {
    const dynamodb::AttributeValue* value = item.find(path.attribute());
    for (std::size_t i = 1; i < path.steps.size() && value != nullptr; ++i) {
        const PathStep& step = path.steps[i];
        if (!step.is_index()) {
            value = value->find(step.name);
        } else if (value->is(dynamodb::AttributeType::list) &&
                   static_cast<std::size_t>(step.index) < value->elements().size()) {
            value = &value->elements()[static_cast<std::size_t>(step.index)];
        } else {
            value = nullptr;
        }
    }
    return value;
}

}  // namespace dynamigrate::expressions
