#include <dynamigrate/json/members.hpp>

namespace dynamigrate::json {

std::string text_of(const Value& object, std::string_view name) {
    const Value* value = object.find(name);
    return value != nullptr && value->is_string() ? value->text() : std::string();
}

std::string text_of(const Value* object, std::string_view name) {
    return object == nullptr ? std::string() : text_of(*object, name);
}

}  // namespace dynamigrate::json
