#include <dynamigrate/dynamodb/batch_reply.hpp>

#include <dynamigrate/dynamodb/wire_reader.hpp>

namespace dynamigrate::dynamodb {

namespace {

void read_error(json::wire::value& error, ValueReader& reader, StatementResult& result) {
    for (auto found : error.get_object()) {
        json::wire::field member = std::move(found).take_value();
        json::wire::raw_json_string name = member.key();
        if (name == "Code") {
            result.code = std::string_view(member.value().get_string());
        } else if (name == "Message" || name == "message") {
            result.message = std::string_view(member.value().get_string());
        } else if (name == "Item") {
            json::wire::object item = member.value().get_object();
            result.item = reader.read_item(item);
        }
    }
    result.status = status_of(result.code);
}

void read_result(json::wire::value& response, ValueReader& reader, StatementResult& result) {
    for (auto found : response.get_object()) {
        json::wire::field member = std::move(found).take_value();
        json::wire::raw_json_string name = member.key();
        if (name == "Error") {
            if (!member.value().is_null()) {
                read_error(member.value(), reader, result);
            }
        } else if (name == "Item") {
            json::wire::object item = member.value().get_object();
            result.item = reader.read_item(item);
        }
    }
}

}  // namespace

StatementResult::Status status_of(std::string_view code) noexcept {
    using Status = StatementResult::Status;
    if (code == "ConditionalCheckFailed") {
        return Status::condition_failed;
    }
    if (code == "DuplicateItem") {
        return Status::duplicate_item;
    }
    if (code == "RequestLimitExceeded" || code == "ProvisionedThroughputExceeded" ||
        code == "ThrottlingError") {
        return Status::throttled;
    }
    if (code == "TransactionConflict") {
        return Status::transaction_conflict;
    }
    if (code == "InternalServerError") {
        return Status::internal_error;
    }
    return Status::other;
}

struct StatementReplyReader::State {
    json::Reader reader;
};

StatementReplyReader::StatementReplyReader() : state_(std::make_unique<State>()) {}
StatementReplyReader::~StatementReplyReader() = default;
StatementReplyReader::StatementReplyReader(StatementReplyReader&&) noexcept = default;
StatementReplyReader& StatementReplyReader::operator=(StatementReplyReader&&) noexcept = default;

void StatementReplyReader::read(Reply& reply, base::Arena& arena,
                                std::vector<StatementResult>& results) {
    results.clear();
    corrupted_unless_read("the service's answer to a batch of statements", [&] {
        json::wire::document document = state_->reader.read(reply.body);
        ValueReader reader(arena);
        for (auto found : document.get_object()) {
            json::wire::field member = std::move(found).take_value();
            if (member.key() != "Responses") {
                continue;
            }
            for (auto element : member.value().get_array()) {
                json::wire::value response = element.value();
                read_result(response, reader, results.emplace_back());
            }
        }
    });
}

}  // namespace dynamigrate::dynamodb
