#include <dynamigrate/dynamodb/wire.hpp>

#include <dynamigrate/dynamodb/wire_reader.hpp>

namespace dynamigrate::dynamodb {

namespace {

/// What a person or a caller wrote is refused, not corrupted.
template <class Function>
auto refuse_flaws(Function&& function) {
    try {
        return function();
    } catch (const simdjson::simdjson_error& error) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          std::string("not DynamoDB JSON: ") + error.what())
            .service_code("SerializationException");
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::corrupted) {
            throw;
        }
        throw base::Error(base::ErrorKind::invalid_argument, error.message())
            .service_code("SerializationException");
    }
}

void expect_end(json::wire::document& document) {
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
        throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
    }
}

}  // namespace

struct WireParser::State {
    json::Reader reader;
    std::string text;
};

WireParser::WireParser() : state_(std::make_unique<State>()) {}
WireParser::~WireParser() = default;
WireParser::WireParser(WireParser&&) noexcept = default;
WireParser& WireParser::operator=(WireParser&&) noexcept = default;

AttributeValue WireParser::value(std::string_view text, base::Arena& arena) {
    return refuse_flaws([&] {
        state_->text.assign(text);
        json::wire::document document = state_->reader.read(state_->text);
        json::wire::value root = document.get_value();
        auto value = ValueReader(arena, ValueReader::Source::untrusted).read_value(root);
        expect_end(document);
        return value;
    });
}

Item WireParser::item(std::string_view text, base::Arena& arena) {
    return refuse_flaws([&] {
        state_->text.assign(text);
        json::wire::document document = state_->reader.read(state_->text);
        json::wire::object root = document.get_object();
        Item item = ValueReader(arena, ValueReader::Source::untrusted).read_item(root);
        expect_end(document);
        return item;
    });
}

AttributeValue parse_value(std::string_view text, base::Arena& arena) {
    return WireParser().value(text, arena);
}

Item parse_item(std::string_view text, base::Arena& arena) {
    return WireParser().item(text, arena);
}

}  // namespace dynamigrate::dynamodb
