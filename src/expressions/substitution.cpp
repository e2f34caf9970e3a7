#include <dynamigrate/expressions/substitution.hpp>

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

[[noreturn]] void refuse(const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .service_code("ValidationException");
}

constexpr std::size_t kMaxPlaceholder = 255;

bool is_placeholder(std::string_view text, char sign) {
    return text.size() > 1 && text.front() == sign &&
           std::all_of(text.begin() + 1, text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

void check_key(std::string_view key, char sign, const char* member) {
    if (!is_placeholder(key, sign)) {
        refuse(std::string(member) + " contains invalid key: Syntax error; key: \"" +
               std::string(key) + "\"");
    }
    if (key.size() > kMaxPlaceholder) {
        refuse(std::string(member) +
               " contains invalid key: The expression attribute map contains a key that is too "
               "long; size of key: " +
               std::to_string(key.size()));
    }
}

void refuse_unused(const std::string& keys, const char* member) {
    if (!keys.empty()) {
        refuse(std::string("Value provided in ") + member + " unused in expressions: keys: {" +
               keys + "}");
    }
}

void append_key(std::string& keys, std::string_view key) {
    keys += keys.empty() ? "" : ", ";
    keys += key;
}

}  // namespace

Substitutions::Substitutions(std::span<const std::pair<std::string, std::string>> names,
                             const dynamodb::Item& values)
    : names_(names),
      values_(values),
      used_names_(names.size()),
      used_values_(values.size()) {
    for (const auto& [key, name] : names_) {
        check_key(key, '#', "ExpressionAttributeNames");
        if (name.empty()) {
            refuse(
                "ExpressionAttributeNames contains invalid value: Empty attribute name for key " +
                key);
        }
    }
    for (const dynamodb::Attribute& value : values_) {
        check_key(value.name, ':', "ExpressionAttributeValues");
    }
}

const std::string* Substitutions::name(std::string_view placeholder) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (names_[i].first == placeholder) {
            used_names_[i] = true;
            return &names_[i].second;
        }
    }
    return nullptr;
}

const dynamodb::AttributeValue* Substitutions::value(std::string_view placeholder) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const dynamodb::Attribute& value = values_.attributes()[i];
        if (value.name == placeholder) {
            used_values_[i] = true;
            return &value.value;
        }
    }
    return nullptr;
}

void Substitutions::check_all_used() const {
    std::string keys;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (!used_names_[i]) {
            append_key(keys, names_[i].first);
        }
    }
    refuse_unused(keys, "ExpressionAttributeNames");
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (!used_values_[i]) {
            append_key(keys, values_.attributes()[i].name);
        }
    }
    refuse_unused(keys, "ExpressionAttributeValues");
}

}  // namespace dynamigrate::expressions
