#include "stored_catalog.hpp"

#include <dynamigrate/base/error.hpp>

#include <charconv>

namespace dynamigrate::engine {
namespace {

constexpr std::string_view kNumberKey = "tn";
constexpr std::string_view kDefinitions = "td";
constexpr std::string_view kAfterDefinitions = "te";

std::string key_of(std::string_view name) { return std::string(kDefinitions).append(name); }

std::uint32_t read_number(const Store& store) {
    std::string digits;
    std::uint32_t number = 0;
    if (store.get(kNumberKey, digits)) {
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc{} || end != digits.data() + digits.size()) {
            throw base::Error(base::ErrorKind::corrupted, "the last table's number is no number")
                .at("store " + store.directory().string());
        }
    }
    return number;
}

}  // namespace

StoredCatalog::StoredCatalog(Store& store) : store_(store), last_number_(read_number(store)) {
    Store::Cursor cursor(store, std::string(kDefinitions), std::string(kAfterDefinitions));
    for (cursor.seek_first(); cursor.valid(); cursor.next()) {
        Table table = table_from_text(cursor.value());
        std::string name = table.name;
        tables_.emplace(std::move(name), std::make_shared<const Table>(std::move(table)));
    }
}

TablePointer StoredCatalog::find(std::string_view name) {
    std::shared_lock lock(tables_mutex_);
    auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : found->second;
}

std::vector<std::string> StoredCatalog::names() {
    std::shared_lock lock(tables_mutex_);
    std::vector<std::string> names;
    names.reserve(tables_.size());
    for (const auto& [name, table] : tables_) {
        names.push_back(name);
    }
    return names;
}

TablePointer StoredCatalog::put(Table table) {
    auto made = std::make_shared<const Table>(std::move(table));
    std::string definition = to_text(*made);
    std::unique_lock lock(tables_mutex_);
    store_.put(key_of(made->name), definition);
    tables_.insert_or_assign(made->name, made);
    return made;
}

void StoredCatalog::erase(std::string_view name) {
    std::unique_lock lock(tables_mutex_);
    Store::Batch batch;
    batch.remove(key_of(name));
    store_.write(batch);
    auto found = tables_.find(name);
    if (found != tables_.end()) {
        tables_.erase(found);
    }
}

std::uint32_t StoredCatalog::next_number() {
    std::unique_lock lock(tables_mutex_);
    store_.put(kNumberKey, std::to_string(last_number_ + 1));
    return ++last_number_;
}

}  // namespace dynamigrate::engine
