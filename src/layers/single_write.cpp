#include "write_parameters.hpp"
#include "write_request.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/projection.hpp>
#include <dynamigrate/json/reader.hpp>

namespace dynamigrate::layers {

using dynamodb::Item;

namespace {

/// PutItem, UpdateItem or DeleteItem: always asks for the old image.
class SingleWrite final : public WriteRequest {
public:
    SingleWrite(const RequestSource& source, ItemWrite::Kind kind) {
        RawObject request(source.call.body);
        ItemWrite write = read_item_write(source, request, kind, arena_);
        wish_ = request.text("ReturnValues");
        write.tells_old = is_known_wish(kind);
        if (write.tells_old) {
            request.set("ReturnValues", "\"ALL_OLD\"");
            body_ = request.to_json();
        } else {
            body_ = source.call.body;  // refused by the service
        }
        writes_.push_back(std::move(write));
    }

    std::vector<WriteEnd> read_answer(dynamodb::Reply& reply) override {
        WriteEnd end;
        end.tells_old = writes_.front().tells_old;
        if (end.tells_old) {
            read_write_answer("a write", [&] { read_old(reply, end); });
        }
        return {end};
    }

private:
    bool is_known_wish(ItemWrite::Kind kind) const {
        return wish_.empty() || wish_ == "NONE" || wish_ == "ALL_OLD" ||
               (kind == ItemWrite::Kind::update &&
                (wish_ == "ALL_NEW" || wish_ == "UPDATED_OLD" || wish_ == "UPDATED_NEW"));
    }

    void read_old(dynamodb::Reply& reply, WriteEnd& end) {
        RawObject answer(reply.body);
        const std::string_view attributes = answer.find("Attributes");
        if (!attributes.empty()) {
            end.old = dynamodb::parse_item(attributes, arena_);
        }
        if (wish_ == "ALL_OLD") {
            return;
        }
        const Item wished = wished_item(end.old);
        if (wished.empty()) {
            answer.remove("Attributes");
        } else {
            answer.set("Attributes", dynamodb::to_wire_json(wished));
        }
        reply.body = answer.to_json();
        json::pad(reply.body);
    }

    Item wished_item(const Item& old) {
        if (!wish_.starts_with("ALL") && !wish_.starts_with("UPDATED")) {
            return {};
        }
        const ItemWrite& write = writes_.front();
        const Item image = wish_ == "UPDATED_OLD" ? old : image_after(write, old, arena_);
        const auto& paths = write.update.paths_written();
        if (wish_ == "ALL_NEW") {
            return image;
        }
        return paths.empty() ? Item() : expressions::Projection::of(paths).apply(image, arena_);
    }

    std::string wish_;  ///< the client's ReturnValues
};

}  // namespace

std::unique_ptr<WriteRequest> read_single_write(const RequestSource& source, ItemWrite::Kind kind) {
    return std::make_unique<SingleWrite>(source, kind);
}

}  // namespace dynamigrate::layers
