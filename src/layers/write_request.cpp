#include "write_request.hpp"

namespace dynamigrate::layers {

std::unique_ptr<WriteRequest> read_write_request(const RequestSource& source) {
    const std::string_view operation = source.call.operation;
    if (operation == "PutItem") {
        return read_single_write(source, ItemWrite::Kind::put);
    }
    if (operation == "UpdateItem") {
        return read_single_write(source, ItemWrite::Kind::update);
    }
    if (operation == "DeleteItem") {
        return read_single_write(source, ItemWrite::Kind::remove);
    }
    if (operation == "BatchWriteItem") {
        return read_batch_write(source);
    }
    if (operation == "TransactWriteItems") {
        return read_transaction(source);
    }
    if (operation == "ExecuteStatement") {
        return read_statement(source);
    }
    if (operation == "BatchExecuteStatement") {
        return read_statement_batch(source);
    }
    if (operation == "ExecuteTransaction") {
        return read_statement_transaction(source);
    }
    return nullptr;
}

}  // namespace dynamigrate::layers
