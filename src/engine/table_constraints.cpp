#include "table_request.hpp"

namespace dynamigrate::engine {
namespace {

void check_projection(Shape& index) {
    if (std::optional<Shape> projection = index.required_inside("Projection")) {
        projection->one_of("ProjectionType", {"ALL", "INCLUDE", "KEYS_ONLY"});
        projection->list_length("NonKeyAttributes", 1, 20);
    }
}

}  // namespace

void check_attribute_definitions(Shape& request) {
    request.for_each("AttributeDefinitions", [](Shape& definition) {
        definition.required_text("AttributeName");
        definition.text_length("AttributeName", 1, 255);
        definition.required_text("AttributeType");
        definition.one_of("AttributeType", {"B", "N", "S"});
    });
}

void check_key_schema(Shape& request) {
    request.required_list("KeySchema");
    request.list_length("KeySchema", 1, 2);
    request.for_each("KeySchema", [](Shape& element) {
        element.required_text("AttributeName");
        element.text_length("AttributeName", 1, 255);
        element.required_text("KeyType");
        element.one_of("KeyType", {"HASH", "RANGE"});
    });
}

void check_throughput(Shape& request) {
    if (std::optional<Shape> throughput = request.inside("ProvisionedThroughput")) {
        for (std::string_view name : {"WriteCapacityUnits", "ReadCapacityUnits"}) {
            throughput->required_number(name);
            throughput->number_range(name, 1);
        }
    }
}

void check_index(Shape& index) {
    index.required_text("IndexName");
    index.resource_name("IndexName");
    check_key_schema(index);
    check_projection(index);
    check_throughput(index);
}

void check_settings(Shape& request) {
    request.one_of("BillingMode", {"PROVISIONED", "PAY_PER_REQUEST"});
    check_throughput(request);
    if (std::optional<Shape> stream = request.inside("StreamSpecification")) {
        stream->required_boolean("StreamEnabled");
        stream->one_of("StreamViewType",
                       {"NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"});
    }
    request.one_of("TableClass", {"STANDARD", "STANDARD_INFREQUENT_ACCESS"});
    if (std::optional<Shape> warm = request.inside("WarmThroughput")) {
        warm->number_range("ReadUnitsPerSecond", 1);
        warm->number_range("WriteUnitsPerSecond", 1);
    }
}

void check_tags(Shape& request) {
    request.for_each("Tags", [](Shape& tag) {
        tag.required_text("Key");
        tag.text_length("Key", 1, 128);
        tag.required_text("Value");
        tag.text_length("Value", 0, 256);
    });
}

}  // namespace dynamigrate::engine
