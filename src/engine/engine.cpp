#include <dynamigrate/engine/engine.hpp>

#include "local_engine.hpp"
#include "operations.hpp"
#include "stored_catalog.hpp"
#include "stored_rows.hpp"

#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <array>

namespace dynamigrate::engine {

namespace {

struct Operation {
    std::string_view name;
    void (*answer)(Database&, Request&, json::Writer&);
    bool lists_capacity = false;
};

/// Sorted by name.
constexpr auto kOperations = std::to_array<Operation>({
    {"BatchExecuteStatement", batch_execute_statement, true},
    {"BatchGetItem", batch_get_item, true},
    {"BatchWriteItem", batch_write_item, true},
    {"CreateBackup", create_backup},
    {"CreateTable", create_table},
    {"DeleteBackup", delete_backup},
    {"DeleteItem", delete_item},
    {"DeleteTable", delete_table},
    {"DescribeBackup", describe_backup},
    {"DescribeContinuousBackups", describe_continuous_backups},
    {"DescribeEndpoints", describe_endpoints},
    {"DescribeLimits", describe_limits},
    {"DescribeTable", describe_table},
    {"DescribeTimeToLive", describe_time_to_live},
    {"ExecuteStatement", execute_statement},
    {"ExecuteTransaction", execute_transaction, true},
    {"GetItem", get_item},
    {"ListBackups", list_backups},
    {"ListTables", list_tables},
    {"ListTagsOfResource", list_tags_of_resource},
    {"PutItem", put_item},
    {"Query", query},
    {"RestoreTableFromBackup", restore_table_from_backup},
    {"Scan", scan},
    {"TagResource", tag_resource},
    {"TransactGetItems", transact_get_items, true},
    {"TransactWriteItems", transact_write_items, true},
    {"UntagResource", untag_resource},
    {"UpdateContinuousBackups", update_continuous_backups},
    {"UpdateItem", update_item},
    {"UpdateTable", update_table},
    {"UpdateTimeToLive", update_time_to_live},
});
static_assert(std::ranges::is_sorted(kOperations, {}, &Operation::name));

const Operation& operation_named(std::string_view name) {
    const Operation* found = std::ranges::lower_bound(kOperations, name, {}, &Operation::name);
    if (found == kOperations.end() || found->name != name) {
        refuse("UnknownOperationException",
               "The operation " + std::string(name) + " is not known to the embedded engine");
    }
    return *found;
}

void read_body(Request& request, std::string_view body) {
    json::dom::element root;
    if (request.parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
        root.get(request.body) != simdjson::SUCCESS) {
        refuse("SerializationException", "The request's body is not a JSON object");
    }
}

/// The service's own error for what an operation refused.
base::Error service_error(std::string_view operation, const base::Error& refusal) {
    std::string body;
    json::Writer out(body);
    const std::string& code = refusal.service_code();
    out.begin_object().key("__type").string("com.amazonaws.dynamodb.v20120810#" +
                                            (code.empty() ? "ValidationException" : code));
    out.key("message").string(refusal.message());
    out.end_object();
    return dynamodb::make_service_error(operation, 400, body);
}

/// A refusal in DynamoDB's words; anything else is a failure of this program or its disk.
bool is_refusal(const base::Error& error) {
    return !error.service_code().empty() || error.kind() == base::ErrorKind::invalid_argument;
}

}  // namespace

/// A request of the idle ones, or a new one, for the time of one call.
class LocalEngine::BorrowedRequest {
public:
    explicit BorrowedRequest(LocalEngine& engine) : engine_(engine) {
        std::lock_guard lock(engine_.requests_mutex_);
        if (engine_.idle_requests_.empty()) {
            request_ = std::make_unique<Request>();
        } else {
            request_ = std::move(engine_.idle_requests_.back());
            engine_.idle_requests_.pop_back();
        }
    }
    ~BorrowedRequest() {
        request_->arena.reset();
        request_->usage.clear();
        request_->stop = {};
        request_->outcome = dynamodb::Outcome::success;
        std::lock_guard lock(engine_.requests_mutex_);
        engine_.idle_requests_.push_back(std::move(request_));
    }
    BorrowedRequest(const BorrowedRequest&) = delete;
    BorrowedRequest& operator=(const BorrowedRequest&) = delete;
    Request& operator*() { return *request_; }

private:
    LocalEngine& engine_;
    std::unique_ptr<Request> request_;
};

LocalEngine::LocalEngine(EngineParts parts, const EngineOptions& options)
    : system_random_(std::make_unique<base::SystemRandom>()),
      clock_(options.clock != nullptr ? *options.clock : system_clock_),
      parts_(std::move(parts)),
      backups_(*parts_.store),
      transaction_tokens_(*parts_.store, clock_),
      transitions_(clock_, *parts_.catalog, *parts_.rows, options.transition),
      database_{clock_,
                options.random != nullptr ? *options.random : *system_random_,
                *parts_.catalog,
                *parts_.rows,
                *parts_.locks,
                transitions_,
                backups_,
                options.region,
                transaction_tokens_} {
    if (parts_.store->kind() == Store::Kind::durable) {
        backups_.resume(database_);
        transitions_.resume();
    }
    if (options.sweeps) {
        sweeper_.emplace(database_);
    }
}

LocalEngine::~LocalEngine() = default;

void LocalEngine::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    reply.clear();
    base::throw_if_stopped(call.stop);
    BorrowedRequest request(*this);
    try {
        answer(call, *request, reply);
    } catch (const base::Error& error) {
        reply.clear();
        if (!is_refusal(error)) {
            throw;
        }
        throw service_error(call.operation, error);
    }
    json::pad(reply.body);
}

void LocalEngine::answer(const dynamodb::Call& call, Request& request, dynamodb::Reply& reply) {
    const Operation& operation = operation_named(call.operation);
    request.operation = call.operation;
    request.stop = call.stop;
    read_body(request, call.body);
    request.usage.wish = capacity_wish(request.body);
    json::Writer out(reply.body);
    out.begin_object();
    operation.answer(database_, request, out);
    if (request.outcome == dynamodb::Outcome::success) {
        request.usage.write_member(out, operation.lists_capacity);
    }
    out.end_object();
    reply.outcome = request.outcome;
}

std::size_t LocalEngine::delete_expired() {
    BorrowedRequest request(*this);
    return engine::delete_expired(database_, *request);
}

namespace {

std::unique_ptr<Engine> on_store(std::string location, std::unique_ptr<Store> store,
                                 const EngineOptions& options) {
    EngineParts parts;
    parts.location = std::move(location);
    parts.store = std::move(store);
    parts.locks = std::make_unique<KeyLocks>();
    parts.catalog = std::make_unique<StoredCatalog>(*parts.store);
    parts.rows = std::make_unique<StoredRows>(*parts.store, *parts.locks);
    return std::make_unique<LocalEngine>(std::move(parts), options);
}

}  // namespace

std::unique_ptr<Engine> Engine::open(const std::filesystem::path& directory,
                                     const EngineOptions& options) {
    return on_store("embedded:" + directory.string(),
                    std::make_unique<Store>(Store::Kind::durable, directory), options);
}

std::unique_ptr<Engine> Engine::in_memory(const EngineOptions& options) {
    return on_store("memory", std::make_unique<Store>(Store::Kind::memory, ""), options);
}

}  // namespace dynamigrate::engine
