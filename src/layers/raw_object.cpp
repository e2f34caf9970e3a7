#include "raw_object.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/reader.hpp>
#include <dynamigrate/json/writer.hpp>

#include <algorithm>

namespace dynamigrate::layers {

namespace {

[[noreturn]] void refuse(const std::string& reason) {
    throw base::Error(base::ErrorKind::invalid_argument, reason)
        .service_code("SerializationException");
}

template <class Function>
void refuse_unless_read(Function&& function) {
    try {
        json::translate("not the JSON that was expected", function);
    } catch (const base::Error& error) {
        refuse(error.message());
    }
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view kWhiteSpace = " \t\r\n";
    const std::size_t last = text.find_last_not_of(kWhiteSpace);
    return text.substr(0, last == text.npos ? 0 : last + 1);
}

std::string_view raw(json::wire::value& value) {
    return trimmed(simdjson::to_json_string(value).take_value());
}

}  // namespace

RawObject::RawObject(std::string_view text) : text_(text) {
    refuse_unless_read([&] {
        json::Reader reader;
        json::wire::document document = reader.read(text_);
        for (auto found : document.get_object()) {
            json::wire::field field = std::move(found).take_value();
            std::string name(std::string_view(field.unescaped_key()));
            const std::string_view value = raw(field.value());
            members_.push_back({std::move(name), value});
        }
    });
    for (std::size_t i = 0; i < members_.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (members_[i].name == members_[j].name) {
                refuse("the request names " + members_[i].name + " twice");
            }
        }
    }
}

std::string_view RawObject::find(std::string_view name) const noexcept {
    for (const Member& member : members_) {
        if (member.name == name) {
            return member.value == "null" ? std::string_view() : member.value;
        }
    }
    return {};
}

std::string RawObject::text(std::string_view name) const {
    const std::string_view found = find(name);
    if (found.empty()) {
        return {};
    }
    if (found.front() != '"') {
        refuse(std::string(name) + " is no string");
    }
    return json::parse_json(found, std::string(name)).text();
}

void RawObject::set(std::string_view name, std::string json) {
    const std::string_view value = added_.emplace_back(std::move(json));
    for (Member& member : members_) {
        if (member.name == name) {
            member.value = value;
            return;
        }
    }
    members_.push_back({std::string(name), value});
}

void RawObject::remove(std::string_view name) {
    std::erase_if(members_, [&](const Member& member) { return member.name == name; });
}

std::string RawObject::to_json() const {
    std::string text;
    text.reserve(text_.size() + 128);
    json::Writer out(text);
    out.begin_object();
    for (const Member& member : members_) {
        out.key(member.name).raw(member.value);
    }
    out.end_object();
    return text;
}

std::vector<std::string> raw_elements(std::string_view text) {
    std::vector<std::string> elements;
    refuse_unless_read([&] {
        std::string padded(text);
        json::Reader reader;
        json::wire::document document = reader.read(padded);
        for (auto found : document.get_array()) {
            json::wire::value value = found.value();
            elements.emplace_back(raw(value));
        }
    });
    return elements;
}

}  // namespace dynamigrate::layers
