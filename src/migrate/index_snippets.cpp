#include "index_snippets.hpp"

#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <functional>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeType;
using dynamodb::ProjectionType;
using dynamodb::Throughput;

/// As JSON writes it: YAML and TypeScript read it so, too.
std::string quoted(const std::string& text) {
    std::string out;
    json::Writer::append_quoted(out, text);
    return out;
}

/// HCL has templates in its strings.
std::string hcl_quoted(const std::string& text) {
    std::string out;
    for (char c : quoted(text)) {
        bool begins_template = c == '{' && !out.empty() && (out.back() == '$' || out.back() == '%');
        if (begins_template) {
            out.push_back(out.back());
        }
        out.push_back(c);
    }
    return out;
}

std::string list(const std::vector<std::string>& names,
                 const std::function<std::string(const std::string&)>& quote) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + quote(name);
    }
    return "[" + text + "]";
}

std::string_view projection_name(ProjectionType type) {
    return type == ProjectionType::keys_only ? "KEYS_ONLY"
           : type == ProjectionType::include ? "INCLUDE"
                                             : "ALL";
}

std::vector<KeyAttribute> key_of(const IndexDefinition& index) {
    std::vector<KeyAttribute> key{index.hash};
    if (index.sort) {
        key.push_back(*index.sort);
    }
    return key;
}

std::string cdk_type(AttributeType type) {
    return type == AttributeType::number   ? "NUMBER"
           : type == AttributeType::binary ? "BINARY"
                                           : "STRING";
}

}  // namespace

std::string cloudformation_snippet(const IndexDefinition& index,
                                   const std::optional<Throughput>& throughput) {
    std::string text = "AttributeDefinitions:   # those that are not there yet\n";
    for (const KeyAttribute& attribute : key_of(index)) {
        text += fmt::format("  - {{ AttributeName: {}, AttributeType: {} }}\n",
                            quoted(attribute.name), dynamodb::to_string(attribute.type));
    }
    text += fmt::format("GlobalSecondaryIndexes:\n  - IndexName: {}\n    KeySchema:\n",
                        quoted(index.name));
    text +=
        fmt::format("      - {{ AttributeName: {}, KeyType: HASH }}\n", quoted(index.hash.name));
    if (index.sort) {
        text += fmt::format("      - {{ AttributeName: {}, KeyType: RANGE }}\n",
                            quoted(index.sort->name));
    }
    text += fmt::format("    Projection:\n      ProjectionType: {}\n",
                        projection_name(index.projection));
    if (index.projection == ProjectionType::include) {
        text += fmt::format("      NonKeyAttributes: {}\n", list(index.attributes, quoted));
    }
    if (throughput) {
        text += fmt::format(
            "    ProvisionedThroughput: {{ ReadCapacityUnits: {:.0f}, "
            "WriteCapacityUnits: {:.0f} }}\n",
            throughput->read, throughput->write);
    }
    return text;
}

std::string cdk_snippet(const IndexDefinition& index, const std::optional<Throughput>& throughput) {
    auto key = [](std::string_view role, const KeyAttribute& attribute) {
        return fmt::format("  {}: {{ name: {}, type: dynamodb.AttributeType.{} }},\n", role,
                           quoted(attribute.name), cdk_type(attribute.type));
    };
    std::string text =
        fmt::format("table.addGlobalSecondaryIndex({{\n  indexName: {},\n", quoted(index.name));
    text += key("partitionKey", index.hash);
    if (index.sort) {
        text += key("sortKey", *index.sort);
    }
    text += fmt::format("  projectionType: dynamodb.ProjectionType.{},\n",
                        projection_name(index.projection));
    if (index.projection == ProjectionType::include) {
        text += fmt::format("  nonKeyAttributes: {},\n", list(index.attributes, quoted));
    }
    if (throughput) {
        text += fmt::format("  readCapacity: {:.0f},\n  writeCapacity: {:.0f},\n", throughput->read,
                            throughput->write);
    }
    return text + "});\n";
}

std::string terraform_snippet(const IndexDefinition& index,
                              const std::optional<Throughput>& throughput) {
    std::string text;
    for (const KeyAttribute& attribute : key_of(index)) {
        text += fmt::format(
            "attribute {{   # if it is not there yet\n  name = {}\n  type = \"{}\"\n"
            "}}\n",
            hcl_quoted(attribute.name), dynamodb::to_string(attribute.type));
    }
    text += fmt::format(
        "global_secondary_index {{\n  name            = {}\n"
        "  hash_key        = {}\n",
        hcl_quoted(index.name), hcl_quoted(index.hash.name));
    if (index.sort) {
        text += fmt::format("  range_key       = {}\n", hcl_quoted(index.sort->name));
    }
    text += fmt::format("  projection_type = \"{}\"\n", projection_name(index.projection));
    if (index.projection == ProjectionType::include) {
        text += fmt::format("  non_key_attributes = {}\n", list(index.attributes, hcl_quoted));
    }
    if (throughput) {
        text += fmt::format("  read_capacity   = {:.0f}\n  write_capacity  = {:.0f}\n",
                            throughput->read, throughput->write);
    }
    return text + "}\n";
}

std::string index_snippets(const IndexDefinition& index,
                           const std::optional<Throughput>& throughput) {
    return fmt::format(
        "CloudFormation, in the table's Properties:\n{}\nCDK (TypeScript):\n{}\n"
        "Terraform, in aws_dynamodb_table:\n{}",
        cloudformation_snippet(index, throughput), cdk_snippet(index, throughput),
        terraform_snippet(index, throughput));
}

}  // namespace dynamigrate::migrate
