#include "validation.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>
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

}  // namespace dynamigrate::dynamodb
