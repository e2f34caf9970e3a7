#include <dynamigrate/dynamodb/page.hpp>

#include <dynamigrate/dynamodb/wire_reader.hpp>

namespace dynamigrate::dynamodb {

namespace {

void read_items(json::wire::value& array, ValueReader& reader, std::vector<Item>& items) {
    for (auto element : array.get_array()) {
        json::wire::object item = element.get_object();
        items.push_back(reader.read_item(item));
    }
}

void read_member(json::wire::field& member, ValueReader& reader, Page& page) {
    json::wire::raw_json_string name = member.key();
    if (name == "Items") {
        read_items(member.value(), reader, page.items);
    } else if (name == "Count") {
        page.count = member.value().get_int64();
    } else if (name == "ScannedCount") {
        page.scanned_count = member.value().get_int64();
    } else if (name == "LastEvaluatedKey") {
        if (!member.value().is_null()) {
            json::wire::object key = member.value().get_object();
            page.last_evaluated_key = reader.read_item(key);
        }
    }
}

}  // namespace

struct PageReader::State {
    json::Reader reader;
};

PageReader::PageReader() : state_(std::make_unique<State>()) {}
PageReader::~PageReader() = default;
PageReader::PageReader(PageReader&&) noexcept = default;
PageReader& PageReader::operator=(PageReader&&) noexcept = default;

void PageReader::read(Reply& reply, base::Arena& arena, Page& page) {
    page.items.clear();
    page.count = 0;
    page.scanned_count = 0;
    page.last_evaluated_key = Item();
    corrupted_unless_read("the service's page of items", [&] {
        json::wire::document document = state_->reader.read(reply.body);
        ValueReader reader(arena);
        for (auto result : document.get_object()) {
            json::wire::field member = std::move(result).take_value();
            read_member(member, reader, page);
        }
    });
}

}  // namespace dynamigrate::dynamodb
