#pragma once

#include "catalog.hpp"
#include "store.hpp"

#include <map>
#include <mutex>

namespace dynamigrate::engine {

/// The definitions of the tables of a store, under keys that begin with 't', all held in memory.
///
/// What is between two states when the store is opened may end at once: `settles` is not kept.
class StoredCatalog final : public Catalog {
public:
    /// Reads all. Errors: Error corrupted for a definition that cannot be read.
    explicit StoredCatalog(Store& store);

    TablePointer find(std::string_view name) override;
    std::vector<std::string> names() override;
    TablePointer put(Table table) override;
    void erase(std::string_view name) override;
    std::uint32_t next_number() override;

private:
    Store& store_;
    std::shared_mutex tables_mutex_;
    std::map<std::string, TablePointer, std::less<>> tables_;
    std::uint32_t last_number_ = 0;
};

}  // namespace dynamigrate::engine
