#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace dynamigrate::expressions {

/// The words that PartiQL keeps for itself: as names they must stand in double quotes.
inline constexpr auto kPartiqlWords = std::to_array<std::string_view>({
    "absolute", "action", "add", "all", "allocate", "alter", "and", "any", "are", "as", "asc",
    "assertion", "at", "authorization", "avg", "bag", "begin", "between", "bit", "bit_length",
    "blob", "bool", "boolean", "by", "cascade", "cascaded", "case", "cast", "catalog", "char",
    "char_length", "character", "character_length", "check", "clob", "close", "coalesce",
    "collate", "collation", "column", "commit", "conflict", "connect", "connection", "constraint",
    "constraints", "continue", "convert", "corresponding", "count", "create", "cross", "current",
    "current_date", "current_time", "current_timestamp", "current_user", "cursor", "date",
    "date_add", "date_diff", "deallocate", "dec", "decimal", "declare", "default", "deferrable",
    "deferred", "delete", "desc", "describe", "descriptor", "diagnostics", "disconnect",
    "distinct", "do", "domain", "double", "drop", "else", "end", "escape", "except", "exception",
    "exec", "execute", "exists", "external", "extract", "false", "fetch", "first", "float", "for",
    "foreign", "found", "from", "full", "get", "global", "go", "goto", "grant", "group", "having",
    "identity", "immediate", "in", "index", "indicator", "initially", "inner", "input",
    "insensitive", "insert", "int", "integer", "intersect", "interval", "into", "is", "isolation",
    "join", "key", "language", "last", "left", "let", "level", "like", "limit", "list", "local",
    "lower", "match", "max", "min", "missing", "modified", "module", "names", "national",
    "natural", "nchar", "new", "next", "no", "not", "nothing", "null", "nullif", "numeric",
    "octet_length", "of", "old", "on", "only", "open", "option", "or", "order", "outer", "output",
    "overlaps", "pad", "partial", "pivot", "position", "precision", "prepare", "preserve",
    "primary", "prior", "privileges", "procedure", "public", "read", "real", "references",
    "relative", "remove", "restrict", "returning", "revoke", "right", "rollback", "rows",
    "schema", "scroll", "section", "select", "session", "session_user", "set", "sexp", "size",
    "smallint", "some", "space", "sql", "sqlcode", "sqlerror", "sqlstate", "string", "struct",
    "substring", "sum", "symbol", "system_user", "table", "temporary", "then", "time",
    "timestamp", "to", "transaction", "translate", "translation", "trim", "true", "tuple",
    "union", "unique", "unknown", "unpivot", "update", "upper", "usage", "user", "using", "value",
    "values", "varchar", "varying", "view", "when", "whenever", "where", "with", "work", "write",
    "zone",
});

static_assert(std::is_sorted(kPartiqlWords.begin(), kPartiqlWords.end()));
static_assert(kPartiqlWords.size() < 255);

/// A reserved word, by its place in the list.
enum class PartiqlWord : std::uint8_t { none = 255 };

consteval PartiqlWord partiql_word(std::string_view lower_case) {
    auto found = std::find(kPartiqlWords.begin(), kPartiqlWords.end(), lower_case);
    if (found == kPartiqlWords.end()) {
        throw "no reserved word";
    }
    return static_cast<PartiqlWord>(found - kPartiqlWords.begin());
}

constexpr std::string_view text_of(PartiqlWord word) {
    return word == PartiqlWord::none ? std::string_view()
                                     : kPartiqlWords[static_cast<std::size_t>(word)];
}

/// The reserved word that the text is in any case of letters, or none.
PartiqlWord find_partiql_word(std::string_view text) noexcept;

}  // namespace dynamigrate::expressions
