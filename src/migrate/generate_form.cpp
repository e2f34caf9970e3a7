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

std::string script(const FormText& text, std::string_view signature) {
    return fmt::format(
        "// Called for each item; what it reads is guarded, what it changes is written.\n"
        "export default {{\n"
        "    version: '{}',\n"
        "    description: {},\n"
        "    {}\n"
        "    // where: {{ expression: 'attribute_exists(email)' }},\n"
        "    {} {{\n"
        "        // item.emailLower = item.email.toLowerCase()\n"
        "        return item\n"
        "    }},\n"
        "}}\n",
        text.version, in_quotes(text.description), script_table(text), signature);
}

Files js(const FormText& text) { return {{text.stem + ".js", script(text, "transform(item)")}}; }

Files mjs(const FormText& text) { return {{text.stem + ".mjs", script(text, "transform(item)")}}; }

Files ts(const FormText& text) {
    return {{text.stem + ".ts",
             "type Item = Record<string, any>\n\n" + script(text, "transform(item: Item): Item")}};
}

/// Named as OneTable's own command line names them, which looks for the version alone.
Files onetable(const FormText& text) {
    const std::string description =
        text.description.empty() ? "Purpose of this migration" : text.description;
    return {{text.version + ".js",
             fmt::format("export default {{\n"
                         "    version: '{}',\n"
                         "    description: {},\n"
                         "    // schema: the table's OneTable schema from this version on,\n"
                         "    async up(db, migrate, params) {{\n"
                         "        // await db.create('User', {{ email: 'ann@example.com' }})\n"
                         "    }},\n"
                         "    async down(db, migrate, params) {{\n"
                         "        // await db.remove('User', {{ email: 'ann@example.com' }})\n"
                         "    }},\n"
                         "}}\n",
                         text.version, in_quotes(description))}};
}

/// As the page of `@dynobase/dynamodb-migrations` has it.
Files functionless(const FormText& text) {
    const std::string_view types = text.is_typescript
                                       ? "import type { MigrationFunction, ScanOutput } from "
                                         "'@dynobase/dynamodb-migrations'\n"
                                       : "";
    return {
        {text.stem + (text.is_typescript ? ".ts" : ".js"),
         fmt::format("// Called with pages of items. What it does to items of its page is "
                     "guarded by what these were.\n"
                     "import {{ Migration, $AWS }} from '@dynobase/dynamodb-migrations'\n"
                     "{}\n"
                     "export const up{} = (scope, migrationName) =>\n"
                     "    new Migration(scope, migrationName, {{\n"
                     "        tableArn: "
                     "'arn:aws:dynamodb:us-east-1:123456789012:table/{}', // its name counts\n"
                     "        description: {},\n"
                     "    }}).run(async (table, result{}) => {{\n"
                     "        for (const item of result.Items{}) {{\n"
                     "            // await $AWS.DynamoDB.PutItem({{ Table: table, Item: "
                     "{{ ...item, migrated: {{ S: 'migrated' }} }} }})\n"
                     "        }}\n"
                     "    }})\n",
                     types, text.is_typescript ? ": MigrationFunction" : "",
                     text.table.empty() ? "SubjectTable" : text.table, in_quotes(text.description),
                     text.is_typescript ? ": ScanOutput<any, any, any>" : "",
                     text.is_typescript ? " as any[]" : "")}};
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

/// The migration that runs a script beside it.
GeneratedFile runner(const FormText& text, std::string_view program, std::string_view extension) {
    return {text.stem + ".yaml",
            fmt::format("{}up:\n  - run: [{}, {}]\ndown: auto\n", yaml_head(text), program,
                        in_quotes(fmt::format("{}.{}", text.stem, extension)))};
}

Files python(const FormText& text) {
    return {runner(text, "python3", "py"),
            {text.stem + ".py",
             "# What it writes is journalled, paced, and overlaid in a dry run: no code for that.\n"
             "import os\n"
             "\n"
             "import boto3\n"
             "\n"
             "dynamodb = boto3.resource(\"dynamodb\", "
             "endpoint_url=os.environ[\"AWS_ENDPOINT_URL_DYNAMODB\"])\n"
             "table = dynamodb.Table(os.environ[\"DYNAMIGRATE_TABLE\"])\n"
             "count = 0\n"
             "for page in table.meta.client.get_paginator(\"scan\").paginate("
             "TableName=table.name):\n"
             "    for item in page[\"Items\"]:\n"
             "        count += 1\n"
             "print(f\"read {count} items\")\n"}};
}

Files shell(const FormText& text) {
    return {runner(text, "sh", "sh"),
            {text.stem + ".sh",
             "# What it writes is journalled, paced, and overlaid in a dry run: no code for that.\n"
             "set -eu\n"
             "dynamodb() {\n"
             "    aws dynamodb --endpoint-url \"$AWS_ENDPOINT_URL_DYNAMODB\" \"$@\"\n"
             "}\n"
             "dynamodb scan --table-name \"$DYNAMIGRATE_TABLE\" --select COUNT --query Count\n"}};
}

struct Form {
    std::string_view language;
    Files (*write)(const FormText&);
};

constexpr std::array kForms{Form{"yaml", yaml},
                            Form{"json5", json5},
                            Form{"js", js},
                            Form{"mjs", mjs},
                            Form{"ts", ts},
                            Form{"onetable", onetable},
                            Form{"functionless", functionless},
                            Form{"cpp", cpp},
                            Form{"python", python},
                            Form{"shell", shell}};

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
