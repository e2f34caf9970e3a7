#pragma once

#include <dynamigrate/migrate/generate.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What the text of a new migration says.
struct FormText {
    std::string version;
    std::string stem;  ///< `<version>_<slug>`
    std::string description;
    std::string table;  ///< "" : an example's, commented out
    bool is_typescript = false;
};

/// The files of a new migration in the language, the migration itself first.
/// Errors: invalid_argument for a language that there is no form for.
std::vector<GeneratedFile> write_form(const std::string& language, const FormText& text);

}  // namespace dynamigrate::migrate
