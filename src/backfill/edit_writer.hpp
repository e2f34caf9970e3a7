#pragma once

#include "edit.hpp"
#include "requests.hpp"

#include <dynamigrate/dynamodb/batch_reply.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <atomic>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::backfill {

/// What the endpoint turned out to lack, learnt once and shared by all lanes.
struct Endpoint {
    std::atomic<bool> has_partiql{true};
    std::atomic<bool> has_transactions{true};
};

/// How an edit's write ended.
struct WriteEnd {
    enum class Kind {
        applied,
        conflict,   ///< surely not applied: the item is not as it was read
        ambiguous,  ///< an answer was lost and the item is neither as before nor as after
        rejected,   ///< surely not applied: refused for good; `reason` and `message` tell
    };
    Kind kind = Kind::applied;
    std::string reason;
    std::string message;
};

/// Sends journalled edits until each has an end.
///
/// Threads: one lane; not shared.
/// Errors:  whatever the service throws for a whole request. The edits at hand are unsettled then,
///          and the journal's replay settles them.
class EditWriter {
public:
    EditWriter(const Surroundings& surroundings, Endpoint& endpoint, bool overwrite,
               std::stop_token stop_now);

    /// Writes the edits, of pairwise different keys; `ends[i]` tells of `edits[i]`.
    void write(const std::vector<Edit*>& edits, std::vector<WriteEnd>& ends);

    /// Sends one edit by itself. `old_item`: takes a deletion's whole old item.
    WriteEnd write_single(Edit& edit, std::optional<dynamodb::OwnedItem>* old_item = nullptr);
    /// Moves an item by a transaction.
    WriteEnd write_move(Edit& remove, Edit& insert);

    /// The item now, consistently read; nothing when there is none. Lives in the arena.
    std::optional<dynamodb::Item> read(const Target& target, const dynamodb::Item& key,
                                       base::Arena& arena);

    /// Frees buffers that grew beyond the usual.
    void shrink();
    std::size_t memory() const noexcept { return body_.capacity() + reply_.body.capacity(); }

private:
    using Indexes = std::vector<std::size_t>;

    Indexes send_batch(const std::vector<Edit*>& edits, std::span<const std::size_t> indexes,
                       std::vector<WriteEnd>& ends);
    Indexes classify(const std::vector<Edit*>& edits, const Indexes& sent,
                     std::vector<WriteEnd>& ends);
    void send_singles(const std::vector<Edit*>& edits, std::span<const std::size_t> indexes,
                      std::vector<WriteEnd>& ends);
    bool is_moved(const Edit& remove, const Edit& insert);
    void overwrite(const std::vector<Edit*>& edits, std::vector<WriteEnd>& ends);
    /// The end of an edit whose condition failed; nothing: to be sent again.
    std::optional<WriteEnd> after_failed_condition(Edit& edit);
    bool call(std::string_view operation, std::string_view table, double expected_units);
    void back_off(int round);

    const Surroundings& surroundings_;
    Endpoint& endpoint_;
    bool overwrite_;
    std::stop_token stop_now_;
    std::string body_;
    dynamodb::Reply reply_;
    dynamodb::StatementReplyReader reader_;
    std::vector<dynamodb::StatementResult> results_;
    base::Arena scratch_{4096};
};

}  // namespace dynamigrate::backfill
