#include "validation.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace dynamigrate::dynamodb {

namespace {

bool has_repetition(AttributeType type, std::span<const AttributeValue> elements) {
    std::vector<std::string_view> texts;
    texts.reserve(elements.size());
    for (const AttributeValue& element : elements) {
        texts.push_back(element.text());
    }
    auto less = [type](std::string_view a, std::string_view b) {
        return type == AttributeType::number_set ? compare_numbers(a, b) < 0 : a < b;
    };
    auto equal = [type](std::string_view a, std::string_view b) {
        return type == AttributeType::number_set ? compare_numbers(a, b) == 0 : a == b;
    };
    std::sort(texts.begin(), texts.end(), less);
    return std::adjacent_find(texts.begin(), texts.end(), equal) != texts.end();
}

bool repeats_name(std::span<const Attribute> attributes) {
    constexpr std::size_t kFew = 16;  // sorting many names is quicker than comparing all
    if (attributes.size() > kFew) {
        std::vector<std::string_view> names;
        names.reserve(attributes.size());
        for (const Attribute& attribute : attributes) {
            names.push_back(attribute.name);
        }
        std::sort(names.begin(), names.end());
        return std::adjacent_find(names.begin(), names.end()) != names.end();
    }
    for (std::size_t i = 1; i < attributes.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (attributes[i].name == attributes[j].name) {
                return true;
            }
        }
    }
    return false;
}

/// Of attributes with the same name, the last one.
std::vector<Attribute> without_repeated_names(std::span<const Attribute> attributes) {
    std::unordered_map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < attributes.size(); ++i) {
        last[attributes[i].name] = i;
    }
    std::vector<Attribute> kept;
    for (std::size_t i = 0; i < attributes.size(); ++i) {
        if (last[attributes[i].name] == i) {
            kept.push_back(attributes[i]);
        }
    }
    return kept;
}

}  // namespace

base::Error validation_error(const std::string& message) {
    return base::Error(base::ErrorKind::invalid_argument, message)
        .service_code("ValidationException");
}

std::string check_set(AttributeType type, std::span<const AttributeValue> elements) {
    constexpr const char* kPrefix = "One or more parameter values were invalid: ";
    if (elements.empty()) {
        const char* kind = type == AttributeType::string_set   ? "An string set "
                           : type == AttributeType::number_set ? "An number set "
                                                               : "Binary sets ";
        const char* verb =
            type == AttributeType::binary_set ? "should not be empty" : " may not be empty";
        return std::string(kPrefix) + kind + verb;
    }
    if (has_repetition(type, elements)) {
        return type == AttributeType::number_set
                   ? "Input collection contains duplicates"
                   : std::string(kPrefix) + "Input collection contains duplicates.";
    }
    return {};
}

std::span<const Attribute> copy_with_distinct_names(std::span<const Attribute> attributes,
                                                    base::Arena& arena) {
    if (repeats_name(attributes)) {
        return arena.copy(std::span<const Attribute>(without_repeated_names(attributes)));
    }
    return arena.copy(attributes);
}

}  // namespace dynamigrate::dynamodb
