#pragma once

#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace dynamigrate::layers {

/// The key schemas of tables, described once. Threads: any.
class TableKeys {
public:
    explicit TableKeys(dynamodb::Service& service) : service_(service) {}

    /// Nothing when there is no such table. Errors: the service's.
    std::optional<dynamodb::KeySchema> find(const std::string& table, std::stop_token stop);
    /// Describes tables anew: they were created or deleted.
    void forget();

private:
    dynamodb::Service& service_;
    std::mutex mutex_;
    std::map<std::string, dynamodb::KeySchema> known_;
};

}  // namespace dynamigrate::layers
