#include "write_parameters.hpp"
#include "write_request.hpp"

#include <dynamigrate/dynamodb/batch_reply.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/partiql.hpp>
#include <dynamigrate/json/reader.hpp>
#include <dynamigrate/json/writer.hpp>

#include <algorithm>
#include <optional>
#include <span>

namespace dynamigrate::layers {

using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::StatementResult;
using expressions::PartiqlReturning;
using expressions::PartiqlStatement;
using Kind = PartiqlStatement::Kind;

namespace {

constexpr std::string_view kReturningOld = "\nRETURNING ALL OLD *";

std::string quoted_json(std::string_view text) {
    std::string json;
    json::Writer::append_quoted(json, text);
    return json;
}

/// Whether the first word is SELECT: such a statement is none of the journal's business, be it
/// right or wrong.
bool is_select(std::string_view text) {
    constexpr std::string_view kSelect = "select";
    const std::size_t begin = text.find_first_not_of(" \t\r\n\f\v");
    text = begin == text.npos ? std::string_view() : text.substr(begin);
    return text.size() > kSelect.size() &&
           std::equal(kSelect.begin(), kSelect.end(), text.begin(),
                      [](char a, char b) { return a == (b | 0x20); });
}

/// A statement of a request and, where it writes, what it writes.
struct Statement {
    std::optional<ItemWrite> write;
    std::string amended;  ///< the text that returns the old image too; "" where it stays
};

class StatementReader {
public:
    StatementReader(const RequestSource& source, base::Arena& arena)
        : source_(source),
          arena_(arena) {}

    /// `returns`: whether RETURNING may be added.
    Statement read(const RawObject& from, bool returns) {
        Statement found;
        const std::string_view text = arena_.copy(from.text("Statement"));
        if (is_select(text)) {
            return found;
        }
        const std::span<const AttributeValue> parameters = read_parameters(from);
        const PartiqlStatement statement = expressions::parse_partiql(text, parameters, arena_);
        if (statement.kind == Kind::select || statement.kind == Kind::exists) {
            return found;
        }
        found.write = write_of(statement);
        ItemWrite& write = *found.write;
        write.tells_old = statement.returning == PartiqlReturning::all_old;
        const bool is_amendable = returns && statement.kind != Kind::insert &&
                                  statement.returning == PartiqlReturning::none;
        if (is_amendable && is_returning_old(text, parameters)) {
            found.amended = std::string(text) + std::string(kReturningOld);
            write.tells_old = true;
        }
        return found;
    }

private:
    std::span<const AttributeValue> read_parameters(const RawObject& from) {
        std::vector<AttributeValue> parameters;
        const std::string_view found = from.find("Parameters");
        if (!found.empty()) {
            for (const std::string& element : raw_elements(found)) {
                parameters.push_back(dynamodb::parse_value(element, arena_));
            }
        }
        return arena_.copy(std::span<const AttributeValue>(parameters));
    }

    ItemWrite write_of(const PartiqlStatement& statement) {
        ItemWrite write;
        write.table = statement.table;
        write.key =
            expressions::partiql_target(statement, source_.key_of(statement.table), arena_).key;
        write.must_exist = statement.kind == Kind::update;
        write.must_be_absent = statement.kind == Kind::insert;
        if (statement.kind == Kind::insert) {
            write.kind = ItemWrite::Kind::put;
            write.item = statement.item;
        } else if (statement.kind == Kind::update) {
            write.kind = ItemWrite::Kind::update;
            write.update = statement.update;
        } else {
            write.kind = ItemWrite::Kind::remove;
        }
        return write;
    }

    bool is_returning_old(std::string_view text, std::span<const AttributeValue> parameters) {
        const std::string amended = std::string(text) + std::string(kReturningOld);
        if (amended.size() > expressions::kMaxPartiqlCharacters) {
            return false;
        }
        try {
            const auto parsed =
                expressions::parse_partiql(arena_.copy(amended), parameters, arena_);
            return parsed.returning == PartiqlReturning::all_old;
        } catch (const base::Error&) {
            return false;  // such as after a closing semicolon
        }
    }

    const RequestSource& source_;
    base::Arena& arena_;
};

class SingleStatement final : public WriteRequest {
public:
    explicit SingleStatement(const RequestSource& source) {
        RawObject request(source.call.body);
        Statement found = StatementReader(source, arena_).read(request, true);
        body_ = source.call.body;
        if (!found.amended.empty()) {
            is_amended_ = true;
            request.set("Statement", quoted_json(found.amended));
            body_ = request.to_json();
        }
        if (found.write) {
            writes_.push_back(std::move(*found.write));
        }
    }

    std::vector<WriteEnd> read_answer(dynamodb::Reply& reply) override {
        WriteEnd end;
        end.tells_old = writes_.front().tells_old;
        if (end.tells_old) {
            read_write_answer("ExecuteStatement", [&] { read_old(reply, end); });
        }
        return {end};
    }

private:
    void read_old(dynamodb::Reply& reply, WriteEnd& end) {
        RawObject answer(reply.body);
        const std::string_view items = answer.find("Items");
        if (!items.empty()) {
            for (const std::string& element : raw_elements(items)) {
                end.old = dynamodb::parse_item(element, arena_);
            }
        }
        if (is_amended_) {
            answer.set("Items", "[]");
            reply.body = answer.to_json();
            json::pad(reply.body);
        }
    }

    bool is_amended_ = false;
};

class StatementBatch final : public WriteRequest {
public:
    explicit StatementBatch(const RequestSource& source) {
        RawObject request(source.call.body);
        body_ = source.call.body;
        const std::string_view list = request.find("Statements");
        if (list.empty()) {
            refuse_write("the request has no Statements");
        }
        std::string amended = "[";
        StatementReader reader(source, arena_);
        for (const std::string& element : raw_elements(list)) {
            RawObject from(element);
            const Statement found = read(reader, from);
            const bool is_amended = !found.amended.empty();
            if (is_amended) {
                from.set("Statement", quoted_json(found.amended));
            }
            amended += (places_.empty() ? "" : ",") + from.to_json();
            places_.push_back(
                {found.write ? std::optional(writes_.size()) : std::nullopt, is_amended});
            if (found.write) {
                writes_.push_back(*found.write);
            }
        }
        request.set("Statements", amended + "]");
        body_ = writes_.empty() ? body_ : request.to_json();
    }

    std::vector<WriteEnd> read_answer(dynamodb::Reply& reply) override {
        std::vector<StatementResult> results;
        dynamodb::StatementReplyReader().read(reply, arena_, results);
        if (results.size() != places_.size()) {
            throw base::Error(base::ErrorKind::corrupted,
                              "the answer does not tell of each statement")
                .at("BatchExecuteStatement")
                .may_have_applied(true);
        }
        std::vector<WriteEnd> ends(writes_.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (places_[i].write) {
                ends[*places_[i].write] = end_of(results[i], writes_[*places_[i].write]);
            }
        }
        read_write_answer("BatchExecuteStatement", [&] { strip(reply, results); });
        return ends;
    }

private:
    struct Place {
        std::optional<std::size_t> write;  ///< index in `writes`
        bool is_amended = false;
    };

    /// One about a table that is not there fails by itself.
    static Statement read(StatementReader& reader, const RawObject& from) {
        try {
            return reader.read(from, true);
        } catch (const base::Error& error) {
            if (error.kind() != base::ErrorKind::not_found) {
                throw;
            }
            return {};
        }
    }

    static WriteEnd end_of(const StatementResult& result, const ItemWrite& write) {
        WriteEnd end;
        switch (result.status) {
            case StatementResult::Status::success:
                // An update that tells nothing had something to tell.
                end.tells_old =
                    write.tells_old && (result.item || write.kind == ItemWrite::Kind::remove);
                end.old = result.item.value_or(Item());
                break;
            case StatementResult::Status::duplicate_item:
            case StatementResult::Status::condition_failed:
                end.kind = WriteEnd::Kind::condition_failed;
                break;
            case StatementResult::Status::internal_error:
                end.kind = WriteEnd::Kind::unknown;
                break;
            case StatementResult::Status::throttled:
            case StatementResult::Status::transaction_conflict:
            case StatementResult::Status::other:
                end.kind = WriteEnd::Kind::refused;
                break;
        }
        return end;
    }

    /// Takes out the old images that nobody but the journal asked for.
    void strip(dynamodb::Reply& reply, const std::vector<StatementResult>& results) {
        RawObject answer(reply.body);
        std::string responses = "[";
        std::size_t i = 0;
        for (const std::string& element : raw_elements(answer.find("Responses"))) {
            RawObject response(element);
            if (places_[i].is_amended && results[i].status == StatementResult::Status::success) {
                response.remove("Item");
            }
            responses += (i++ == 0 ? "" : ",") + response.to_json();
        }
        answer.set("Responses", responses + "]");
        reply.body = answer.to_json();
        json::pad(reply.body);
    }

    std::vector<Place> places_;  ///< by statement
};

class StatementTransaction final : public WriteRequest {
public:
    explicit StatementTransaction(const RequestSource& source) {
        body_ = source.call.body;
        const RawObject request(body_);
        const std::string_view list = request.find("TransactStatements");
        if (list.empty()) {
            refuse_write("the request has no TransactStatements");
        }
        StatementReader reader(source, arena_);
        for (const std::string& element : raw_elements(list)) {
            Statement found = reader.read(RawObject(element), false);
            if (found.write) {
                found.write->tells_old = false;
                writes_.push_back(std::move(*found.write));
            }
        }
    }

    std::vector<WriteEnd> read_answer(dynamodb::Reply&) override {
        return std::vector<WriteEnd>(writes_.size());
    }
};

}  // namespace

std::unique_ptr<WriteRequest> read_statement(const RequestSource& source) {
    return std::make_unique<SingleStatement>(source);
}

std::unique_ptr<WriteRequest> read_statement_batch(const RequestSource& source) {
    return std::make_unique<StatementBatch>(source);
}

std::unique_ptr<WriteRequest> read_statement_transaction(const RequestSource& source) {
    return std::make_unique<StatementTransaction>(source);
}

}  // namespace dynamigrate::layers
