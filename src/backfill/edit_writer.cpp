#include "edit_writer.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/value.hpp>

#include <algorithm>
#include <numeric>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;
using dynamodb::Outcome;
using dynamodb::StatementResult;

namespace {

constexpr std::size_t kMaxBatchBytes = 512 * 1024;
constexpr int kMaxInternalErrors = 12;

WriteEnd rejected(std::string_view code, const std::string& message) {
    const bool is_told = message.starts_with(code);
    WriteEnd end{WriteEnd::Kind::rejected, "rejected",
                 is_told ? message : std::string(code) + ": " + message};
    if (message.find("size") != std::string::npos && message.find("xceed") != std::string::npos) {
        end.reason = "too_large";
    }
    return end;
}

/// The table that all the edits write to, or "".
std::string_view only_table(const std::vector<Edit*>& edits,
                            const std::vector<std::size_t>& indexes) {
    const Target* target = edits[indexes.front()]->target;
    const bool is_only = std::all_of(indexes.begin(), indexes.end(), [&](std::size_t index) {
        return edits[index]->target == target;
    });
    return is_only ? std::string_view(target->name) : std::string_view();
}

WriteEnd too_many_guards() {
    return {WriteEnd::Kind::rejected, "guard_too_large",
            "the guard does not fit into one expression; name a version attribute: "
            "guard: {version: ATTRIBUTE}"};
}

}  // namespace

EditWriter::EditWriter(const Surroundings& surroundings, Endpoint& endpoint, bool overwrite,
                       std::stop_token stop_now)
    : surroundings_(surroundings),
      endpoint_(endpoint),
      overwrite_(overwrite),
      stop_now_(std::move(stop_now)) {}

bool EditWriter::call(std::string_view operation, std::string_view table, double expected_units) {
    reply_.clear();
    dynamodb::Call call;
    call.operation = operation;
    call.body = body_;
    call.stop = stop_now_;
    call.expected_units = expected_units;
    call.table = table;
    surroundings_.service->call(call, reply_);
    return reply_.earlier_attempt_may_have_applied;
}

void EditWriter::back_off(int round) {
    const double ceiling = 25.0 * static_cast<double>(1 << std::min(round, 8));
    const std::chrono::duration<double, std::milli> delay(surroundings_.random->unit() * ceiling);
    surroundings_.clock->wait(std::chrono::duration_cast<std::chrono::nanoseconds>(delay),
                              stop_now_);
    base::throw_if_stopped(stop_now_);
}

void EditWriter::shrink() {
    std::string().swap(body_);
    std::string().swap(reply_.body);
    scratch_ = base::Arena(4096);
    reader_ = dynamodb::StatementReplyReader();
}

std::optional<Item> EditWriter::read(const Target& target, const Item& key, base::Arena& arena) {
    auto found = dynamodb::get_item(*surroundings_.service, target.name, key, stop_now_);
    if (!found) {
        return std::nullopt;
    }
    return found->item.clone(arena);
}

void EditWriter::write(const std::vector<Edit*>& edits, std::vector<WriteEnd>& ends) {
    ends.assign(edits.size(), {});
    if (overwrite_) {
        overwrite(edits, ends);
        return;
    }
    std::vector<std::size_t> pending(edits.size());
    std::iota(pending.begin(), pending.end(), std::size_t{0});
    for (int round = 0; !pending.empty(); ++round) {
        Indexes again;
        for (std::size_t start = 0; start < pending.size(); start += kBatchStatements) {
            const std::size_t count = std::min(kBatchStatements, pending.size() - start);
            const Indexes left = send_batch(edits, std::span(pending).subspan(start, count), ends);
            again.insert(again.end(), left.begin(), left.end());
        }
        pending = std::move(again);
        if (!pending.empty()) {
            if (round >= kMaxInternalErrors &&
                std::any_of(pending.begin(), pending.end(),
                            [&](std::size_t i) { return edits[i]->may_have_applied; })) {
                throw Error(ErrorKind::unavailable, "the service keeps failing internally")
                    .at("writing " + edits[pending.front()]->target->name)
                    .may_have_applied(true);
            }
            back_off(round);
        }
    }
}

EditWriter::Indexes EditWriter::send_batch(const std::vector<Edit*>& edits,
                                           std::span<const std::size_t> indexes,
                                           std::vector<WriteEnd>& ends) {
    if (!endpoint_.has_partiql.load(std::memory_order_relaxed)) {
        send_singles(edits, indexes, ends);
        return {};
    }
    StatementBatch batch;
    batch.begin(body_);
    Indexes sent, singles, left, next;
    double units = 0;
    for (std::size_t index : indexes) {
        if (body_.size() > kMaxBatchBytes) {
            next.push_back(index);
        } else if (batch.add(*edits[index])) {
            sent.push_back(index);
            units += edits[index]->write_units();
        } else {
            singles.push_back(index);
        }
    }
    batch.end();
    if (!sent.empty()) {
        try {
            if (call("BatchExecuteStatement", only_table(edits, sent), units)) {
                for (std::size_t index : sent) {
                    edits[index]->may_have_applied = true;
                }
            }
            const Indexes again = classify(edits, sent, ends);
            left.insert(left.end(), again.begin(), again.end());
        } catch (const Error& error) {
            for (std::size_t index : sent) {
                edits[index]->may_have_applied |= error.may_have_applied();
            }
            if (error.kind() == ErrorKind::unimplemented) {
                endpoint_.has_partiql = false;
            } else if (error.kind() != ErrorKind::invalid_argument) {
                throw;
            }
            singles.insert(singles.end(), sent.begin(), sent.end());
        }
    }
    send_singles(edits, singles, ends);
    if (!next.empty()) {
        const Indexes again = send_batch(edits, next, ends);
        left.insert(left.end(), again.begin(), again.end());
    }
    return left;
}

EditWriter::Indexes EditWriter::classify(const std::vector<Edit*>& edits, const Indexes& sent,
                                         std::vector<WriteEnd>& ends) {
    scratch_.reset();
    reader_.read(reply_, scratch_, results_);
    if (results_.size() != sent.size()) {
        throw Error(ErrorKind::corrupted, "the answer tells of " + std::to_string(results_.size()) +
                                              " statements, sent were " +
                                              std::to_string(sent.size()))
            .at("BatchExecuteStatement")
            .may_have_applied(true);
    }
    Indexes again, failed_conditions;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        Edit& edit = *edits[sent[i]];
        const StatementResult& result = results_[i];
        switch (result.status) {
            case StatementResult::Status::success:
                break;
            case StatementResult::Status::condition_failed:
            case StatementResult::Status::duplicate_item:
                failed_conditions.push_back(sent[i]);
                break;
            case StatementResult::Status::internal_error:
                edit.may_have_applied = true;
                again.push_back(sent[i]);
                break;
            case StatementResult::Status::throttled:
            case StatementResult::Status::transaction_conflict:
                again.push_back(sent[i]);
                break;
            case StatementResult::Status::other:
                ends[sent[i]] = rejected(result.code, result.message);
                break;
        }
    }
    for (std::size_t index : failed_conditions) {
        if (auto end = after_failed_condition(*edits[index])) {
            ends[index] = *end;
        } else {
            again.push_back(index);
        }
    }
    return again;
}

std::optional<WriteEnd> EditWriter::after_failed_condition(Edit& edit) {
    if (!edit.may_have_applied) {
        return WriteEnd{WriteEnd::Kind::conflict, {}, {}};
    }
    base::Arena arena;
    std::vector<std::string_view> absent;
    const layers::JournalEntry entry = journal_entry(edit, arena, absent);
    const std::optional<Item> current = read(*edit.target, edit.key, arena);
    const Item* item = current ? &*current : nullptr;
    if (edit.marker) {
        const bool is_ours = item != nullptr && item->text(kMarkerAttribute) == edit.run;
        return WriteEnd{is_ours ? WriteEnd::Kind::applied : WriteEnd::Kind::conflict, {}, {}};
    }
    if (equals_after(entry, item)) {
        return WriteEnd{};
    }
    if (equals_before(entry, item)) {
        return std::nullopt;
    }
    return WriteEnd{WriteEnd::Kind::ambiguous, {}, {}};
}

void EditWriter::send_singles(const std::vector<Edit*>& edits, std::span<const std::size_t> indexes,
                              std::vector<WriteEnd>& ends) {
    for (std::size_t index : indexes) {
        ends[index] = write_single(*edits[index]);
    }
}

WriteEnd EditWriter::write_single(Edit& edit, std::optional<dynamodb::OwnedItem>* old_item) {
    for (int round = 0;; ++round) {
        const std::string_view operation = write_single_request(edit, old_item != nullptr, body_);
        if (operation.empty()) {
            return too_many_guards();
        }
        try {
            edit.may_have_applied |= call(operation, edit.target->name, edit.write_units());
            if (reply_.outcome == Outcome::success) {
                if (old_item != nullptr) {
                    const json::Value answer = json::parse_json(reply_.body, "DeleteItem's answer");
                    if (const json::Value* attributes = answer.find("Attributes")) {
                        old_item->emplace();
                        (*old_item)->item = dynamodb::item_from_wire(
                            *attributes, "DeleteItem's answer", (*old_item)->arena);
                    }
                }
                return {};
            }
            if (auto end = after_failed_condition(edit)) {
                return *end;
            }
        } catch (const Error& error) {
            edit.may_have_applied |= error.may_have_applied();
            if (error.kind() == ErrorKind::invalid_argument) {
                const auto end = edit.may_have_applied ? after_failed_condition(edit)
                                                       : std::optional<WriteEnd>();
                return end ? *end : rejected(error.service_code(), error.message());
            }
            if (error.kind() != ErrorKind::aborted || error.service_code().empty()) {
                throw;
            }
        }
        back_off(round);
    }
}

bool EditWriter::is_moved(const Edit& remove, const Edit& insert) {
    base::Arena arena;
    const auto moved = read(*insert.target, insert.key, arena);
    return moved && *moved == insert.after && !read(*remove.target, remove.key, arena);
}

WriteEnd EditWriter::write_move(Edit& remove, Edit& insert) {
    const std::string token = surroundings_.random->uuid();  // one for all rounds: one effect
    for (int round = 0;; ++round) {
        write_move_transaction(remove, insert, token, body_);
        try {
            remove.may_have_applied |= call("TransactWriteItems", remove.target->name,
                                            2 * (remove.write_units() + insert.write_units()));
            if (reply_.outcome == Outcome::success) {
                return {};
            }
        } catch (const Error& error) {
            remove.may_have_applied |= error.may_have_applied();
            if (error.kind() == ErrorKind::invalid_argument) {
                return rejected(error.service_code(), error.message());
            }
            if (error.kind() != ErrorKind::aborted || error.service_code().empty()) {
                throw;
            }
            back_off(round);
            continue;
        }
        if (reply_.body.find("\"TransactionConflict\"") == std::string::npos) {
            return {remove.may_have_applied && is_moved(remove, insert) ? WriteEnd::Kind::applied
                                                                        : WriteEnd::Kind::conflict,
                    {},
                    {}};
        }
        back_off(round);
    }
}

void EditWriter::overwrite(const std::vector<Edit*>& edits, std::vector<WriteEnd>& ends) {
    std::vector<const Edit*> pending;
    std::vector<std::size_t> guarded;
    for (std::size_t i = 0; i < edits.size(); ++i) {
        if (edits[i]->kind != layers::EntryKind::replace) {
            guarded.push_back(i);
        } else {
            pending.push_back(edits[i]);
        }
    }
    send_singles(edits, guarded, ends);
    for (int round = 0; !pending.empty(); ++round) {
        std::vector<const Edit*> again;
        for (std::size_t start = 0; start < pending.size(); start += kBatchStatements) {
            const std::size_t count = std::min(kBatchStatements, pending.size() - start);
            const auto batch = std::span(pending).subspan(start, count);
            write_batch_put(batch, body_);
            double units = 0;
            for (const Edit* edit : batch) {
                units += edit->write_units();
            }
            call("BatchWriteItem", batch.front()->target->name, units);
            const json::Value answer = json::parse_json(reply_.body, "BatchWriteItem's answer");
            const json::Value* unprocessed = answer.find("UnprocessedItems");
            const json::Value* table =
                unprocessed ? unprocessed->find(batch.front()->target->name) : nullptr;
            if (table == nullptr) {
                continue;
            }
            base::Arena arena;
            for (const json::Value& request : table->elements()) {
                const json::Value* put = request.find("PutRequest");
                const Item item =
                    dynamodb::item_from_wire(*put->find("Item"), "BatchWriteItem's answer", arena);
                for (const Edit* edit : batch) {
                    if (edit->target->key.key_of(item, arena) == edit->key) {
                        again.push_back(edit);
                    }
                }
            }
        }
        pending = std::move(again);
        if (!pending.empty()) {
            back_off(round);
        }
    }
}

}  // namespace dynamigrate::backfill
