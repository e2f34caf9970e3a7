#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// What can be told about a PartiQL statement without parsing it wholly.
namespace dynamigrate::migrate {

/// The statement's first word in capitals: SELECT, INSERT, UPDATE, DELETE, or whatever it is.
std::string statement_verb(std::string_view statement);

/// How many `?` stand outside of quotes.
std::size_t count_parameters(std::string_view statement);

/// The statement with the tables behind FROM, INTO and UPDATE renamed, in double quotes.
std::string with_tables(std::string_view statement,
                        const std::function<std::string(const std::string&)>& rename);

}  // namespace dynamigrate::migrate
