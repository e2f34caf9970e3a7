#include "journalled_call.hpp"

#include "item_reader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using dynamodb::Attribute;
using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

bool is_same_value(const AttributeValue* a, const AttributeValue* b) {
    return a == nullptr || b == nullptr ? a == b : *a == *b;
}

/// Whether the item is as the image, one of the entry's two, says.
bool is_as(const JournalEntry& entry, const Item& current, const Item& image) {
    if (entry.kind != EntryKind::update) {
        return current == image;
    }
    const auto agrees = [&](const Attribute& attribute) {
        return is_same_value(current.find(attribute.name), image.find(attribute.name));
    };
    return !current.empty() && std::all_of(entry.before.begin(), entry.before.end(), agrees) &&
           std::all_of(entry.after.begin(), entry.after.end(), agrees);
}

std::vector<std::size_t> all_of(std::size_t count) {
    std::vector<std::size_t> indexes(count);
    std::iota(indexes.begin(), indexes.end(), std::size_t{0});
    return indexes;
}

}  // namespace

void JournalledCall::run(dynamodb::Reply& reply) {
    plan();
    ids_ = journal_.append(entries_);
    dynamodb::Call sent = call_;
    sent.body = request_.body();
    try {
        service_.call(sent, reply);
    } catch (const Error& error) {
        settle_failure(error);
        throw;
    }
    try {
        settle_answer(reply);
    } catch (Error& error) {
        error.set_may_have_applied(true);
        throw;
    }
}

void JournalledCall::plan() {
    const std::vector<ItemWrite>& writes = request_.writes();
    const std::vector<Item> read = read_written_items(service_, clock_, writes, arena_, call_.stop);
    for (std::size_t i = 0; i < writes.size(); ++i) {
        before_.push_back(planned_before(i, read[i]));
        after_.push_back(known_image_after(writes[i], before_.back(), arena_));
        const Item before = writes[i].must_be_absent ? Item() : before_.back();
        entries_.push_back(entry_of(writes[i], before, after_.back().value_or(before), arena_));
    }
}

/// A request may write an item twice.
Item JournalledCall::planned_before(std::size_t index, const Item& read) const {
    const std::vector<ItemWrite>& writes = request_.writes();
    for (std::size_t earlier = index; earlier-- > 0;) {
        if (is_same_item(writes[earlier], writes[index]) && after_[earlier]) {
            return *after_[earlier];
        }
    }
    return read;
}

void JournalledCall::settle_answer(dynamodb::Reply& reply) {
    const bool is_repeated = reply.earlier_attempt_may_have_applied;
    const Indexes all = all_of(entries_.size());
    Indexes open;
    if (reply.outcome != dynamodb::Outcome::success) {
        if (!is_repeated) {
            settle_all(EntryOutcome::guard_failed);
            return;
        }
        open = all;
    } else {
        std::vector<WriteEnd> ends;
        try {
            ends = request_.read_answer(reply);
        } catch (const Error&) {
            settle_by_reading(all, true);
            finish();
            throw;
        }
        for (const std::size_t index : all) {
            const WriteEnd& end = ends[index];
            if (end.kind == WriteEnd::Kind::applied) {
                settle_applied(index, end, is_repeated);
            } else if (is_repeated || end.kind == WriteEnd::Kind::unknown) {
                open.push_back(index);
            } else {
                note(index, end.kind == WriteEnd::Kind::refused ? EntryOutcome::rejected
                                                                : EntryOutcome::guard_failed);
            }
        }
    }
    settle_by_reading(open, true);
    finish();
}

void JournalledCall::settle_applied(std::size_t index, const WriteEnd& end, bool is_repeated) {
    const ItemWrite& write = request_.writes()[index];
    const std::optional<Item> after =
        end.tells_old ? known_image_after(write, end.old, arena_) : std::nullopt;
    if (!after) {
        settle_unconfirmed(index, write.tells_old);
        return;
    }
    // The old image of a repeated write may be what its own first attempt left behind.
    const bool is_own = is_repeated && after_[index] && end.old == *after_[index];
    const JournalEntry entry = entry_of(write, is_own ? before_[index] : end.old, *after, arena_);
    if (is_without_effect(entry)) {
        note(index, EntryOutcome::guard_failed);
    } else if (are_same(entry, entries_[index])) {
        note(index, EntryOutcome::applied);
    } else {
        replace(index, entry);
    }
}

/// The answer did not tell the old image: what was read before has to stand for it.
void JournalledCall::settle_unconfirmed(std::size_t index, bool is_told) {
    if (after_[index] && !is_told) {
        note(index, is_without_effect(entries_[index]) ? EntryOutcome::guard_failed
                                                       : EntryOutcome::applied);
        return;
    }
    const Item after = after_[index] ? *after_[index] : read_now()[index];
    JournalEntry entry = entry_of(request_.writes()[index], before_[index], after, arena_);
    entry.was_read_before = true;
    replace(index, entry);
}

void JournalledCall::settle_failure(const Error& error) {
    const bool may_have_applied =
        error.may_have_applied() || error.kind() == ErrorKind::outcome_unknown;
    try {
        if (!may_have_applied) {
            settle_all(EntryOutcome::rejected);
            return;
        }
        settle_by_reading(all_of(entries_.size()), !error.service_code().empty());
        finish();
    } catch (const Error&) {
        // The call's own failure is what the client must know; the entries stay unsettled.
    }
}

void JournalledCall::settle_all(EntryOutcome outcome) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        note(i, outcome);
    }
    finish();
}

/// `is_answered`: nothing of the request is under way any more.
void JournalledCall::settle_by_reading(const Indexes& open, bool is_answered) {
    if (open.empty()) {
        return;
    }
    std::vector<Item> current;
    try {
        current = read_now();
    } catch (const Error&) {
        return;  // they stay unsettled
    }
    for (const std::size_t index : open) {
        const JournalEntry& entry = entries_[index];
        if (!after_[index] || is_as(entry, before_[index], entry.after)) {
            continue;  // the write cannot be told from its absence
        }
        if (is_as(entry, current[index], entry.after)) {
            note(index, EntryOutcome::applied);
        } else if (is_answered && current[index] == before_[index]) {
            note(index, EntryOutcome::guard_failed);
        }
    }
}

std::vector<Item> JournalledCall::read_now() {
    return read_written_items(service_, clock_, request_.writes(), arena_, call_.stop);
}

void JournalledCall::replace(std::size_t index, const JournalEntry& entry) {
    note(index, EntryOutcome::guard_failed);
    corrections_.push_back(entry);
}

void JournalledCall::note(std::size_t index, EntryOutcome outcome) {
    outcomes_.emplace_back(ids_[index], outcome);
}

void JournalledCall::finish() {
    if (!corrections_.empty()) {
        for (const EntryId id : journal_.append(corrections_)) {
            outcomes_.emplace_back(id, EntryOutcome::applied);
        }
    }
    journal_.settle(outcomes_);
    corrections_.clear();
    outcomes_.clear();
}

}  // namespace dynamigrate::layers
