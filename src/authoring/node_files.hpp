#pragma once

#include <string_view>
#include <vector>

namespace dynamigrate::authoring {

/// A file of js/, as it was when the program was built.
struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};

/// The Node host.
std::vector<EmbeddedFile> node_files();

}  // namespace dynamigrate::authoring
