#pragma once

#include <dynamigrate/migrate/migration.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace dynamigrate::authoring {

/// Why the bytes are no whole shared object for this machine; "" when they are.
std::string what_is_wrong_with_elf(std::string_view bytes);

/// What the file says of its ABI, after the mark; "" when it says nothing.
std::string_view abi_in(std::string_view bytes);

/// Loads the migration that a plug-in holds; it stays loaded.
///
/// None of the file's code runs before it is known to be whole and to be built for this program.
/// `id`: from the file's name, with which the migration must agree.
/// Errors: failed_precondition at the file for whatever is wrong with it, with what to do.
migrate::Migration load_plugin(const std::filesystem::path& file, const std::string& id);

}  // namespace dynamigrate::authoring
