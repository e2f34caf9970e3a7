#pragma once

#include "item_write.hpp"
#include "table_keys.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::layers {

/// How a write of a request ended, by the answer.
struct WriteEnd {
    enum class Kind {
        applied,
        condition_failed,  ///< not applied, neither is `refused`
        refused,
        unknown,  ///< the answer leaves open whether it was applied
    };
    Kind kind = Kind::applied;
    bool tells_old = false;
    dynamodb::Item old;  ///< empty: there was none
};

/// A request that writes items, as it is to be sent: it asks for old images where it can.
class WriteRequest {
public:
    virtual ~WriteRequest() = default;

    /// In the order in which they take effect; none for a request that only reads.
    const std::vector<ItemWrite>& writes() const noexcept { return writes_; }
    const std::string& body() const noexcept { return body_; }

    /// The ends of `writes` by an answer of success, which it turns into what the client asked for.
    /// Items live as long as the request. Errors: Error corrupted for what is no such answer.
    virtual std::vector<WriteEnd> read_answer(dynamodb::Reply& reply) = 0;

protected:
    base::Arena arena_;
    std::vector<ItemWrite> writes_;
    std::string body_;
};

/// Where a request's writes are looked up.
struct RequestSource {
    const dynamodb::Call& call;
    TableKeys& tables;

    /// Errors: Error not_found as the service words it.
    dynamodb::KeySchema key_of(const std::string& table) const;
};

/// The request of a write operation, or nullptr for other operations.
/// Errors: Error invalid_argument for what cannot be read, which could not be journalled either;
///         not_found for a table that is not there.
std::unique_ptr<WriteRequest> read_write_request(const RequestSource& source);

std::unique_ptr<WriteRequest> read_single_write(const RequestSource& source, ItemWrite::Kind kind);
std::unique_ptr<WriteRequest> read_batch_write(const RequestSource& source);
std::unique_ptr<WriteRequest> read_transaction(const RequestSource& source);
std::unique_ptr<WriteRequest> read_statement(const RequestSource& source);
std::unique_ptr<WriteRequest> read_statement_batch(const RequestSource& source);
std::unique_ptr<WriteRequest> read_statement_transaction(const RequestSource& source);

}  // namespace dynamigrate::layers
