#pragma once

#include "item_write.hpp"
#include "raw_object.hpp"
#include "write_request.hpp"

#include <string>
#include <string_view>

/// Reads what the requests have in common.
namespace dynamigrate::layers {

[[noreturn]] void refuse_write(const std::string& reason);

/// The item in that member. Errors: Error invalid_argument, also when it is absent.
dynamodb::Item required_item(const RawObject& from, std::string_view member, base::Arena& arena);

/// The put, update or deletion that the members describe, as PutItem and a transaction's Put do.
ItemWrite read_item_write(const RequestSource& source, const RawObject& from, ItemWrite::Kind kind,
                          base::Arena& arena);

/// The put of an item into the table.
ItemWrite put_of(const RequestSource& source, const std::string& table, const dynamodb::Item& item,
                 base::Arena& arena);

/// What an answer cannot be read as is Error corrupted.
template <class Function>
auto read_write_answer(std::string_view operation, Function&& function) {
    try {
        return function();
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::invalid_argument) {
            throw;
        }
        throw base::Error(base::ErrorKind::corrupted,
                          "the answer cannot be read: " + error.message())
            .at(std::string(operation));
    }
}

}  // namespace dynamigrate::layers
