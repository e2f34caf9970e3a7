#pragma once

#include "request.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

/// The elements of a list; none when it is absent.
std::vector<element> elements(object from, std::string_view name);

/// A structure of a request whose members are held against DynamoDB's constraints; what violates
/// one is noted, with its path, and an absent member that need not be there violates none.
class Shape {
public:
    Shape(Constraints& constraints, object from, std::string prefix = {})
        : constraints_(constraints),
          from_(from),
          prefix_(std::move(prefix)) {}

    std::optional<std::string_view> required_text(std::string_view name);
    /// Not shorter or longer than that, in bytes.
    void text_length(std::string_view name, std::size_t least, std::size_t most);
    /// A table's, index's or backup's name: its length and its letters.
    void resource_name(std::string_view name);
    void one_of(std::string_view name, std::initializer_list<std::string_view> choices);
    std::optional<std::int64_t> required_number(std::string_view name);
    void number_range(std::string_view name, std::int64_t least, std::int64_t most = INT64_MAX);
    void required_boolean(std::string_view name);

    std::optional<Shape> inside(std::string_view name) const;
    std::optional<Shape> required_inside(std::string_view name);
    std::optional<array> required_list(std::string_view name);
    void list_length(std::string_view name, std::size_t least, std::size_t most);
    /// Calls `check` with the shape of each structure in the list.
    template <class Check>
    void for_each(std::string_view name, Check&& check) {
        std::size_t number = 0;
        for (element member : elements(from_, name)) {
            std::string prefix = path(name) + "." + std::to_string(++number) + ".member.";
            Shape shape(constraints_, as_object(member), std::move(prefix));
            check(shape);
        }
    }

    object from() const noexcept { return from_; }

private:
    std::string path(std::string_view name) const;

    Constraints& constraints_;
    object from_;
    std::string prefix_;
};

/// Letters, digits, '_', '-', '.'.
bool is_resource_name(std::string_view text) noexcept;

}  // namespace dynamigrate::engine
