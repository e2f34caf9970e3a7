#pragma once

#include <dynamigrate/migrate/code_step.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A callback for each item of a table that asks for actions on items of any table.
namespace dynamigrate::migrate {

/// When the actions of a callback are done.
enum class When {
    /// When the callback has succeeded for every item: until then they are kept on disk. Each is
    /// done exactly once, also an update such as `SET n = n + :one`.
    deferred,
    /// Before the item itself is written. An update that, done twice, is not the same as once is
    /// refused.
    immediate,
};

/// An update of an item by an update expression of DynamoDB.
struct UpdateAction {
    std::string table = {};  ///< "" : the table of the callback's item
    dynamodb::Item key = {};
    std::string expression = {};                                  ///< "SET #n = #n + :one"
    std::vector<std::pair<std::string, std::string>> names = {};  ///< "#n" -> attribute
    dynamodb::Item values = {};                                   ///< ":one" -> value
    bool creates = true;  ///< an absent item is created, as UpdateItem does; else left absent
};

/// A put of a whole item.
struct InsertAction {
    std::string table = {};
    dynamodb::Item item = {};
    backfill::IfExists if_exists = backfill::IfExists::replace;
};

/// A deletion; an absent item is no error.
struct DeleteAction {
    std::string table = {};
    dynamodb::Item key = {};
};

class DirectClient;

/// What a callback may ask for besides changing its item.
///
/// Every action is read, evaluated, guarded, journalled and can be taken back, like an item of the
/// table. Tables are named as the migration names them. Values need to live during the call only.
/// Errors: invalid_argument for an action that cannot be meant: a key that is not the table's, an
///         expression that does not parse or changes the key; not_found for the table.
/// Threads: one; valid while the callback runs.
class Actions {
public:
    Actions(When when, backfill::TransformOutput& out, base::Arena& page,
            const std::function<std::string(const std::string&)>& physical_name,
            DirectClient& direct);

    void update(const UpdateAction& action);
    void insert(const InsertAction& action);
    void remove(const DeleteAction& action);

    /// For making keys, items and values; they live until the callback returns.
    dynamodb::ItemBuilder build() { return dynamodb::ItemBuilder(arena_); }
    base::Arena& arena() noexcept { return arena_; }

    /// The database at once, past all actions: journalled, paced and in a dry run overlaid. When
    /// the callback is called again for an item (it changed meanwhile, the run was killed), so is
    /// what it does here: only what may be repeated belongs here, and all reads.
    Client& client();

private:
    std::string_view physical(const std::string& table);
    void take(const backfill::Action& action);

    const When when_;
    backfill::TransformOutput& out_;
    base::Arena& page_;
    base::Arena arena_{1024};
    const std::function<std::string(const std::string&)>& physical_name_;
    DirectClient& direct_;
};

using ItemCallback = std::function<void(ItemEditor&, Actions&)>;

/// How far a step with a callback is.
struct ForEachProgress {
    std::uint64_t callbacks = 0;        ///< items for which the callback was called
    std::uint64_t callback_errors = 0;  ///< for which it failed, or which could not be written
    std::uint64_t actions = 0;          ///< deferred so far
    std::uint64_t actions_done = 0;
    std::uint64_t action_errors = 0;  ///< items with a deferred action that failed
};

/// A step that calls a callback for each item.
struct ForEach {
    std::string table = {};
    OwnedExpression where = {};
    ItemCallback callback = {};
    std::string name = {};  ///< for plans: "for each item of app: count orders"
    When actions = When::deferred;
    /// How many callbacks run at once. One: items are read one after the other and actions are done
    /// in the order in which they were asked for. More: in that order for each item that they are
    /// for. Nothing or 0: as the run's settings say.
    std::optional<std::uint32_t> concurrency = {};
    /// Else everything is tried, and the step fails at the end with all that failed: no deferred
    /// action is done when a callback failed.
    bool fail_on_first_error = true;
    bool changes_key = false;              ///< the callback may change the item's key
    std::vector<std::string> tables = {};  ///< others that actions go to, for plans
    /// A few times a second, and at the end; from one thread at a time.
    std::function<void(const ForEachProgress&)> on_progress = {};
    /// For each failure, when it is met; from one thread at a time.
    std::function<void(const backfill::QuarantinedItem&)> on_error = {};
    BackfillOptions options = {};
};

StepPtr make_for_each(ForEach step);

}  // namespace dynamigrate::migrate
