#pragma once

#include <dynamigrate/dynamodb/table.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace dynamigrate::migrate {

/// Descriptions are eventually consistent: so many of an index may still be old.
inline constexpr int kOldDescriptions = 10;

/// How far the building of an index is, as far as descriptions tell: DynamoDB gives no share, only
/// item counts, which AWS brings up to date about every six hours and emulators at once.
class IndexProgress {
public:
    /// "index by_email of table app: backfilling, about 42 % of the table's items, about 3 min
    /// left". `elapsed`: since the waiting began.
    std::string line(const dynamodb::TableDescription& table,
                     const dynamodb::IndexDescription& index, std::chrono::seconds elapsed);

private:
    struct Look {
        std::int64_t items = 0;
        std::chrono::seconds at{};
    };
    std::optional<Look> first_;
};

/// The share of the table's items that the index holds, 0 to 99; nothing when unknown.
std::optional<int> percent_built(const dynamodb::TableDescription& table,
                                 const dynamodb::IndexDescription& index);

}  // namespace dynamigrate::migrate
