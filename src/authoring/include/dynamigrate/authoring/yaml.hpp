#pragma once

#include <dynamigrate/json/value.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::authoring {

/// Parses one YAML document (1.2, core schema) into the tree that JSON5 gives too.
///
/// Plain scalars: `null`, `~` and nothing are null; `true` and `false` booleans; what JSON writes
/// as a number is a number with its digits kept; everything else is a string. What another YAML
/// would read differently (`yes`, `0x1f`, `1_000`, `.inf`, `012`, `2024-01-15`) is refused with the
/// advice to quote it. Tags are kept in `Value::tag`.
/// Errors: invalid_argument at file:line:column; also for a repeated key, a key that is no scalar,
///         and a second document.
json::Value parse_yaml(std::string_view text, const std::string& file);

/// Writes a tree as a YAML document that readers of YAML 1.1 and 1.2 take for the same: texts that
/// one of them could read otherwise are quoted. `parse_yaml` gives the same tree.
std::string to_yaml(const json::Value& value);

}  // namespace dynamigrate::authoring
