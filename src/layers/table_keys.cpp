#include "table_keys.hpp"

#include <dynamigrate/dynamodb/operations.hpp>

#include <utility>

namespace dynamigrate::layers {

std::optional<dynamodb::KeySchema> TableKeys::find(const std::string& table, std::stop_token stop) {
    {
        const std::lock_guard lock(mutex_);
        const auto known = known_.find(table);
        if (known != known_.end()) {
            return known->second;
        }
    }
    const auto description = dynamodb::describe_table(service_, table, std::move(stop));
    if (!description) {
        return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    return known_.insert_or_assign(table, description->key).first->second;
}

void TableKeys::forget() {
    const std::lock_guard lock(mutex_);
    known_.clear();
}

}  // namespace dynamigrate::layers
