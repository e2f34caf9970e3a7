#pragma once

#include <dynamigrate/json/value.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::json {

/// Parses JSON5 (spec.json5.org; the npm package json5 is the reference) or, as its subset, JSON.
///
/// `file` names the source in errors: Error invalid_argument at file:line:column with what was
/// found and what was expected. A repeated key keeps the last value, as the reference does.
/// Nesting is limited to 512 levels.
Value parse_json5(std::string_view text, const std::string& file);

/// Parses strict JSON (RFC 8259) into the same tree, with the same errors.
Value parse_json(std::string_view text, const std::string& file);

/// Throws Error invalid_argument at file:line:column when the text is not UTF-8, as the parsers do.
void require_utf8(std::string_view text, const std::string& file);

}  // namespace dynamigrate::json
