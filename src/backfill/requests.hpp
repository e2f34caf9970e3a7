#pragma once

#include "edit.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Bodies of the requests that a backfill sends, appended to a reused buffer.
namespace dynamigrate::backfill {

/// Most statements that one BatchExecuteStatement takes.
inline constexpr std::size_t kBatchStatements = 25;

/// Builds the body of a BatchExecuteStatement, statement by statement.
class StatementBatch {
public:
    /// Begins anew in `body`.
    void begin(std::string& body);
    /// Appends the edit's statement; false, leaving the body as it was, when the statement is
    /// beyond DynamoDB's limits (8192 characters, operators) and must go by UpdateItem.
    /// The edit must live until `end()`.
    bool add(const Edit& edit);
    std::size_t size() const noexcept { return size_; }
    void end();

private:
    std::string* body_ = nullptr;
    std::size_t size_ = 0;
    const Edit* last_ = nullptr;  ///< most edits have the statement of the one before
    std::size_t text_start_ = 0, text_size_ = 0;
};

/// Appends the body of the UpdateItem, PutItem or DeleteItem for the edit and returns the
/// operation's name; an empty name when its guard does not fit into DynamoDB's limits.
/// `return_old`: asks for the whole old item (deletions).
std::string_view write_single_request(const Edit& edit, bool return_old, std::string& body);

/// Appends the body of a BatchWriteItem that puts the edits' whole after-images of one table.
void write_batch_put(std::span<const Edit* const> edits, std::string& body);

/// Appends the body of a TransactWriteItems that moves an item: guarded delete and put if absent.
void write_move_transaction(const Edit& remove, const Edit& insert, std::string_view token,
                            std::string& body);

}  // namespace dynamigrate::backfill
