#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::layers {

/// A JSON object as its members were written, so that what is not looked at passes unchanged.
class RawObject {
public:
    struct Member {
        std::string name;
        std::string_view value;  ///< JSON
    };

    /// Errors: Error invalid_argument (SerializationException) for what is no object or names a
    /// member twice: readers differ in which one they take.
    explicit RawObject(std::string_view text);
    RawObject(const RawObject&) = delete;
    RawObject& operator=(const RawObject&) = delete;

    const std::vector<Member>& members() const noexcept { return members_; }
    /// The member's JSON; "" when it is absent or null.
    std::string_view find(std::string_view name) const noexcept;
    /// The text of a string member, "" when it is absent. Errors: as the constructor.
    std::string text(std::string_view name) const;
    /// Replaces or adds.
    void set(std::string_view name, std::string json);
    void remove(std::string_view name);
    std::string to_json() const;

private:
    std::string text_;
    std::vector<Member> members_;
    std::deque<std::string> added_;
};

/// The elements of an array as they were written. Errors: as RawObject.
std::vector<std::string> raw_elements(std::string_view text);

}  // namespace dynamigrate::layers
