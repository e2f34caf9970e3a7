#pragma once

#include <dynamigrate/base/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamigrate::json {

/// A document as a person wrote it (JSON, JSON5, YAML), each value with its place in the file.
///
/// Numbers keep the digits as written; object members keep their order, a key occurs once.
/// An owning tree for configuration and migrations; wire data goes through `reader.hpp` instead.
class Value {
public:
    enum class Type { null, boolean, number, string, array, object };
    struct Member;
    using Array = std::vector<Value>;
    using Object = std::vector<Member>;

    /// Null.
    Value();
    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;
    ~Value();
    static Value boolean(bool value);
    /// `text`: the number's canonical JSON text (what JavaScript would print, digits kept).
    static Value number(std::string text);
    static Value string(std::string text);
    static Value array(Array elements = {});
    static Value object();
    static Value object(Object members);

    Type type() const noexcept { return type_; }
    bool is_null() const noexcept { return type_ == Type::null; }
    bool is_string() const noexcept { return type_ == Type::string; }
    bool is_number() const noexcept { return type_ == Type::number; }
    bool is_boolean() const noexcept { return type_ == Type::boolean; }
    bool is_array() const noexcept { return type_ == Type::array; }
    bool is_object() const noexcept { return type_ == Type::object; }

    /// Requires the matching type.
    bool as_boolean() const { return boolean_; }
    const std::string& text() const { return text_; }  ///< of a string or a number
    const Array& elements() const { return elements_; }
    Array& elements() { return elements_; }
    const Object& members() const { return members_; }
    Object& members() { return members_; }

    /// The member's value, or nullptr (also when this is no object).
    const Value* find(std::string_view key) const;
    Value* find(std::string_view key);
    /// Replaces or appends the member.
    void set(std::string key, Value value);

    /// Where it stands; 0 when made by the program.
    int line = 0;
    int column = 0;
    /// A YAML tag such as "!ss", else empty.
    std::string tag;

private:
    Type type_ = Type::null;
    bool boolean_ = false;
    std::string text_;
    Array elements_;
    Object members_;
};

struct Value::Member {
    std::string key;
    Value value;
    int line = 0;  ///< of the key
    int column = 0;
};

inline Value::Value() = default;
inline Value::Value(const Value&) = default;
inline Value::Value(Value&&) noexcept = default;
inline Value& Value::operator=(const Value&) = default;
inline Value& Value::operator=(Value&&) noexcept = default;
inline Value::~Value() = default;

/// Says "object", "string" ... for messages.
std::string_view to_string(Value::Type type) noexcept;

/// Writes compact JSON. Numbers NaN and Infinity, which JSON has not, are written as null.
std::string to_json(const Value& value);
/// Writes JSON indented by two spaces.
std::string to_pretty_json(const Value& value);

/// Merges `other` into `base`: objects member by member, anything else replaced.
void blend(Value& base, const Value& other);

/// Throws Error invalid_argument at file:line:column of the value.
[[noreturn]] void fail(const std::string& file, const Value& value, const std::string& message);

/// The candidate nearest to the word by edit distance, best one that begins with it; "" if none is.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dynamigrate::json
