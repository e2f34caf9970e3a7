#include <dynamigrate/dynamodb/key_change.hpp>

namespace dynamigrate::dynamodb {

namespace {

bool is_same(const std::string& name, const Item& before, const Item& after) {
    const AttributeValue* was = before.find(name);
    const AttributeValue* is = after.find(name);
    return was != nullptr && is != nullptr && *was == *is;
}

}  // namespace

std::string changed_key_attribute(const KeySchema& key, const Item& before, const Item& after) {
    if (!is_same(key.hash.name, before, after)) {
        return key.hash.name;
    }
    return key.sort && !is_same(key.sort->name, before, after) ? key.sort->name : "";
}

}  // namespace dynamigrate::dynamodb
