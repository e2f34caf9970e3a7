#include "generate_form.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

namespace dynamigrate::migrate {

namespace {

using Files = std::vector<GeneratedFile>;

std::string in_quotes(std::string_view text) {
    std::string out;
    json::Writer::append_quoted(out, text);
    return out;
}

/// "table: X" in YAML, or an example.
std::string yaml_table(const FormText& text) {
    return text.table.empty() ? "# table: app" : "table: " + in_quotes(text.table);
}

/// `key: "value",` of an object in JavaScript or JSON5, or an example.
std::string script_table(const FormText& text) {
    return text.table.empty() ? "// table: 'app',"
                              : fmt::format("table: {},", in_quotes(text.table));
}

std::string yaml_head(const FormText& text) {
    return fmt::format("version: {}\ndescription: {}\n{}\n", text.version,
                       in_quotes(text.description), yaml_table(text));
}

Files yaml(const FormText& text) {
    return {{text.stem + ".yaml", yaml_head(text) +
                                      "up: []\n"
                                      "#  - transform:\n"
                                      "#      where: attribute_exists(email)\n"
                                      "#      set: { emailLower: \"${email | lower}\" }\n"
                                      "down: auto\n"}};
}

Files json5(const FormText& text) {
    return {{text.stem + ".json5",
             fmt::format("{{\n"
                         "    version: '{}',\n"
                         "    description: {},\n"
                         "    {}\n"
                         "    up: [\n"
                         "        // {{ transform: {{\n"
                         "        //     where: 'attribute_exists(email)',\n"
                         "        //     set: {{ emailLower: "
                         "'${{email | lower}}' }},\n"
                         "        // }} }},\n"
                         "    ],\n"
                         "    down: 'auto',\n"
                         "}}\n",
                         text.version, in_quotes(text.description), script_table(text))}};
}

Files cpp(const FormText& text) {
    const std::string on =
        text.table.empty() ? "" : fmt::format("\n        .on({})", in_quotes(text.table));
    return {{text.stem + ".cpp",
             fmt::format("// A migration as a plug-in. Two lines of a CMakeLists.txt beside the "
                         "directory of migrations build it:\n"
                         "//   find_package(dynamigrate REQUIRED)\n"
                         "//   dynamigrate_add_plugin({0} migrations/{0}.cpp)\n"
                         "#include <dynamigrate/plugin.hpp>\n"
                         "\n"
                         "using namespace dynamigrate::migrate;\n"
                         "\n"
                         "DYNAMIGRATE_PLUGIN([] {{\n"
                         "    return Migration{{\"{1}\", {2}}}{3}\n"
                         "        .transform([](ItemEditor& item) {{\n"
                         "            if (item.has(\"name\")) {{\n"
                         "                item.set(\"name\", item.string(\"name\"));\n"
                         "            }}\n"
                         "        }})\n"
                         "        .down_auto();\n"
                         "}});\n",
                         text.stem, text.version, in_quotes(text.description), on)}};
}

struct Form {
    std::string_view language;
    Files (*write)(const FormText&);
};

constexpr std::array kForms{Form{"yaml", yaml}, Form{"json5", json5}, Form{"cpp", cpp}};

}  // namespace

std::vector<GeneratedFile> write_form(const std::string& language, const FormText& text) {
    std::vector<std::string_view> known;
    for (const Form& form : kForms) {
        if (form.language == language) {
            return form.write(text);
        }
        known.push_back(form.language);
    }
    throw base::Error(base::ErrorKind::invalid_argument,
                      fmt::format("no migrations are generated in \"{}\"; known are {}", language,
                                  fmt::join(known, ", ")));
}

}  // namespace dynamigrate::migrate
