#pragma once

#include <dynamigrate/dynamodb/service.hpp>

#include <string>
#include <string_view>
#include <vector>

/// What the layers need to know of a call, found without parsing its body.
namespace dynamigrate::layers {

/// The request's own member of that name, when it is a text without escapes; else "".
std::string_view text_member(std::string_view body, std::string_view name) noexcept;

/// Which capacity a call consumes.
enum class CapacitySide { none, read, write };
CapacitySide capacity_side(const dynamodb::Call& call) noexcept;

/// The capacity units that the call will likely consume: its caller's word, else a guess from its
/// operation and length.
double likely_units(const dynamodb::Call& call) noexcept;

/// The tables that the call touches.
std::vector<std::string> touched_tables(const dynamodb::Call& call);

/// Whether it is a read, PartiQL included.
bool changes_nothing(const dynamodb::Call& call) noexcept;

/// Whether a repetition does no harm although the call may have been applied.
bool is_repeatable(const dynamodb::Call& call) noexcept;

/// Calls `function` with each ConsumedCapacity of the answer. What cannot be read counts as absent:
/// it must not turn a success into a failure.
template <class Function>
void for_each_capacity(dynamodb::Reply& reply, const Function& function) {
    const std::vector<dynamodb::ConsumedCapacity>* found = nullptr;
    try {
        found = &reply.consumed_capacity();
    } catch (const base::Error&) {
        return;
    }
    for (const dynamodb::ConsumedCapacity& capacity : *found) {
        function(capacity);
    }
}

}  // namespace dynamigrate::layers
