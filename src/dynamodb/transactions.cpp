#include <dynamigrate/dynamodb/operations.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

#include "answer_document.hpp"
#include "request_members.hpp"

#include <algorithm>

namespace dynamigrate::dynamodb {

namespace {

std::string_view action_name(TransactAction::Kind kind) noexcept {
    switch (kind) {
        case TransactAction::Kind::put:
            return "Put";
        case TransactAction::Kind::update:
            return "Update";
        case TransactAction::Kind::remove:
            return "Delete";
        case TransactAction::Kind::check:
            return "ConditionCheck";
    }
    return {};
}

void write_action(json::Writer& out, const TransactAction& action) {
    out.begin_object().key(action_name(action.kind)).begin_object();
    out.key("TableName").string(action.table);
    out.key(action.kind == TransactAction::Kind::put ? "Item" : "Key");
    write_item(out, action.item);
    write_expression(out, "UpdateExpression", action.update_expression);
    write_expression(out, "ConditionExpression", action.condition.text);
    write_substitutions(out, action.condition);
    out.end_object().end_object();
}

std::vector<std::string> codes_from_reasons(const json::Value& document) {
    std::vector<std::string> codes;
    if (const json::Value* reasons = document.find("CancellationReasons")) {
        for (const json::Value& reason : reasons->elements()) {
            const json::Value* code = reason.find("Code");
            codes.push_back(code != nullptr && code->is_string() ? code->text() : "None");
        }
    }
    return codes;
}

/// "Transaction cancelled, please refer cancellation reasons for specific reasons [None, X]".
std::vector<std::string> codes_from_message(const json::Value& document) {
    std::vector<std::string> codes;
    for (std::string_view name : {"message", "Message"}) {
        const json::Value* message = document.find(name);
        if (message == nullptr) {
            continue;
        }
        std::string_view text = message->text();
        std::size_t begin = text.rfind('[');
        std::size_t end = text.rfind(']');
        if (begin == text.npos || end == text.npos || end < begin) {
            continue;
        }
        std::string_view list = text.substr(begin + 1, end - begin - 1);
        while (!list.empty()) {
            std::size_t comma = list.find(',');
            std::string_view code = list.substr(0, comma);
            code.remove_prefix(std::min(code.find_first_not_of(' '), code.size()));
            codes.emplace_back(code);
            list = comma == list.npos ? "" : list.substr(comma + 1);
        }
        return codes;
    }
    return codes;
}

std::vector<std::string> cancellation_codes(const Reply& reply, std::size_t action_count) {
    json::Value document = parse_answer(reply.body, "the answer of TransactWriteItems");
    std::vector<std::string> codes = codes_from_reasons(document);
    if (codes.empty()) {
        codes = codes_from_message(document);
    }
    if (codes.size() != action_count) {
        throw base::Error(base::ErrorKind::corrupted,
                          "a transaction of " + std::to_string(action_count) +
                              " actions was cancelled with " + std::to_string(codes.size()) +
                              " reasons");
    }
    return codes;
}

}  // namespace

std::vector<std::string> transact_write(Service& service,
                                        const std::vector<TransactAction>& actions,
                                        std::string_view client_token, std::stop_token stop) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TransactItems").begin_array();
    for (const TransactAction& action : actions) {
        write_action(out, action);
    }
    out.end_array();
    write_expression(out, "ClientRequestToken", client_token);
    out.end_object();
    Reply reply;
    service.call({"TransactWriteItems", body, std::move(stop)}, reply);
    if (reply.outcome != Outcome::transaction_cancelled) {
        return {};
    }
    return cancellation_codes(reply, actions.size());
}

}  // namespace dynamigrate::dynamodb
