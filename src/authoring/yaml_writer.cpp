#include <dynamigrate/authoring/yaml.hpp>

#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <string_view>

namespace dynamigrate::authoring {

using json::Value;

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Whether every YAML reads it as this text without quotes.
bool is_plain(std::string_view text) {
    static constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "on",
                                                  "off",  "null",  "y",   "n"};
    std::string small;
    for (const char c : text) {
        if (!is_letter(c) && (small.empty() || std::string_view("0123456789_-./").find(c) ==
                                                   std::string_view::npos)) {
            return false;
        }
        small += is_letter(c) ? static_cast<char>(c | 0x20) : c;
    }
    return !text.empty() && std::ranges::find(kWords, std::string_view(small)) == std::end(kWords);
}

void write_text(YAML::Emitter& out, const std::string& text) {
    if (is_plain(text)) {
        out << text;
    } else {
        out << YAML::DoubleQuoted << text;
    }
}

void write(YAML::Emitter& out, const Value& value) {
    switch (value.type()) {
        case Value::Type::null:
            out << YAML::Null;
            break;
        case Value::Type::boolean:
            out << (value.as_boolean() ? "true" : "false");
            break;
        case Value::Type::number:
            out << value.text();
            break;
        case Value::Type::string:
            write_text(out, value.text());
            break;
        case Value::Type::array:
            if (value.elements().empty()) {
                out << YAML::Flow;
            }
            out << YAML::BeginSeq;
            for (const Value& element : value.elements()) {
                write(out, element);
            }
            out << YAML::EndSeq;
            break;
        case Value::Type::object:
            if (value.members().empty()) {
                out << YAML::Flow;
            }
            out << YAML::BeginMap;
            for (const Value::Member& member : value.members()) {
                out << YAML::Key;
                write_text(out, member.key);
                out << YAML::Value;
                write(out, member.value);
            }
            out << YAML::EndMap;
            break;
    }
}

}  // namespace

std::string to_yaml(const Value& value) {
    YAML::Emitter out;
    write(out, value);
    return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace dynamigrate::authoring
