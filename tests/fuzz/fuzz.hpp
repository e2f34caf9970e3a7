#pragma once

#include <dynamigrate/base/error.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

/// What the targets share: refusing an input is an Error; anything else that goes wrong is a finding.
namespace dynamigrate::fuzz {

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

/// Ends the process, as a sanitizer does, when what must hold does not.
inline void expect(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "expected: %s\n", what);
        std::abort();
    }
}

/// Whether the call went through; an Error that is no fault of the program's is no finding.
template <class Call>
bool accepts(Call&& call) {
    try {
        std::forward<Call>(call)();
        return true;
    } catch (const base::Error& error) {
        expect(error.kind() != base::ErrorKind::internal, "no internal error");
        return false;
    }
}

/// Takes the bytes up to the next separator, or all that is left.
inline std::string_view take(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return taken;
}

}  // namespace dynamigrate::fuzz
