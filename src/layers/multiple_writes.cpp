#include "write_parameters.hpp"
#include "write_request.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <optional>

namespace dynamigrate::layers {

using dynamodb::Item;

namespace {

/// BatchWriteItem: its answer names what was left, and tells no old images.
class BatchWrite final : public WriteRequest {
public:
    explicit BatchWrite(const RequestSource& source) {
        body_ = source.call.body;
        const RawObject request(body_);
        for_each_request(request.find("RequestItems"), [&](const std::string& table,
                                                           const RawObject& from) {
            const std::string_view put = from.find("PutRequest");
            if (!put.empty()) {
                const Item item = required_item(RawObject(put), "Item", arena_);
                writes_.push_back(put_of(source, table, item, arena_));
                return;
            }
            const std::string_view removal = from.find("DeleteRequest");
            if (removal.empty()) {
                refuse_write("a request of the batch is neither a PutRequest nor a DeleteRequest");
            }
            ItemWrite write;
            write.kind = ItemWrite::Kind::remove;
            write.table = table;
            write.key = required_item(RawObject(removal), "Key", arena_);
            writes_.push_back(std::move(write));
        });
    }

    std::vector<WriteEnd> read_answer(dynamodb::Reply& reply) override {
        std::vector<WriteEnd> ends(writes_.size());
        read_write_answer("BatchWriteItem", [&] {
            const RawObject answer(reply.body);
            for_each_request(answer.find("UnprocessedItems"), [&](const std::string& table,
                                                                  const RawObject& from) {
                const std::string_view put = from.find("PutRequest");
                const Item item = put.empty() ? required_item(RawObject(from.find("DeleteRequest")),
                                                              "Key", arena_)
                                              : required_item(RawObject(put), "Item", arena_);
                mark_left(table, item, ends);
            });
        });
        return ends;
    }

private:
    template <class Function>
    static void for_each_request(std::string_view tables, const Function& function) {
        if (tables.empty()) {
            return;
        }
        const RawObject object(tables);
        for (const RawObject::Member& table : object.members()) {
            for (const std::string& element : raw_elements(table.value)) {
                function(table.name, RawObject(element));
            }
        }
    }

    void mark_left(const std::string& table, const Item& item, std::vector<WriteEnd>& ends) {
        for (std::size_t i = 0; i < writes_.size(); ++i) {
            const ItemWrite& write = writes_[i];
            const bool is_left =
                write.table == table &&
                std::all_of(write.key.begin(), write.key.end(), [&](const auto& attribute) {
                    const auto* value = item.find(attribute.name);
                    return value != nullptr && *value == attribute.value;
                });
            if (is_left) {
                ends[i].kind = WriteEnd::Kind::refused;
            }
        }
    }
};

/// TransactWriteItems: all or nothing, and no old images.
class Transaction final : public WriteRequest {
public:
    explicit Transaction(const RequestSource& source) {
        body_ = source.call.body;
        const RawObject request(body_);
        const std::string_view actions = request.find("TransactItems");
        if (actions.empty()) {
            refuse_write("the request has no TransactItems");
        }
        for (const std::string& element : raw_elements(actions)) {
            add(source, RawObject(element));
        }
    }

    std::vector<WriteEnd> read_answer(dynamodb::Reply&) override {
        return std::vector<WriteEnd>(writes_.size());
    }

private:
    void add(const RequestSource& source, const RawObject& action) {
        for (const RawObject::Member& member : action.members()) {
            if (member.value == "null" || member.name == "ConditionCheck") {
                continue;
            }
            const RawObject from(member.value);
            writes_.push_back(read_item_write(source, from, kind_of(member.name), arena_));
        }
    }
    static ItemWrite::Kind kind_of(const std::string& action) {
        if (action == "Put") {
            return ItemWrite::Kind::put;
        }
        if (action == "Update") {
            return ItemWrite::Kind::update;
        }
        if (action == "Delete") {
            return ItemWrite::Kind::remove;
        }
        refuse_write("the journal does not know the action " + action + " of a transaction");
    }
};

}  // namespace

std::unique_ptr<WriteRequest> read_batch_write(const RequestSource& source) {
    return std::make_unique<BatchWrite>(source);
}

std::unique_ptr<WriteRequest> read_transaction(const RequestSource& source) {
    return std::make_unique<Transaction>(source);
}

}  // namespace dynamigrate::layers
