#include "placeholders.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

struct Definitions {
    std::map<std::string, std::string> names;
    std::map<std::string, dynamodb::AttributeValue> values;
};

void add(Definitions& all, const OwnedExpression& expression) {
    auto refuse = [](const std::string& placeholder) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("{} is defined twice, differently", placeholder));
    };
    for (const auto& [placeholder, name] : expression.names) {
        if (all.names.emplace(placeholder, name).first->second != name) {
            refuse(placeholder);
        }
    }
    if (expression.values) {
        for (const dynamodb::Attribute& value : expression.values->item) {
            auto [known, is_new] = all.values.emplace(std::string(value.name), value.value);
            if (!is_new && !(known->second == value.value)) {
                refuse(known->first);
            }
        }
    }
}

OwnedExpression with_own(const std::string& text, const std::vector<std::string>& used,
                         const Definitions& all) {
    OwnedExpression result;
    result.text = text;
    auto values = std::make_shared<dynamodb::OwnedItem>();
    dynamodb::ItemBuilder builder(values->arena);
    for (const std::string& placeholder : used) {
        if (auto name = all.names.find(placeholder); name != all.names.end()) {
            result.names.emplace_back(placeholder, name->second);
        }
        if (auto value = all.values.find(placeholder); value != all.values.end()) {
            builder.set(values->arena.copy(placeholder), value->second.clone(values->arena));
        }
    }
    values->item = builder.build();
    if (!values->item.empty()) {
        result.values = std::move(values);
    }
    return result;
}

}  // namespace

std::vector<std::string> placeholders_in(std::string_view expression) {
    auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    std::vector<std::string> found;
    for (std::size_t at = 0; at < expression.size(); ++at) {
        if (expression[at] != '#' && expression[at] != ':') {
            continue;
        }
        std::size_t end = at + 1;
        while (end < expression.size() && is_word(expression[end])) {
            ++end;
        }
        std::string placeholder(expression.substr(at, end - at));
        if (std::find(found.begin(), found.end(), placeholder) == found.end()) {
            found.push_back(std::move(placeholder));
        }
        at = end - 1;
    }
    return found;
}

SharedExpressions share_out(const OwnedExpression& first, const OwnedExpression& second) {
    Definitions all;
    add(all, first);
    add(all, second);
    std::vector<std::string> in_first = placeholders_in(first.text);
    std::vector<std::string> in_second = placeholders_in(second.text);
    auto check_used = [&](const std::string& placeholder) {
        auto is_in = [&](const std::vector<std::string>& used) {
            return std::find(used.begin(), used.end(), placeholder) != used.end();
        };
        if (!is_in(in_first) && !is_in(in_second)) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("{} is defined and not used", placeholder));
        }
    };
    for (const auto& [placeholder, name] : all.names) {
        check_used(placeholder);
    }
    for (const auto& [placeholder, value] : all.values) {
        check_used(placeholder);
    }
    return {with_own(first.text, in_first, all), with_own(second.text, in_second, all)};
}

}  // namespace dynamigrate::migrate
