#pragma once

#include "table.hpp"

#include <dynamigrate/base/units.hpp>
#include <dynamigrate/json/writer.hpp>

#include <map>
#include <string>
#include <string_view>

namespace dynamigrate::engine {

/// ReturnConsumedCapacity.
enum class CapacityWish : std::uint8_t { none, total, indexes };

/// Units that a write of an item costs on an index: an entry that moves is deleted and put.
/// `before`, `after`: nullptr where there is none.
double index_write_units(const Table& table, const Index& index, const dynamodb::Item* before,
                         const dynamodb::Item* after);

/// Capacity that a request consumes, by table.
class Usage {
public:
    /// Whether anybody will see it; nothing is counted otherwise.
    CapacityWish wish = CapacityWish::none;

    void clear();
    void read(const Table& table, double units, const Index* index = nullptr,
              bool is_transactional = false);
    /// A write, by the larger of the two images (nullptr: none), and what it costs on the indexes.
    void write(const Table& table, const dynamodb::Item* before, const dynamodb::Item* after,
               base::ItemBytes before_size, base::ItemBytes after_size,
               bool is_transactional = false);
    /// Writes the member ConsumedCapacity, one object or a list, if it was wished.
    void write_member(json::Writer& out, bool as_list) const;

private:
    struct Units {
        double table = 0, read = 0, write = 0;
        std::map<std::string, double> global, local;
        bool is_transactional = false;
    };
    Units& of(const Table& table);
    std::map<std::string, Units> units_;
};

}  // namespace dynamigrate::engine
