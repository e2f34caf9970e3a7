#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace dynamigrate::layers {

/// Journals every write that passes, so that undo can take it back: what a script changes through
/// the gateway.
///
/// The items of a write are read consistently, an entry with the images before and after is synced,
/// then the write is sent, and its outcome is noted. PutItem, UpdateItem, DeleteItem,
/// ExecuteStatement and BatchExecuteStatement are sent so that they return the old images, which are
/// taken out of the answer again unless the client asked for them: where somebody else wrote between
/// the read and the write, the entry gives way to one with the true images, synced before the
/// client has its answer. The other forms cannot return them: their entries are marked with
/// `was_read_before`.
///
/// A failed condition, a cancelled transaction, an unprocessed request and a refused one leave an
/// entry that says so. Where a failure leaves open whether the write was applied, the item is read:
/// what equals the image after counts as applied, what the service answered about and equals the
/// image before as not; else the entry stays unsettled.
///
/// Operations that change tables pass and are noted in the log. An operation that is not known and
/// is no read is refused.
///
/// Requires: nobody else uses the writer meanwhile.
/// Threads: any; writes of one item go one after the other, so that their entries are in order.
/// Errors:  unimplemented for an operation that is not known; invalid_argument for a write that
///          cannot be read; unavailable when the journal cannot be written: the write was not sent,
///          or, with `may_have_applied`, its entry is unsettled; else the inner service's.
class JournalService final : public dynamodb::Service {
public:
    /// `step`: the run's step that the entries belong to.
    JournalService(dynamodb::Service& inner, JournalWriter& writer, std::uint32_t step,
                   base::Clock& clock, base::Log& log = base::null_log());
    ~JournalService() override;

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    struct State;

    void change_tables(const dynamodb::Call& call, dynamodb::Reply& reply);

    dynamodb::Service& inner_;
    std::unique_ptr<State> state_;
};

}  // namespace dynamigrate::layers
