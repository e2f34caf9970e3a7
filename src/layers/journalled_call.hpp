#pragma once

#include "shared_journal.hpp"
#include "write_request.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <deque>
#include <optional>
#include <vector>

namespace dynamigrate::layers {

/// One write on its way through the journal. Requires: nobody else writes its items through it.
class JournalledCall {
public:
    JournalledCall(dynamodb::Service& service, SharedJournal& journal, base::Clock& clock,
                   const dynamodb::Call& call, WriteRequest& request)
        : service_(service),
          journal_(journal),
          clock_(clock),
          call_(call),
          request_(request) {}

    void run(dynamodb::Reply& reply);

private:
    using Indexes = std::vector<std::size_t>;

    void plan();
    dynamodb::Item planned_before(std::size_t index, const dynamodb::Item& read) const;
    void settle_answer(dynamodb::Reply& reply);
    void settle_applied(std::size_t index, const WriteEnd& end, bool is_repeated);
    void settle_unconfirmed(std::size_t index, bool is_told);
    void settle_failure(const base::Error& error);
    void settle_all(EntryOutcome outcome);
    void settle_by_reading(const Indexes& open, bool is_answered);
    void replace(std::size_t index, const JournalEntry& entry);
    void note(std::size_t index, EntryOutcome outcome);
    void finish();
    std::vector<dynamodb::Item> read_now();

    dynamodb::Service& service_;
    SharedJournal& journal_;
    base::Clock& clock_;
    const dynamodb::Call& call_;
    WriteRequest& request_;
    base::Arena arena_;
    std::vector<dynamodb::Item> before_;  ///< by write, as read
    std::vector<std::optional<dynamodb::Item>> after_;
    std::vector<JournalEntry> entries_;
    std::vector<EntryId> ids_;
    std::vector<JournalEntry> corrections_;
    std::vector<SharedJournal::Settled> outcomes_;
};

}  // namespace dynamigrate::layers
