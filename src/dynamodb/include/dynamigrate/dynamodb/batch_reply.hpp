#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::dynamodb {

/// How one statement of a BatchExecuteStatement ended.
struct StatementResult {
    enum class Status {
        success,
        duplicate_item,        ///< DuplicateItem: an INSERT onto an existing key
        condition_failed,      ///< ConditionalCheckFailed
        throttled,             ///< retry with backoff; the statement had no effect
        transaction_conflict,  ///< TransactionConflict: retry; the statement had no effect
        internal_error,        ///< InternalServerError: the statement may have been applied
        other,                 ///< `code` and `message` tell
    };

    Status status = Status::success;
    std::string code;  ///< empty for success
    std::string message;
    std::optional<Item> item;  ///< what was returned, or the item that failed the condition
};

/// The status for a code of BatchStatementError, such as "ConditionalCheckFailed".
StatementResult::Status status_of(std::string_view code) noexcept;

/// Reads the answers of BatchExecuteStatement; allocates nothing while all statements succeed.
///
/// Threads: one at a time. Keeps its buffers from answer to answer.
class StatementReplyReader {
public:
    StatementReplyReader();
    ~StatementReplyReader();
    StatementReplyReader(StatementReplyReader&&) noexcept;
    StatementReplyReader& operator=(StatementReplyReader&&) noexcept;

    /// Replaces what `results` held; items live as long as the arena.
    /// Errors: Error corrupted for what is no such answer.
    void read(Reply& reply, base::Arena& arena, std::vector<StatementResult>& results);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dynamigrate::dynamodb
