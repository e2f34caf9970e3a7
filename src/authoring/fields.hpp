#pragma once

#include <dynamigrate/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::authoring {

/// Reads an object's members by name and type, and refuses members that nobody asked for.
///
///     Fields fields(tree, file, "create_index");
///     index.name = fields.required_text("name");
///     ...
///     fields.finish();
///
/// Errors: invalid_argument at file:line:column, naming what is expected.
class Fields {
public:
    /// `what` names the object in messages. Errors: when the value is no object.
    Fields(const json::Value& object, const std::string& file, std::string what);

    /// The member's value or nullptr; the name counts as known.
    const json::Value* find(std::string_view name);
    const json::Value& required(std::string_view name);

    std::optional<std::string> text(std::string_view name);
    std::string text_or(std::string_view name, std::string_view otherwise);
    std::string required_text(std::string_view name);
    std::optional<bool> boolean(std::string_view name);
    std::optional<double> number(std::string_view name);
    std::optional<std::uint32_t> count(std::string_view name);
    /// A list of texts; a single text counts as a list of one.
    std::vector<std::string> texts(std::string_view name);

    /// Errors: an unknown member, naming the nearest known one.
    void finish() const;

    [[noreturn]] void fail(const json::Value& value, const std::string& message) const;
    const std::string& file() const noexcept { return file_; }
    const json::Value& object() const noexcept { return object_; }

private:
    const json::Value& object_;
    const std::string& file_;
    std::string what_;
    std::vector<std::string> known_;
};

/// A text, or a number as it is written.
std::string as_text(const json::Value& value, const std::string& file, const std::string& what);

}  // namespace dynamigrate::authoring
